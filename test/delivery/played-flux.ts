/** Flux and the workloads of one cluster in memory: a test writes what their controllers would write. */
import type { WatchedClusters } from '../../src/delivery/shared-clusters.js';
import type { FluxReader } from '../../src/delivery/shared-flux.js';
import type { WorkloadReader } from '../../src/delivery/shared-workloads.js';
import {
  type FluxSource,
  type HelmRelease,
  type Kustomization,
  RECONCILE_ANNOTATION,
} from '../../src/systems/flux/objects.js';
import type { RunningPod } from '../../src/systems/kubernetes/client.js';
import type { Workload } from '../../src/systems/kubernetes/workload.js';

export const NAMESPACE = 'flux-system';
const LONG_AGO = '2026-11-25T08:00:00Z';
const READY = [{ type: 'Ready', status: 'True', reason: 'Succeeded', lastTransitionTime: LONG_AGO }];

/** Taken up as soon as it is asked for. */
function reconciled<T extends Kustomization | HelmRelease | FluxSource>(object: T, token: string): T {
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { [RECONCILE_ANNOTATION]: token } },
    status: { ...object.status, lastHandledReconcileAt: token },
  };
}

export class PlayedFlux implements WatchedClusters {
  /** what was read of workloads and releases, in order */
  readonly asked: string[] = [];
  readonly pods: RunningPod[] = [];
  readonly #workloads = new Map<string, Workload>();
  #source: FluxSource | null = null;
  #kustomization: Kustomization | null = null;
  #release: HelmRelease | null = null;

  /** The source has fetched a commit. */
  fetched(commit: string): void {
    this.#source = {
      metadata: { name: 'shop', namespace: NAMESPACE, generation: 1 },
      spec: { url: 'https://gitlab.example.com/fleet/services.git' },
      status: {
        observedGeneration: 1,
        conditions: READY,
        artifact: { revision: `main@sha1:${commit}`, lastUpdateTime: LONG_AGO },
      },
    };
  }

  /** The Kustomization has applied a commit, with these in its inventory. */
  applied(commit: string, inventory: readonly string[] = [], wait = false): void {
    this.#kustomization = {
      metadata: { name: 'shop', namespace: NAMESPACE, generation: 1 },
      spec: { wait, sourceRef: { kind: 'GitRepository', name: 'shop' } },
      status: {
        observedGeneration: 1,
        conditions: READY,
        lastAttemptedRevision: `main@sha1:${commit}`,
        lastAppliedRevision: `main@sha1:${commit}`,
        inventory: { entries: inventory.map((id) => ({ id, v: 'v1' })) },
      },
    };
  }

  /** The HelmRelease asks for one version of its chart and has deployed another, or the same. */
  released(asked: string, deployed = asked): void {
    this.#release = {
      metadata: { name: 'cache', namespace: NAMESPACE, generation: 2 },
      spec: { chart: { spec: { chart: 'shop-cache', version: asked } } },
      status: {
        observedGeneration: 2,
        lastAttemptedGeneration: 2,
        lastAttemptedRevision: deployed,
        lastAttemptedConfigDigest: 'sha256:values',
        conditions: READY,
        history: [
          {
            chartVersion: deployed,
            status: 'deployed',
            configDigest: 'sha256:values',
            lastDeployed: LONG_AGO,
            version: 3,
          },
        ],
      },
    };
  }

  /** A Deployment that has rolled out with an image. */
  rolledOut(name: string, image: string): void {
    this.#workloads.set(name, {
      metadata: { name, namespace: 'shop', generation: 1 },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: { spec: { containers: [{ name: 'main', image }] } },
      },
      status: {
        observedGeneration: 1,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: 1,
        availableReplicas: 1,
      },
    });
  }

  applicationsOf(): never {
    throw new Error('there is no Argo CD here');
  }

  fluxOf(): FluxReader {
    const serverTime = new Date().toISOString();
    return {
      kustomization: async () => ({ object: this.#kustomization, serverTime }),
      helmRelease: async ({ name }) => {
        this.asked.push(`HelmRelease ${name}`);
        return { object: this.#release, serverTime };
      },
      source: async () => ({ object: this.#source, serverTime }),
      requestReconcile: async ({ kind }, token) => {
        if (kind === 'GitRepository' && this.#source !== null) this.#source = reconciled(this.#source, token);
        if (kind === 'Kustomization' && this.#kustomization !== null) {
          this.#kustomization = reconciled(this.#kustomization, token);
        }
        if (kind === 'HelmRelease' && this.#release !== null)
          this.#release = reconciled(this.#release, token);
      },
    };
  }

  workloadsOf(): WorkloadReader {
    return {
      read: async ({ name }) => {
        this.asked.push(`Deployment ${name}`);
        return this.#workloads.get(name) ?? null;
      },
      podsOf: async () => this.pods,
    };
  }
}
