import type { Workload, WorkloadKind } from '../systems/kubernetes/workload.js';
import type { WorkloadRef, Workloads } from '../systems/kubernetes/workloads.js';
import { SharedReading, type SharingTimes } from './shared-reading.js';

/** What a watch asks of workloads. */
export type WorkloadReader = Pick<Workloads, 'read' | 'podsOf'>;

/** Workloads of one cluster, each kind of a namespace read once for all who wait. */
export class SharedWorkloads implements WorkloadReader {
  readonly #workloads: Pick<Workloads, 'read' | 'podsOf' | 'all'>;
  readonly #times: SharingTimes | undefined;
  readonly #shared = new Map<string, SharedReading<Workload>>();

  constructor(workloads: Pick<Workloads, 'read' | 'podsOf' | 'all'>, times?: SharingTimes) {
    this.#workloads = workloads;
    this.#times = times;
  }

  async read({ kind, namespace, name }: WorkloadRef, signal?: AbortSignal): Promise<Workload | null> {
    return (await this.#readingOf(kind, namespace).reading(name, signal)).object;
  }

  async podsOf(...args: Parameters<WorkloadReader['podsOf']>): ReturnType<WorkloadReader['podsOf']> {
    return await this.#workloads.podsOf(...args);
  }

  #readingOf(kind: WorkloadKind, namespace: string): SharedReading<Workload> {
    const key = `${kind} ${namespace}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const made = new SharedReading<Workload>(
      {
        one: async (name) => ({
          object: await this.#workloads.read({ kind, namespace, name }),
          serverTime: undefined,
        }),
        all: async () => ({
          objects: await this.#workloads.all(kind, namespace),
          serverTime: undefined,
        }),
      },
      this.#times,
    );
    this.#shared.set(key, made);
    return made;
  }
}
