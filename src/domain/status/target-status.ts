/** How the targets of a request stand: clusters, or places of a promotion. */
import type { FailureReport } from '../failure.js';
import type { EntryBodies } from '../ledger.js';
import type { TargetState } from '../messages.js';
import { beginsRollback, mergedPlaces } from '../promotion/progress.js';
import { PROPOSALS } from '../promotion/request.js';
import type { RequestRecord } from '../record.js';
import { isAnotherTry } from '../tries.js';
import type { Wait } from '../waits.js';
import type { TargetStatus } from './shapes.js';

/** A note may outlive its wait for a moment: only what is being worked on waits. */
export function withWaits(status: TargetStatus, all: readonly Wait[]): TargetStatus {
  if (status.state !== 'running') return status;
  const waits = all
    .filter(({ target }) => target === status.target)
    .map(({ step, clause, since }) => ({ step, clause, since }));
  return waits.length === 0 ? status : { ...status, waits };
}

/** What is made for people to look at, before the place itself begins. */
function isProposal({ request }: RequestRecord, object: string): boolean {
  return request.kind === 'Promotion' && PROPOSALS.includes(object);
}

/**
 * How the targets of a request stand, in its order.
 * @param started the work on them has begun
 * @param ended the request has ended: whatever is not done will not be
 */
export function targetStatuses(
  record: RequestRecord,
  started: boolean,
  ended: boolean,
): readonly TargetStatus[] {
  const merged = mergedPlaces(record);
  const takenBack = record.entries.find((entry) => beginsRollback(entry, record.requestId));
  return record.request.content.targets.map(({ key }) => {
    const effects = { created: 0, adopted: 0, changed: 0, unchanged: 0 };
    let state: TargetState = ended ? 'cancelled' : 'pending';
    let lastStep: string | undefined;
    let failure: FailureReport | undefined;
    for (const entry of record.entries) {
      if (entry === takenBack) {
        // it goes on with what is merged, and no further
        if (merged.includes(key)) state = 'pending';
        else if (state !== 'skipped') state = 'cancelled';
        failure = undefined;
      }
      switch (entry.type) {
        case 'effect.reserved':
        case 'effect.completed':
        case 'check.passed':
          if (!entry.body.key.startsWith(`${key}:`)) break;
          lastStep = entry.body.key.slice(key.length + 1);
          if (state !== 'done' && started && !isProposal(record, lastStep)) {
            state = ended ? 'cancelled' : 'running';
            failure = undefined;
          }
          if (entry.type === 'effect.completed') effects[entry.body.outcome] += 1;
          break;
        case 'target.ended':
          if (entry.body.target !== key) break;
          state = entry.body.outcome;
          failure = entry.body.failure;
          break;
        case 'command.given':
          if (state === 'failed' && triesAgain(entry.body, key, failure)) {
            state = 'pending';
            failure = undefined;
          }
          // given up by name: so it counts at once, before the run has written it down
          if (
            entry.body.command === 'skip' &&
            entry.body.targets.includes(key) &&
            (state === 'failed' || state === 'pending')
          ) {
            state = 'skipped';
            failure = undefined;
          }
          break;
        default:
          break;
      }
    }
    return {
      target: key,
      state,
      effects,
      ...(lastStep === undefined ? {} : { lastStep }),
      ...(failure === undefined ? {} : { failure }),
    };
  });
}

/**
 * How targets ended, by key, for a run that goes on where another stopped. A retry that was asked for after a failure
 * makes the target one that has not ended.
 */
export function endedTargets(record: RequestRecord): Readonly<Record<string, 'done' | 'failed' | 'skipped'>> {
  const ended: Record<string, 'done' | 'failed' | 'skipped'> = {};
  for (const { target, state } of targetStatuses(record, true, false)) {
    if (state === 'done' || state === 'failed' || state === 'skipped') ended[target] = state;
  }
  return ended;
}

/** Targets that the provider's trouble held: a resume tries them again. */
export function heldTargets(record: RequestRecord): readonly string[] {
  return targetStatuses(record, true, false).flatMap(({ target, state, failure }) =>
    state === 'failed' && failure?.scope === 'provider' ? [target] : [],
  );
}

/** A retry names targets, or means all that failed; a resume means those that the provider's trouble held. */
function triesAgain(
  command: EntryBodies['command.given'],
  key: string,
  failure: FailureReport | undefined,
): boolean {
  if (isAnotherTry(command, key)) return true;
  return command.command === 'resume' && failure?.scope === 'provider';
}
