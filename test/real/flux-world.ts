import type { TestContext } from 'vitest';
import { isLoose, type Loose } from '../../sandbox/kubernetes/objects.js';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { realComponent } from '../support/real-component.js';
import { type Files, GitProject } from './git-project.js';
import { Pipeline, type Waited } from './pipeline.js';
import { realCluster } from './real-cluster.js';

/** Nothing happens by itself within a test. */
const INTERVAL = '1h';

/** Real controllers of Flux, the repository that they read, and a pipeline that waits for them. */
export class FluxWorld {
  readonly client: KubeClient;
  readonly git: GitProject;
  readonly pipeline: Pipeline;
  readonly #namespaces: Loose[] = [];

  private constructor(client: KubeClient, git: GitProject, pipeline: Pipeline) {
    this.client = client;
    this.git = git;
    this.pipeline = pipeline;
  }

  /** Where there is no Flux the test counts as not run. */
  static async open(context: Pick<TestContext, 'skip'>): Promise<FluxWorld> {
    realComponent(context, 'flux', 'REAL_FLUX');
    const client = await realCluster(context);
    return new FluxWorld(client, await GitProject.start(), await Pipeline.make(client));
  }

  /** Makes a namespace with the repository as a source in it, called `fleet`. */
  async namespace(name: string): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await this.client.apply(namespace);
    this.#namespaces.push(namespace);
    await this.pipeline.allowIn(name);
    await this.client.apply(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'fleet', namespace: name },
        stringData: this.git.login,
      },
      {
        ...source(name),
        spec: {
          interval: INTERVAL,
          url: this.git.url,
          ref: { branch: 'main' },
          secretRef: { name: 'fleet' },
        },
      },
    );
  }

  /**
   * Makes a Kustomization called `shop` of the folder of the namespace's name.
   * @param spec changes to its spec
   */
  async create(namespace: string, spec: Loose = {}, name = 'shop'): Promise<void> {
    await this.client.apply({
      ...kustomization(namespace, name),
      spec: {
        interval: INTERVAL,
        retryInterval: INTERVAL,
        prune: true,
        wait: true,
        path: `./${namespace}`,
        targetNamespace: namespace,
        sourceRef: { kind: 'GitRepository', name: 'fleet' },
        ...spec,
      },
    });
  }

  /** Makes an artifact of a registry the source of a Kustomization called `shop`. */
  async artifact(namespace: string, url: string, tag: string): Promise<void> {
    const kind = 'OCIRepository';
    await this.client.apply({
      ...source(namespace),
      kind,
      spec: { interval: INTERVAL, url, insecure: true, ref: { tag } },
    });
    await this.create(namespace, { path: './', sourceRef: { kind, name: 'fleet' } });
  }

  /** Namespace, source and Kustomization of some files, proven to run. @returns the commit that runs */
  async deploy(namespace: string, files: Files, spec: Loose = {}): Promise<string> {
    const commit = await this.push(namespace, files);
    await this.namespace(namespace);
    await this.create(namespace, spec);
    const waited = await this.waitRefreshing(namespace, commit);
    if (waited.code !== 0) throw new Error(`${namespace} does not run at the start: ${waited.said}`);
    return commit;
  }

  /** Somebody commits files into the folder of a namespace. @returns the commit */
  push(namespace: string, files: Files): Promise<string> {
    return this.git.commit(
      Object.fromEntries(Object.entries(files).map(([file, text]) => [`${namespace}/${file}`, text])),
    );
  }

  wait(namespace: string, revision: string, ...args: readonly string[]): Promise<Waited> {
    return this.pipeline.wait(...TARGET, '--namespace', namespace, '--revision', revision, ...args);
  }

  waitRefreshing(namespace: string, revision: string, ...args: readonly string[]): Promise<Waited> {
    return this.pipeline.waitRefreshing(...TARGET, '--namespace', namespace, '--revision', revision, ...args);
  }

  async kustomization(namespace: string): Promise<Loose> {
    return (await this.client.read(kustomization(namespace))) ?? {};
  }

  /** @param wanted as `readyOf` says it */
  async untilReady(namespace: string, wanted: string): Promise<void> {
    await this.client.until(kustomization(namespace), (object) => readyOf(object ?? {}) === wanted);
  }

  /** Asks the source, as a webhook would. */
  async refreshSource(namespace: string, token: string): Promise<void> {
    await this.client.merge(source(namespace), requested(token));
  }

  async merge(namespace: string, spec: Loose): Promise<void> {
    await this.client.merge(kustomization(namespace), { spec });
  }

  async close(): Promise<void> {
    for (const namespace of this.#namespaces.reverse()) await this.client.remove(namespace);
    await this.pipeline.remove();
    this.client.close();
    await this.git.close();
  }
}

const TARGET = ['--flux', 'kustomization/shop'];
const requested = (token: string) => ({
  metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } },
});

function kustomization(namespace: string, name = 'shop') {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
  };
}

function source(namespace: string) {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'fleet', namespace },
  };
}

/** The condition `Ready` of an object, as `status reason`. */
export function readyOf(object: Loose): string {
  const conditions = isLoose(object.status) ? object.status.conditions : undefined;
  const ready: unknown = Array.isArray(conditions)
    ? conditions.find((one: unknown) => isLoose(one) && one.type === 'Ready')
    : undefined;
  return isLoose(ready) ? `${String(ready.status)} ${String(ready.reason)}` : 'none';
}
