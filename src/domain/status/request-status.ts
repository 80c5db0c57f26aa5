/** Where a request stands, derived from its ledger entries alone: first unmet condition, its age, who can unblock it, what is next. */
import { undeliveredWaiting } from '../deliveries.js';
import type { Vote } from '../gate-rules.js';
import type { PlanTotals } from '../plan.js';
import { isShadow } from '../promotion/shadow.js';
import { type PromotionStatus, promotionStatus } from '../promotion/status.js';
import { supersededBy } from '../promotion/superseding.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import { waitForTurn } from '../turns.js';
import { attemptsWaiting } from './attempts.js';
import { gateStatuses, openGates } from './gate-status.js';
import type { RequestStatus, StatusWord, Surroundings, TargetStatus } from './shapes.js';
import { stageTimes } from './stage-times.js';
import { lookFailure, pauseOf } from './standstill.js';
import { targetStatuses, withWaits } from './target-status.js';
import { waitingFor, waitingInLine } from './waiting-for.js';

const ZERO_TOTALS: PlanTotals = { create: 0, change: 0, adopt: 0, conflict: 0 };

/** Votes of a record as the ledger holds them; signatures are checked where authority depends on it (guard, bundle). */
export type VoteReader = (record: RequestRecord) => readonly Vote[];

/**
 * Derives the status of a request.
 * @param record the request as the ledger knows it
 * @param votes its votes
 * @param nowMs time of asking in milliseconds
 * @param around what it meets, to say what it waits for
 */
export function deriveStatus(
  record: RequestRecord,
  votes: readonly Vote[],
  nowMs: number,
  { holds = [], line = [], waits = [], undelivered = [], run }: Surroundings = {},
): RequestStatus {
  const { entries, request } = record;
  const plan = currentPlan(record);
  const ended = entriesOfType(entries, 'request.ended').at(-1);
  const started = entriesOfType(entries, 'request.started').at(0);
  const revoked = entriesOfType(entries, 'request.revoked').at(0);
  const gates = gateStatuses(record, votes);
  const targets = targetStatuses(record, started !== undefined, ended !== undefined).map((target) =>
    withWaits(target, waits),
  );
  const pause = pauseOf(record);
  const stuck = lookFailure(record);
  const failed = targets.filter((target) => target.state === 'failed');
  const moving = isMoving(record, targets);
  const promotion = promotionStatus(record);
  const asked = started === undefined ? undefined : openGates(gates, true)[0];
  const turn = waitForTurn(record);
  const isWatching = isShadow(record) && plan !== undefined;
  const proposed = promotion === undefined || started !== undefined || hasOpened(record) ? plan : undefined;

  const status =
    ended?.body.outcome ??
    (turn === undefined ? undefined : 'waiting') ??
    (isWatching && revoked === undefined && stuck === undefined ? 'running' : undefined) ??
    statusWord({ revoked, stuck, plan: proposed, started, pause, asked }, failed, moving, promotion);

  return {
    requestId: record.requestId,
    kind: request.kind,
    workflowId: request.workflowId,
    status,
    ...(ended === undefined ? {} : { message: endMessage(record, ended.body.message), endedAt: ended.at }),
    acceptedAt: record.accepted.at,
    epoch: plan?.epoch ?? 0,
    ...(plan === undefined ? {} : { planDigest: plan.digest }),
    ...(plan === undefined ? {} : { totals: record.plans.at(-1)?.body.totals ?? ZERO_TOTALS }),
    gates,
    waitingFor:
      ended === undefined
        ? turn === undefined
          ? [
              ...(run === undefined ? [] : attemptsWaiting(run, Date.parse(record.accepted.at), nowMs)),
              ...waitingFor({
                record,
                status,
                gates,
                targets,
                failed,
                promotion,
                holds,
                waits,
                nowMs,
                stuck,
              }),
              ...undeliveredWaiting(undelivered, nowMs),
            ]
          : waitingInLine(turn, line.length === 0 ? [turn.behind] : line, nowMs)
        : [],
    targets,
    ...(promotion === undefined ? {} : { promotion }),
    times: stageTimes(record, nowMs),
  };
}

/** False when only a person can go on: a later wave does not start once more places have failed than are borne. */
function isMoving({ request }: RequestRecord, targets: readonly TargetStatus[]): boolean {
  if (targets.some(({ state }) => state === 'running')) return true;
  const failures = targets.filter(
    ({ state, failure }) => state === 'failed' && failure?.scope !== 'provider',
  );
  const borne =
    request.kind === 'Promotion' ? request.content.rules.rollout.maxFailures : Number.POSITIVE_INFINITY;
  return failures.length <= borne && targets.some(({ state }) => state === 'pending');
}

/** What a request that has not ended is about, the most urgent first. */
function statusWord(
  seen: Readonly<Record<'revoked' | 'stuck' | 'plan' | 'started' | 'pause' | 'asked', object | undefined>>,
  failed: readonly TargetStatus[],
  moving: boolean,
  promotion: PromotionStatus | undefined,
): StatusWord {
  if (seen.revoked !== undefined) return 'revoked';
  if (seen.stuck !== undefined) return 'attention';
  if (seen.plan === undefined) return 'planning';
  if (seen.started === undefined) return 'waiting';
  if (seen.pause !== undefined) return 'paused';
  if (promotion?.isRollingBack === true && !promotion.isRolledBack) {
    return failed.length > 0 && !moving ? 'attention' : 'rolling-back';
  }
  if (seen.asked !== undefined) return 'waiting';
  return failed.length > 0 && !moving ? 'attention' : 'running';
}

/** What is proposed is there before people are asked. */
function hasOpened(record: RequestRecord): boolean {
  const epoch = currentPlan(record)?.epoch;
  return entriesOfType(record.entries, 'gate.opened').some(({ body }) => body.epoch === epoch);
}

/** A cancellation for a newer release says so. */
function endMessage(record: RequestRecord, message: string): string {
  const newer = supersededBy(record);
  return newer === undefined ? message : `superseded by ${newer}`;
}
