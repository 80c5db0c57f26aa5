/** Puts the example fleet into running stand-ins: artifacts, files, and Flux in the clusters of its environments. */
import { ControlClient } from '../framework/control-client.js';
import { FLEET_PROJECT, microserviceFiles, overlayOf } from '../gitlab/fleet-files.js';
import { cacheChart } from '../harbor/fleet-artifacts.js';
import type { SeedObject } from '../kubernetes/example-objects.js';
import { fleetService, fleetSources } from '../kubernetes/flux/fleet-objects.js';
import { apiVersionOf, resourceOf } from '../kubernetes/resources.js';
import type { World } from '../world.js';
import {
  CACHE_CHART,
  FLEET_ENVIRONMENTS,
  type FleetEnvironment,
  fleetCluster,
} from './flux-promotion-files.js';

export interface FleetStack {
  readonly world: World;
  /** addresses of the stand-ins by name, as the sandbox wrote them */
  readonly addresses: Readonly<Record<string, string>>;
}

/** A build that does not exist in the clusters yet. */
export interface Build {
  /** what comes after the prefix of a tag */
  readonly name: string;
  readonly digest: string;
}

/** Version of the chart that every environment begins with. */
export const FIRST_CHART = '1.0.0';
const FIRST_BUILD = '0000001';

/** The fleet seen from outside: what developers, builds and operators do. */
export class FluxFleet {
  readonly #world: World;
  readonly #addresses: FleetStack['addresses'];
  readonly gitlab: ControlClient;
  readonly harbor: ControlClient;
  readonly kubernetes: ControlClient;

  constructor({ world, addresses }: FleetStack) {
    this.#world = world;
    this.#addresses = addresses;
    this.gitlab = new ControlClient(this.#at('gitlab'));
    this.harbor = new ControlClient(this.#at('harbor'));
    this.kubernetes = new ControlClient(this.#at('kubernetes'));
  }

  /** `host/fleet/<service>` @param harbor address of the stand-in */
  static imageOf(harbor: string, service: string): string {
    return `${new URL(harbor).host}/fleet/${service}`;
  }

  /** Address of the folder of charts. @param harbor address of the stand-in */
  static chartsAt(harbor: string): string {
    return `oci://${new URL(harbor).host}/charts`;
  }

  imageOf(service: string): string {
    return FluxFleet.imageOf(this.#at('harbor'), service);
  }

  clusterOf(environment: FleetEnvironment): string {
    return fleetCluster(this.#world, environment);
  }

  /** Lets Flux run, with the sources in each cluster. */
  async start(): Promise<void> {
    await this.kubernetes.settings({ flux: { running: true, down: [], retryMs: 250, crashing: [] } });
    await this.publishChart(FIRST_CHART);
    for (const environment of FLEET_ENVIRONMENTS) {
      const repository = `${this.#at('gitlab')}/${FLEET_PROJECT}.git`;
      const charts = FluxFleet.chartsAt(this.#at('harbor'));
      await this.create(fleetSources(this.clusterOf(environment), { repository, charts }));
    }
  }

  /** A service that every environment runs in its first build. @returns that build */
  async addService(
    service: string,
    options: { readonly chart: 'none' | 'HelmRepository' | 'OCIRepository' },
  ): Promise<Build> {
    const tags = Object.fromEntries(FLEET_ENVIRONMENTS.map((name) => [name, `${name}-${FIRST_BUILD}`]));
    const versions = Object.fromEntries(FLEET_ENVIRONMENTS.map((name) => [name, FIRST_CHART]));
    const build = await this.build(service, FIRST_BUILD, Object.values(tags));
    const ociUrl =
      options.chart === 'OCIRepository'
        ? { ociUrl: `${FluxFleet.chartsAt(this.#at('harbor'))}/${CACHE_CHART}` }
        : {};
    const files = microserviceFiles({
      service,
      image: this.imageOf(service),
      tags,
      ...(options.chart === 'none' ? {} : { chart: { name: CACHE_CHART, versions, ...ociUrl } }),
    });
    for (const [path, content] of Object.entries(files)) await this.commit(path, content);
    for (const environment of FLEET_ENVIRONMENTS) {
      const cluster = this.clusterOf(environment);
      await this.reconcile(cluster, 'gitrepositories', 'flux-system', 'fleet');
      await this.create(fleetService(cluster, { environment, service }));
    }
    return build;
  }

  /** A build pushes an image, by default under the tag of the first environment. */
  async build(service: string, name: string, tags: readonly string[] = [`dev-${name}`]): Promise<Build> {
    const answer: unknown = JSON.parse(
      await this.harbor.post('/build', { repository: `fleet/${service}`, tags, text: `${service} ${name}` }),
    );
    const digest = typeof answer === 'object' && answer !== null && 'digest' in answer ? answer.digest : '';
    return { name, digest: String(digest) };
  }

  /** Digest that a tag of a service's image stands on; null where there is no such tag. */
  async digestOf(service: string, tag: string): Promise<string | null> {
    const [, reader = { name: '', password: '' }] = this.#world.harbor.users;
    const login = Buffer.from(`${reader.name}:${reader.password}`).toString('base64');
    const answer = await fetch(
      `${this.#at('harbor')}/api/v2.0/projects/fleet/repositories/${service}/artifacts/${tag}`,
      { headers: { authorization: `Basic ${login}` } },
    );
    const shown: unknown = await answer.json();
    return answer.ok && typeof shown === 'object' && shown !== null && 'digest' in shown
      ? String(shown.digest)
      : null;
  }

  /** The release of a chart, with the image that it brings. */
  async publishChart(version: string): Promise<void> {
    const image = this.imageOf(CACHE_CHART);
    await this.build(CACHE_CHART, version, [version]);
    await this.harbor.post('/chart', { name: CACHE_CHART, version, ...cacheChart(image) });
  }

  /** A developer brings a build, or a version of the chart, into the first environment. */
  async develop(service: string, change: { readonly build?: Build; readonly chart?: string }): Promise<void> {
    const overlay = overlayOf('dev', service);
    if (change.build !== undefined) {
      await this.edit(`${overlay}/kustomization.yaml`, /newTag: \S+/, `newTag: dev-${change.build.name}`);
    }
    if (change.chart !== undefined) {
      await this.edit(`${overlay}/release.yaml`, /(version|tag): \S+/, `$1: ${change.chart}`);
    }
  }

  /** Somebody changes one thing in a file. */
  async edit(path: string, from: RegExp, to: string, who = 'ada'): Promise<void> {
    await this.commit(path, (await this.file(path)).replace(from, to), who);
  }

  async commit(path: string, content: string | null, who = 'ada'): Promise<void> {
    await this.gitlab.post('/commit', { project: FLEET_PROJECT, path, content, author: who, as: who });
  }

  async file(path: string, ref = 'main'): Promise<string> {
    const [project, file] = [FLEET_PROJECT, path].map(encodeURIComponent);
    const answer = await fetch(
      `${this.#at('gitlab')}/api/v4/projects/${project}/repository/files/${file}/raw?ref=${ref}`,
      { headers: { 'private-token': this.#world.gitlab.token } },
    );
    return answer.text();
  }

  async create(objects: readonly SeedObject[]): Promise<void> {
    for (const { cluster, plural, object } of objects) {
      const metadata = typeof object.metadata === 'object' ? object.metadata : {};
      const resource = resourceOf(plural);
      const namespace = metadata !== null && 'namespace' in metadata ? String(metadata.namespace) : undefined;
      const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
      const answer = await this.kube(cluster, 'POST', this.#path(plural, namespace), body);
      if (answer.status !== 201 && answer.status !== 409) {
        throw new Error(`${resource.kind} in ${cluster}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
    }
  }

  async object(cluster: string, plural: string, namespace: string, name: string): Promise<unknown> {
    return (await this.kube(cluster, 'GET', `${this.#path(plural, namespace)}/${name}`)).body;
  }

  /** Changes an object as an operator with every right does. */
  async change(cluster: string, plural: string, at: readonly [string, string], body: object): Promise<void> {
    await this.kube(cluster, 'PATCH', `${this.#path(plural, at[0])}/${at[1]}`, body);
  }

  async reconcile(cluster: string, plural: string, namespace: string, name: string): Promise<void> {
    const annotations = { 'reconcile.fluxcd.io/requestedAt': new Date().toISOString() };
    await this.change(cluster, plural, [namespace, name], { metadata: { annotations } });
  }

  /** A call of a cluster's API with every right. */
  async kube(
    cluster: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await fetch(`${this.#at('kubernetes')}/clusters/${cluster}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#at('kubernetesAdminToken')}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const shown: unknown = await answer.json();
    return { status: answer.status, body: shown };
  }

  #path(plural: string, namespace: string | undefined): string {
    const { group, version } = resourceOf(plural);
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
  }

  #at(name: string): string {
    const address = this.#addresses[name];
    if (address === undefined) throw new Error(`no stand-in called ${name} is running`);
    return address;
  }
}
