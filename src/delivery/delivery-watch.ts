/** Waits for one delivery of a place, as its path describes it: Argo CD, or Flux with the HelmReleases that it brings. */
import type { ReadBack } from '../domain/ledger.js';
import type { Delivery, HelmReleaseRef } from '../domain/promotion/path.js';
import type { ImageByDigest } from '../systems/kubernetes/workload-state.js';
import { ApplicationWatch } from './application-watch.js';
import { HelmReleaseWatch, KustomizationWatch } from './flux-watch.js';
import type { History } from './history.js';
import type { Look, Seen, Watch } from './look.js';
import type { WatchedClusters } from './shared-clusters.js';
import type { FluxReader } from './shared-flux.js';
import { WorkloadCheck } from './workload-check.js';

type FluxDelivery = Extract<Delivery, { kind: 'flux' }>;

interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** What must run after a delivery. */
export interface WantedDelivery {
  /** the landed commit, 40 or 64 hexadecimal digits */
  readonly commit: string;
  readonly history: History;
  /** address of the repository of the commit, to tell which source of an Application it is */
  readonly repository: string;
  /** what the delivery's workloads must run, as far as they have an image of that name */
  readonly images: readonly ImageByDigest[];
  /** at least one of the images must be found in the workloads that are named */
  readonly someImage?: boolean;
  /** every named workload must have one of the images, so that none is looked at in vain */
  readonly everyWorkload: boolean;
  /** versions of charts by name; one that is not in it must have the version that its HelmRelease asks for by now */
  readonly charts: ReadonlyMap<string, string>;
}

export interface WatchTimes {
  /** how long it must stay healthy, in milliseconds */
  readonly stabilisationMs: number;
  /** ask controllers to look at once, which writes an annotation; unset: yes */
  readonly refresh?: boolean;
  /** how long what was delivered may be Degraded, in milliseconds; unset: as long as its workloads may take */
  readonly degradedMs?: number;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/** One watch for one delivery: it proves everything or names the first thing that is missing. */
export function watchDelivery(
  delivery: Delivery,
  wanted: WantedDelivery,
  clusters: WatchedClusters,
  times: WatchTimes,
): Watch {
  return delivery.kind === 'argocd'
    ? argoCdWatch(delivery, wanted, clusters, times)
    : new FluxDeliveryWatch(delivery, wanted, clusters, times);
}

function argoCdWatch(
  delivery: Extract<Delivery, { kind: 'argocd' }>,
  wanted: WantedDelivery,
  clusters: WatchedClusters,
  times: WatchTimes,
): Watch {
  const { connection, namespace, application, cluster, workloads } = delivery;
  const target = { kind: 'application', name: application, namespace } as const;
  return new ApplicationWatch({
    applications: clusters.applicationsOf({ connection, namespace }),
    applicationsIn: (other) => clusters.applicationsOf({ connection, namespace: other }),
    target,
    wanted: { target, revision: wanted.commit, images: wanted.images, workloads },
    history: wanted.history,
    repository: wanted.repository,
    workloads: new NamedWorkloads(clusters, cluster, wanted),
    imagesMayBeAbsent: true,
    refresh: true,
    manualSync: false,
    ...times,
  });
}

/** The workloads that a path names, with the images of the release that each of them has. */
class NamedWorkloads extends WorkloadCheck {
  readonly #everyWorkload: boolean;

  constructor(
    clusters: WatchedClusters,
    cluster: string,
    { images, someImage = false, everyWorkload }: WantedDelivery,
  ) {
    super(clusters.workloadsOf(cluster), images, someImage ? 'some' : true);
    this.#everyWorkload = everyWorkload;
  }

  override look(
    refs: Parameters<WorkloadCheck['look']>[0],
    everywhere: boolean,
    signal: AbortSignal,
  ): Promise<Look> {
    return super.look(refs, everywhere && this.#everyWorkload, signal);
  }
}

/** For a Kustomization whose workloads are looked at later, when its HelmReleases are there. */
class Later extends WorkloadCheck {
  override look(): Promise<Look> {
    return Promise.resolve({ state: 'proven', evidence: {} });
  }
}

/**
 * First the Kustomization, which brings the HelmReleases; then these, each with its chart; then the workloads, which may come
 * from either. Looked at too early a workload would show what ran before.
 */
class FluxDeliveryWatch implements Watch {
  readonly #delivery: FluxDelivery;
  readonly #wanted: WantedDelivery;
  readonly #flux: FluxReader;
  readonly #workloads: WorkloadCheck;
  readonly #kustomization: KustomizationWatch;
  readonly #times: WatchTimes;
  readonly #releases = new Map<string, HelmReleaseWatch>();

  constructor(delivery: FluxDelivery, wanted: WantedDelivery, clusters: WatchedClusters, times: WatchTimes) {
    this.#delivery = delivery;
    this.#wanted = wanted;
    this.#times = times;
    this.#flux = clusters.fluxOf(delivery.connection);
    this.#workloads = new NamedWorkloads(clusters, delivery.cluster, wanted);
    const { namespace, kustomization, workloads, helmReleases } = delivery;
    const target = { kind: 'kustomization', namespace, name: kustomization } as const;
    const named = workloads.length > 0;
    this.#kustomization = new KustomizationWatch({
      flux: this.#flux,
      target,
      wanted: { target, revision: wanted.commit, images: wanted.images, workloads },
      history: wanted.history,
      workloads: named ? new Later(clusters.workloadsOf(delivery.cluster), [], true) : this.#workloads,
      imagesMayBeAbsent: true,
      provenElsewhere: new Set(
        helmReleases.map(
          (release) => `${release.namespace ?? namespace}_${release.name}_helm.toolkit.fluxcd.io_HelmRelease`,
        ),
      ),
      refresh: true,
      ...times,
    });
  }

  async look(signal: AbortSignal): Promise<readonly Seen[]> {
    const { namespace, kustomization } = this.#delivery;
    const target = `kustomization ${namespace}/${kustomization}`;
    let evidence: ReadBack = {};
    for await (const seen of this.#looks(signal)) {
      if (seen.look.state !== 'proven') return [seen];
      evidence = { ...seen.look.evidence, ...evidence };
    }
    return [{ target, look: { state: 'proven', evidence } }];
  }

  async *#looks(signal: AbortSignal): AsyncGenerator<Seen> {
    const { helmReleases, workloads, cluster } = this.#delivery;
    yield* await this.#kustomization.look(signal);
    for (const release of helmReleases) yield await this.#lookAtRelease(release, signal);
    if (workloads.length === 0) return;
    yield {
      target: `workloads on ${cluster}`,
      look: await this.#workloads.look(workloads, true, signal),
    };
  }

  async #lookAtRelease(release: HelmReleaseRef, signal: AbortSignal): Promise<Seen> {
    const { name, chart, namespace = this.#delivery.namespace } = release;
    const target = `helmrelease ${namespace}/${name}`;
    const version = this.#wanted.charts.get(chart) ?? (await this.#askedVersion({ namespace, name }, signal));
    if (version === undefined) {
      return {
        target,
        look: {
          state: 'waiting',
          clause: 'version-unknown',
          message: 'it asks for a range of versions and has deployed none',
        },
      };
    }
    const [seen] = await this.#releaseWatch({ namespace, name }, version).look(signal);
    if (seen?.look.state !== 'proven') return seen ?? { target, look: NOTHING_SEEN };
    const evidence = { [`helmrelease/${name}`]: `deployed with chart ${chart} ${version}` };
    return { target, look: { state: 'proven', evidence } };
  }

  /** What Git has made of the object by now: its exact version, or for a range the one that it has deployed. */
  async #askedVersion(ref: ObjectRef, signal: AbortSignal): Promise<string | undefined> {
    const { object } = await this.#flux.helmRelease(ref, signal);
    const asked = object?.spec.chart?.spec.version;
    return asked !== undefined && EXACT_VERSION.test(asked)
      ? asked
      : object?.status?.history?.[0]?.chartVersion;
  }

  #releaseWatch({ namespace, name }: ObjectRef, chartVersion: string): HelmReleaseWatch {
    const key = `${namespace}/${name} ${chartVersion}`;
    const known = this.#releases.get(key);
    if (known !== undefined) return known;
    const target = { kind: 'helmrelease', namespace, name } as const;
    const made = new HelmReleaseWatch({
      flux: this.#flux,
      target,
      // workloads that are named are looked at together, after all releases
      wanted: {
        target,
        chartVersion,
        images: this.#delivery.workloads.length > 0 ? [] : this.#wanted.images,
        workloads: [],
      },
      history: this.#wanted.history,
      workloads: this.#workloads,
      refresh: true,
      ...this.#times,
    });
    this.#releases.set(key, made);
    return made;
  }
}

const EXACT_VERSION = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;
const NOTHING_SEEN: Look = { state: 'waiting', clause: 'unseen', message: 'nothing was seen of it' };
