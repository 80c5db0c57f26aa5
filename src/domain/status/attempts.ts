/**
 * What the engine knows of the attempts that a request's run makes now: shown to people who watch, evidence of nothing. An
 * attempt that is lost, made again or taken by nobody is told, with the time of the next (law 4).
 */
import type { WaitingFor } from './shapes.js';

/** One piece of work that is under way, or the request's own workflow. */
export interface Attempt {
  /** the activity, e.g. `ensureOrganisation`; `workflow` for the workflow's own next step */
  readonly what: string;
  /** key of the cluster or place, where it is one's */
  readonly target?: string;
  /** counted from 1 */
  readonly number: number;
  /**
   * - `untaken` no worker has taken it
   * - `pausing` the attempt before failed or was lost; the next comes at `nextMs`
   * - `working` a worker has it; `heardMs` is when it was last heard of
   */
  readonly state: 'untaken' | 'pausing' | 'working';
  /** since when it is so, in milliseconds */
  readonly sinceMs: number;
  readonly heardMs?: number;
  readonly nextMs?: number;
}

/** Neither started nor known to Temporal; `unknown`: Temporal does not answer. */
export type RunLook =
  | { readonly state: 'running'; readonly attempts: readonly Attempt[] }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown' };

/** Longer than any worker that lives takes to pick work up or to say something, in milliseconds. */
export const QUIET_MS = 15_000;

/**
 * What is told of them: the longest of each kind.
 * @param acceptedMs when the request was taken in
 * @param nowMs time of asking, both in milliseconds
 */
export function attemptsWaiting(look: RunLook, acceptedMs: number, nowMs: number): readonly WaitingFor[] {
  if (look.state === 'unknown') {
    return [
      {
        condition: 'Temporal does not answer: how far the work is can not be seen',
        sinceMs: 0,
        who: 'an operator',
        next: 'nothing is lost: the work goes on when Temporal answers. Look at: gatehouse doctor',
      },
    ];
  }
  if (look.state === 'absent') {
    const sinceMs = Math.max(0, nowMs - acceptedMs);
    if (sinceMs < QUIET_MS) return [];
    return [
      {
        condition:
          'no workflow runs for this request: its start has not reached Temporal, or it was ended there',
        sinceMs,
        who: 'an operator',
        next: 'the start is sent again until Temporal takes it. Look at: gatehouse doctor',
      },
    ];
  }
  const told = look.attempts.filter((attempt) => isTold(attempt, nowMs));
  const kinds = [...new Set(told.map(({ what, state }) => `${what} ${state}`))];
  return kinds.flatMap((kind) => {
    const [longest, ...others] = told
      .filter(({ what, state }) => `${what} ${state}` === kind)
      .sort((a, b) => a.sinceMs - b.sinceMs);
    return longest === undefined ? [] : [waitingOf(longest, others.length, nowMs)];
  });
}

function isTold({ state, number, sinceMs, heardMs }: Attempt, nowMs: number): boolean {
  if (state === 'pausing') return true;
  if (state === 'untaken') return nowMs - sinceMs >= QUIET_MS;
  return number > 1 || nowMs - Math.max(sinceMs, heardMs ?? 0) >= QUIET_MS;
}

function waitingOf(attempt: Attempt, others: number, nowMs: number): WaitingFor {
  const { what, target, number, state, sinceMs, nextMs, heardMs } = attempt;
  const of = `${what}${target === undefined ? '' : ` of ${target}`}`;
  const more = others === 0 ? '' : `, and ${others} more`;
  const age = Math.max(0, nowMs - sinceMs);
  const at = nextMs === undefined ? undefined : new Date(nextMs).toISOString();
  switch (state) {
    case 'untaken':
      return {
        condition: `${of}: no worker has taken attempt ${number}${more}`,
        sinceMs: age,
        who: 'an operator',
        next: 'it begins as soon as a worker asks for work of its queue. Look at: gatehouse doctor',
      };
    case 'pausing':
      return {
        condition: `${of}: attempt ${number - 1} failed or was lost${more}`,
        sinceMs: age,
        who: 'Gatehouse',
        next: at === undefined ? `attempt ${number} follows` : `attempt ${number} begins at ${at}`,
      };
    case 'working': {
      const heard = heardMs === undefined ? '' : `, last heard of ${seconds(nowMs - heardMs)} ago`;
      const before = number > 1 ? ', those before failed or were lost' : '';
      return {
        condition: `${of}: attempt ${number} runs for ${seconds(age)}${heard}${before}${more}`,
        sinceMs: age,
        who: 'Gatehouse',
        next:
          at === undefined
            ? 'it ends, or it is made again when it is lost'
            : `it ends, or it counts as lost at ${at} and is made again`,
      };
    }
  }
}

function seconds(ms: number): string {
  return `${Math.round(Math.max(0, ms) / 1_000)} s`;
}
