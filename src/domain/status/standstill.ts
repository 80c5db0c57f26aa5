/** What brings a request to a standstill until a person acts: a look that failed for good, a pause. */
import type { FailureReport } from '../failure.js';
import { WHOLE_REQUEST } from '../plan.js';
import type { RequestRecord } from '../record.js';
import { appliesTo } from '../tries.js';

/** A look that failed for good, and when. */
export interface LookFailure {
  readonly failure: FailureReport;
  readonly at: string;
}

/** Planning, or looking again before the rollout, failed for good and nobody has asked to try again. */
export function lookFailure(record: RequestRecord): LookFailure | undefined {
  let found: LookFailure | undefined;
  for (const entry of record.entries) {
    if (
      entry.type === 'target.ended' &&
      entry.body.target === WHOLE_REQUEST &&
      entry.body.failure !== undefined
    ) {
      found = { failure: entry.body.failure, at: entry.at };
    } else if (
      entry.type === 'plan.recorded' ||
      entry.type === 'request.started' ||
      (entry.type === 'command.given' && entry.body.command === 'retry')
    ) {
      found = undefined;
    }
  }
  return found;
}

/** Since when a rollout is paused, and the provider's trouble that did it; undefined failure: an operator did. */
export interface Pause {
  readonly at: string;
  readonly failure?: FailureReport;
}

/**
 * A rollout pauses by command, or by itself when a provider is in trouble (law 5); it goes on by a resume, or by a retry
 * that finds something to retry.
 */
export function pauseOf(record: RequestRecord): Pause | undefined {
  const failed = new Set<string>();
  let pause: Pause | undefined;
  for (const { type, body, at } of record.entries) {
    if (type === 'target.ended') {
      if (body.target === WHOLE_REQUEST) continue;
      if (body.outcome !== 'failed') failed.delete(body.target);
      else failed.add(body.target);
      if (body.failure?.scope === 'provider') pause = { at, failure: body.failure };
    } else if (type === 'command.given') {
      if (body.command === 'pause') pause = { at };
      if (body.command === 'resume') pause = undefined;
      if (body.command === 'rollback') pause = undefined;
      if (body.command !== 'retry' && body.command !== 'accept') continue;
      const again = [...failed].filter((key) => appliesTo(body.targets, key));
      if (again.length > 0) pause = undefined;
      for (const key of again) failed.delete(key);
    }
  }
  return pause;
}
