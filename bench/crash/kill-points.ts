/** Kill points: every external call of one run, taken from the stand-ins' event log, never from a list by hand. */
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import type { Fault } from '../../sandbox/framework/faults.js';

/** What one run is about, e.g. a cluster; every workflow of the run names it. */
export interface Subject {
  /** one of its own, e.g. `harbour-01/dev` */
  readonly id: string;
  /** texts that name it in callers, the longest first, each with what stands for it in a kill point */
  readonly marks: readonly { readonly text: string; readonly placeholder: string }[];
}

/** One moment of a run at which the worker is killed. */
export interface KillPoint {
  readonly system: string;
  /** workflow and activity that call, with placeholders, e.g. `{target}` and `{request}`, for what differs from run to run */
  readonly caller: string;
  readonly operation: string;
  /** 1-based: the how-manieth call of this operation by this caller */
  readonly occurrence: number;
  /** `before` the effect, or `after` it with the answer kept back */
  readonly when: 'before' | 'after';
}

/**
 * All kill points of a clean run, two for each call, in the order of the calls.
 * @param atMost of the same call by the same caller only so many are taken: a wait that looks again and again has no count
 * of its own
 */
export function killPointsOf(
  events: readonly SandboxEvent[],
  subject: Subject,
  requestId: string,
  atMost = Number.POSITIVE_INFINITY,
): readonly KillPoint[] {
  const seen = new Map<string, number>();
  return callsOf(events, subject, requestId).flatMap(({ system, operation, caller = '' }) => {
    const template = subject.marks.reduce(
      (text, mark) => text.replaceAll(mark.text, mark.placeholder),
      caller.replaceAll(requestId, '{request}'),
    );
    const key = `${system} ${operation} ${template}`;
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    if (occurrence > atMost) return [];
    const point = { system, operation, caller: template, occurrence };
    return [
      { ...point, when: 'before' as const },
      { ...point, when: 'after' as const },
    ];
  });
}

/** The calls that the run of one subject made, oldest first. */
export function callsOf(
  events: readonly SandboxEvent[],
  subject: Subject,
  requestId: string,
): readonly SandboxEvent[] {
  const names = new Set(subject.marks.map(({ text }) => text));
  return events
    .filter(({ phase, caller = '' }) => {
      if (phase !== 'request') return false;
      const [workflow = ''] = caller.split(' ');
      return workflow.split('/').some((part) => names.has(part)) || caller.includes(requestId);
    })
    .toSorted((a, b) => a.at.localeCompare(b.at));
}

/** The fault that holds exactly this call of one subject's run. */
export function holdOf(point: KillPoint, subject: Subject, requestId: string): Fault {
  const caller = subject.marks.reduce(
    (text, mark) => text.replaceAll(mark.placeholder, mark.text),
    point.caller.replaceAll('{request}', requestId),
  );
  return {
    id: `kill-${subject.id}`,
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
