/** Kill points: every external call of one cluster's onboarding, taken from the stand-ins' event log, never from a list by hand. */
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import type { Fault } from '../../sandbox/framework/faults.js';

/** A cluster whose fleet has its name, so that every workflow of the run names it. */
export interface CrashCluster {
  readonly name: string;
  readonly stage: string;
}

/** One moment of a run at which the worker is killed. */
export interface KillPoint {
  readonly system: string;
  /** workflow and activity that call, with `{target}`, `{cluster}` and `{request}` for what differs from run to run */
  readonly caller: string;
  readonly operation: string;
  /** 1-based: the how-manieth call of this operation by this caller */
  readonly occurrence: number;
  /** `before` the effect, or `after` it with the answer kept back */
  readonly when: 'before' | 'after';
}

/** All kill points of a clean run, two for each call, in the order of the calls. */
export function killPointsOf(
  events: readonly SandboxEvent[],
  cluster: CrashCluster,
  requestId: string,
): readonly KillPoint[] {
  const seen = new Map<string, number>();
  return callsOf(events, cluster, requestId).flatMap(({ system, operation, caller = '' }) => {
    const template = caller
      .replaceAll(requestId, '{request}')
      .replaceAll(`${cluster.name}-${cluster.stage}`, '{target}')
      .replaceAll(cluster.name, '{cluster}');
    const key = `${system} ${operation} ${template}`;
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    const point = { system, operation, caller: template, occurrence };
    return [
      { ...point, when: 'before' as const },
      { ...point, when: 'after' as const },
    ];
  });
}

/** The calls that the run of one cluster made, oldest first. */
export function callsOf(
  events: readonly SandboxEvent[],
  cluster: CrashCluster,
  requestId: string,
): readonly SandboxEvent[] {
  const { name, stage } = cluster;
  return events
    .filter(({ phase, caller = '' }) => {
      if (phase !== 'request') return false;
      const [workflow = ''] = caller.split(' ');
      return (
        workflow.endsWith(`/${name}`) || workflow.endsWith(`/${name}-${stage}`) || caller.includes(requestId)
      );
    })
    .toSorted((a, b) => a.at.localeCompare(b.at));
}

/** The fault that holds exactly this call of one cluster's run. */
export function holdOf(point: KillPoint, cluster: CrashCluster, requestId: string): Fault {
  const caller = point.caller
    .replaceAll('{request}', requestId)
    .replaceAll('{target}', `${cluster.name}-${cluster.stage}`)
    .replaceAll('{cluster}', cluster.name);
  return {
    id: `kill-${cluster.name}`,
    match: { operation: point.operation, caller: `^${caller.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$` },
    skip: point.occurrence - 1,
    times: 1,
    when: point.when,
    kind: 'hold',
  };
}

/** For people: `after createOrganization_mutation 1 of cluster/otterize/{target} ensureOrganisation at otterize`. */
export function describePoint({ system, caller, operation, occurrence, when }: KillPoint): string {
  return `${when} ${operation} ${occurrence} of ${caller} at ${system}`;
}
