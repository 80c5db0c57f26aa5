import Type from 'typebox';
import { Value } from 'typebox/value';
import { KubernetesClient, type RunningPod } from './client.js';
import type { KubernetesConnection } from './connection.js';
import { deploymentOf, withTemplateOf } from './rollout-template.js';
import { WORKLOAD_APIS, type Workload, type WorkloadKind, workloadFrom } from './workload.js';

/** A workload by its natural key. */
export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** Workloads and their pods, read only. */
export class Workloads {
  readonly #kubernetes: KubernetesClient;

  /** @param connection the cluster in which they run */
  constructor(connection: KubernetesConnection) {
    this.#kubernetes = new KubernetesClient({ system: 'kubernetes', connection });
  }

  /** @returns null when it does not exist @throws SystemError */
  async read({ kind, namespace, name }: WorkloadRef, signal?: AbortSignal): Promise<Workload | null> {
    const api = WORKLOAD_APIS[kind];
    const object = await this.#kubernetes.get({ ...api, namespace, name }, signal);
    const subject = {
      system: 'kubernetes',
      operation: `get ${api.plural}`,
      object: `${namespace}/${name}`,
    } as const;
    if (object === null) return null;
    const referred = kind === 'Rollout' ? deploymentOf(object) : undefined;
    if (referred === undefined) return workloadFrom(object, subject);
    const deployment = await this.#kubernetes.get(
      { ...WORKLOAD_APIS.Deployment, namespace, name: referred },
      signal,
    );
    return workloadFrom(withTemplateOf(object, deployment), subject);
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
    const { plural } = WORKLOAD_APIS[kind];
    const subject = { system: 'kubernetes', operation: `list ${plural}`, object: namespace } as const;
    const objects = await this.#objects(kind, namespace, signal);
    const whole = kind === 'Rollout' ? await this.#withTemplates(objects, namespace, signal) : objects;
    const taken = whole.map((object) => workloadFrom(object, subject));
    return new Map(taken.map((workload) => [workload.metadata.name, workload]));
  }

  async #objects(
    kind: WorkloadKind,
    namespace: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly unknown[]> {
    return (await this.#kubernetes.list({ ...WORKLOAD_APIS[kind], namespace }, '', signal)).objects;
  }

  async #withTemplates(
    rollouts: readonly unknown[],
    namespace: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly unknown[]> {
    if (rollouts.every((one) => deploymentOf(one) === undefined)) return rollouts;
    const deployments = await this.#objects('Deployment', namespace, signal);
    return rollouts.map((rollout) => {
      const name = deploymentOf(rollout);
      return name === undefined ? rollout : withTemplateOf(rollout, named(deployments, name) ?? null);
    });
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

const Named = Type.Object({ metadata: Type.Object({ name: Type.String() }) });

function named(objects: readonly unknown[], name: string): unknown {
  return objects.find((one) => Value.Check(Named, one) && one.metadata.name === name);
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
