import { KubernetesClient, type RunningPod } from './client.js';
import type { KubernetesConnection } from './connection.js';
import { type Workload, type WorkloadKind, workloadFrom } from './workload-state.js';

/** A workload by its natural key. */
export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

const PLURALS: Readonly<Record<WorkloadKind, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
};

/** Workloads (apps/v1) and their pods, read only. */
export class Workloads {
  readonly #kubernetes: KubernetesClient;

  /** @param connection the cluster in which they run */
  constructor(connection: KubernetesConnection) {
    this.#kubernetes = new KubernetesClient({ system: 'kubernetes', connection });
  }

  /** @returns null when it does not exist @throws SystemError */
  async read({ kind, namespace, name }: WorkloadRef, signal?: AbortSignal): Promise<Workload | null> {
    const plural = PLURALS[kind];
    const object = await this.#kubernetes.get(
      { group: 'apps', version: 'v1', plural, namespace, name },
      signal,
    );
    const subject = {
      system: 'kubernetes',
      operation: `get ${plural}`,
      object: `${namespace}/${name}`,
    } as const;
    return object === null ? null : workloadFrom(object, subject);
  }

  /**
   * All workloads of a kind in a namespace, by name.
   * @throws SystemError kind `malformed` when one of them is not of its shape
   */
  async all(
    kind: WorkloadKind,
    namespace: string,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Workload>> {
    const plural = PLURALS[kind];
    const { objects } = await this.#kubernetes.list(
      { group: 'apps', version: 'v1', plural, namespace },
      '',
      signal,
    );
    const subject = { system: 'kubernetes', operation: `list ${plural}`, object: namespace } as const;
    const taken = objects.map((object) => workloadFrom(object, subject));
    return new Map(taken.map((workload) => [workload.metadata.name, workload]));
  }

  /**
   * Pods that the selector of a workload matches, also those that others made; none for a selector that selects nothing.
   * @throws SystemError
   */
  async podsOf(workload: Workload, namespace: string, signal?: AbortSignal): Promise<readonly RunningPod[]> {
    const selector = labelSelectorOf(workload);
    return selector === '' ? [] : this.#kubernetes.pods(namespace, selector, signal);
  }
}

function labelSelectorOf({ spec }: Workload): string {
  const { matchLabels = {}, matchExpressions } = spec.selector ?? {};
  const labels = Object.entries(matchLabels).map(([name, value]) => `${name}=${value}`);
  const expressions = (matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${(values ?? []).join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}
