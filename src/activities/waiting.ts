/** The one loop in which wait activities poll: heartbeats, cancellation, a bounded time, and at the end the unmet clause. */
import { cancellationSignal, sleep } from '@temporalio/activity';
import { FAILURE, SystemError, type SystemName } from '../domain/failure.js';
import type { ReadBack } from '../domain/ledger.js';
import { StepFailed } from './errors.js';
import { report } from './heartbeats.js';
import type { WaitNotes } from './wait-notes.js';

/**
 * First and longest pause between two looks, in milliseconds. Each look is one read, and many waits share it. What comes soon
 * is known within a second; what has taken minutes already is in no such hurry.
 */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1_000;
const LATER_PAUSE_MS = 2_000;
const LATER_MS = 120_000;

export type Look =
  | { readonly state: 'reached'; readonly readBack: ReadBack }
  | {
      readonly state: 'waiting';
      readonly clause: string;
      readonly remedy?: string;
      /** ISO 8601: since when it has been this clause */
      readonly since?: string;
    }
  | {
      readonly state: 'hopeless';
      readonly clause: string;
      readonly message: string;
      readonly remedy: string;
    };

export interface WaitSubject {
  readonly system: SystemName;
  /** what is waited for, e.g. `sync` */
  readonly operation: string;
  readonly object: string;
  readonly maxWaitMs: number;
  /** remedy when the time runs out */
  readonly remedy: string;
  /** where it is told what is waited for */
  readonly notes: Pick<WaitNotes, 'note'>;
}

/**
 * Looks until the state is reached.
 * @param look one read-only look; short trouble of the system counts as "not yet"
 * @throws StepFailed `CannotSucceed` at once for a state that can never pass, `WaitOverdue` when the time runs out
 */
export async function waitFor(
  subject: WaitSubject,
  look: (signal: AbortSignal) => Promise<Look>,
): Promise<ReadBack> {
  const signal = cancellationSignal();
  const startedAt = Date.now();
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const seen = await lookOnce(look, signal);
    if (seen.state === 'reached') return seen.readBack;
    if (seen.state === 'hopeless') {
      throw new StepFailed(FAILURE.hopeless, {
        system: subject.system,
        operation: subject.operation,
        object: subject.object,
        message: `${seen.clause}: ${seen.message}`,
        remedy: seen.remedy,
      });
    }
    if (Date.now() - startedAt >= subject.maxWaitMs) {
      throw new StepFailed(FAILURE.overdue, {
        system: subject.system,
        operation: subject.operation,
        object: subject.object,
        message: `not reached in ${Math.round(subject.maxWaitMs / 1000)} s; unmet: ${seen.clause}`,
        remedy: seen.remedy ?? subject.remedy,
      });
    }
    await subject.notes.note(seen.clause, seen.since);
    report({
      waitingFor: seen.clause,
      ...(seen.since === undefined ? {} : { since: seen.since }),
    });
    const longestMs = Date.now() - startedAt < LATER_MS ? LONGEST_PAUSE_MS : LATER_PAUSE_MS;
    await sleep(Math.min(pauseMs, longestMs));
    pauseMs = Math.min(pauseMs * 1.5, longestMs);
  }
}

/** A system that stumbles while we wait is waited for; what it says for good ends the wait. */
async function lookOnce(look: (signal: AbortSignal) => Promise<Look>, signal: AbortSignal): Promise<Look> {
  try {
    return await look(signal);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { kind, message } = error.trouble;
    if (kind !== 'unavailable' && kind !== 'throttled' && kind !== 'malformed') throw error;
    return { state: 'waiting', clause: `${error.trouble.system} answers again (${message})` };
  }
}
