/** What the checks of a place come to, taken together. */
import { entriesOfType, type RequestRecord } from '../record.js';
import { appliesTo } from '../tries.js';
import type { Check } from './path.js';

/** What one check said. */
export interface CheckOutcome {
  readonly name: string;
  readonly kind: Check['kind'];
  /** `inconclusive`: nothing was said for or against */
  readonly state: 'passed' | 'failed' | 'inconclusive';
  /** one line for people */
  readonly detail: string;
}

export interface ChecksVerdict {
  readonly state: 'passed' | 'failed' | 'inconclusive';
  readonly message: string;
  /** a person took the place of a check that could not say */
  readonly accepted: boolean;
}

/**
 * Failed when one failed, whatever a person says; inconclusive when one could not say, unless a person has accepted that.
 * @param accepted a person has, after the place failed last
 */
export function judgeChecks(outcomes: readonly CheckOutcome[], accepted: boolean): ChecksVerdict {
  const of = (state: CheckOutcome['state']): readonly CheckOutcome[] =>
    outcomes.filter((outcome) => outcome.state === state);
  const failed = of('failed');
  if (failed.length > 0) return { state: 'failed', message: told(failed), accepted: false };
  const open = of('inconclusive');
  if (open.length === 0) return { state: 'passed', message: told(outcomes), accepted: false };
  return accepted
    ? { state: 'passed', message: `accepted by a person: ${told(open)}`, accepted: true }
    : { state: 'inconclusive', message: told(open), accepted: false };
}

/** Whether a person has accepted what the checks of a place could not say, after it failed last. */
export function isAccepted(record: RequestRecord, place: string): boolean {
  const failedAt = lastFailure(record, place)?.seq ?? Number.POSITIVE_INFINITY;
  return entriesOfType(record.entries, 'command.given').some(
    ({ seq, body }) => body.command === 'accept' && seq > failedAt && appliesTo(body.targets, place),
  );
}

/** How often a place has failed: each time its checks are run anew. */
export function failuresOf(record: RequestRecord, place: string): number {
  return failures(record, place).length;
}

function lastFailure(record: RequestRecord, place: string) {
  return failures(record, place).at(-1);
}

function failures(record: RequestRecord, place: string) {
  return entriesOfType(record.entries, 'target.ended').filter(
    ({ body }) => body.target === place && body.outcome === 'failed',
  );
}

function told(outcomes: readonly CheckOutcome[]): string {
  return outcomes.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
}
