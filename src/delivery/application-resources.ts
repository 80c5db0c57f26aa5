/** What Argo CD manages for an Application, as its list of resources says. Pure. */
import type { Application } from '../systems/argocd/application.js';
import { workloadKindOf } from '../systems/kubernetes/workload.js';
import type { WorkloadRef } from '../systems/kubernetes/workloads.js';

/** Kinds that run pods and end, or start them at times: what is left of them says nothing of now. */
const PASSING: ReadonlySet<string> = new Set(['batch/Job', 'batch/CronJob']);

export interface ManagedWorkloads {
  readonly workloads: readonly WorkloadRef[];
  /** Jobs and CronJobs are among them */
  readonly hasPassing: boolean;
}

/** The workloads that an Application manages itself; what hooks made is not among them. */
export function workloadsOfApplication({ spec, status }: Application): ManagedWorkloads {
  const resources = (status?.resources ?? []).filter(({ hook }) => hook !== true);
  const fallback = spec.destination?.namespace ?? 'default';
  const workloads = resources.flatMap(({ group, kind, namespace, name }) => {
    const known = workloadKindOf(group, kind);
    return known === undefined || name === undefined
      ? []
      : [{ kind: known, namespace: namespace || fallback, name }];
  });
  return {
    workloads,
    hasPassing: resources.some(({ group = '', kind = '' }) => PASSING.has(`${group}/${kind}`)),
  };
}
