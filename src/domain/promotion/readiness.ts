/**
 * Whether a change may be merged now. Conditions are asked in one order, so that a person is told the one that has to be
 * met first: holds, the change record, the path's windows, the project's freezes, the sync windows of what delivers it.
 */
import { describeScope, type Hold, holdsOn } from './holds.js';
import type { PromotionContent } from './request.js';
import {
  type FreezePeriod,
  judgeFreeze,
  judgeTogether,
  judgeWindows,
  type WindowJudge,
  type WindowJudgement,
} from './windows.js';

/** A change record is asked about after this long at first, in milliseconds; the older it is, the longer it takes. */
const CHANGE_RECORD_AGAIN_MS = { first: 60_000, longest: 15 * 60_000, share: 0.1 } as const;
/** Freezes and sync windows stand outside of the signed request and may be taken away: looked at this often, in milliseconds. */
const WINDOWS_AGAIN_MS = 3_600_000;

export interface ChangeRecordFact {
  /** e.g. `CHG0030042` */
  readonly number: string;
  readonly approval: 'not requested' | 'requested' | 'approved' | 'rejected';
  /** closed or cancelled at its own system */
  readonly isOver: boolean;
  /** when approval was asked for, in milliseconds */
  readonly askedAtMs: number;
}

/** Sync windows of one delivery's project. */
export interface DeliveryWindows {
  readonly delivery: string;
  readonly judgeAt: WindowJudge;
}

export interface ReadinessFacts {
  readonly content: Pick<PromotionContent, 'application' | 'environment' | 'exception' | 'rules'>;
  readonly holds: readonly Hold[];
  /** unset: the path asks for none */
  readonly changeRecord?: ChangeRecordFact;
  readonly project: string;
  readonly freezes: readonly FreezePeriod[];
  readonly deliveries: readonly DeliveryWindows[];
}

export type ReadinessJudgement =
  | { readonly state: 'ready'; readonly clause: string }
  | {
      readonly state: 'waiting';
      readonly clause: string;
      /** when it is worth looking again; unset: when there is news */
      readonly wakeAtMs?: number;
    }
  | { readonly state: 'hopeless'; readonly clause: string; readonly remedy: string };

/** @param nowMs milliseconds since 1970 */
export function judgeReadiness(facts: ReadinessFacts, nowMs: number): ReadinessJudgement {
  return (
    judgeHolds(facts) ??
    judgeChangeRecord(facts, nowMs) ??
    judgeCalendars(facts, nowMs) ?? { state: 'ready', clause: 'nothing is in the way' }
  );
}

/** The holds that stop this change. A rollback is what a hold of its own environment waits for. */
export function stoppingHolds({
  content,
  holds,
}: Pick<ReadinessFacts, 'content' | 'holds'>): readonly Hold[] {
  const stopping = holdsOn(holds, content);
  if (content.exception !== 'rollback') return stopping;
  return stopping.filter(({ scope }) => scope.application === undefined || scope.environment === undefined);
}

function judgeHolds(facts: ReadinessFacts): ReadinessJudgement | undefined {
  const [hold] = stoppingHolds(facts);
  if (hold === undefined) return undefined;
  const why = hold.cause === undefined ? '' : `, since ${hold.cause} was rolled back`;
  return {
    state: 'waiting',
    clause: `${describeScope(hold.scope)} is held since ${hold.placedAt}${why}: until somebody releases ${hold.holdId}`,
  };
}

function judgeChangeRecord(
  { content, changeRecord }: ReadinessFacts,
  nowMs: number,
): ReadinessJudgement | undefined {
  if (!content.rules.changeRecord) return undefined;
  if (changeRecord === undefined) {
    return {
      state: 'hopeless',
      clause: 'the ledger holds no change record',
      remedy: 'Somebody interfered from outside: retry the promotion, which opens it',
    };
  }
  const { number, approval, isOver, askedAtMs } = changeRecord;
  if (approval === 'rejected') {
    return {
      state: 'hopeless',
      clause: `the change record ${number} was rejected`,
      remedy:
        'Cancel the promotion and ask again when the objection is met: a rejected record is not opened again',
    };
  }
  if (isOver) {
    return {
      state: 'hopeless',
      clause: `somebody has closed the change record ${number}`,
      remedy: 'Cancel the promotion and ask again: it opens a record of its own',
    };
  }
  if (approval === 'approved') return undefined;
  const { first, longest, share } = CHANGE_RECORD_AGAIN_MS;
  const pauseMs = Math.min(longest, Math.max(first, Math.round((nowMs - askedAtMs) * share)));
  return {
    state: 'waiting',
    clause: `the change record ${number} waits for its approval`,
    wakeAtMs: nowMs + pauseMs,
  };
}

function judgeCalendars(facts: ReadinessFacts, nowMs: number): ReadinessJudgement | undefined {
  const { content, project, freezes, deliveries } = facts;
  if (content.exception !== undefined) return undefined;
  const calendars: readonly {
    readonly what: string;
    readonly outside: boolean;
    readonly judgeAt: WindowJudge;
  }[] = [
    {
      what: `promotions to ${content.environment}`,
      outside: false,
      judgeAt: (atMs) => judgeWindows(content.rules.windows, atMs),
    },
    { what: `the project ${project}`, outside: true, judgeAt: (atMs) => judgeFreeze(freezes, atMs) },
    ...deliveries.map(({ delivery, judgeAt }) => ({ what: `syncs of ${delivery}`, outside: true, judgeAt })),
  ];
  const closed = calendars
    .map(({ what, outside, judgeAt }) => ({ what, outside, now: judgeAt(nowMs) }))
    .filter(({ now }) => now.state === 'closed');
  const [first] = closed;
  if (first === undefined) return undefined;
  // what would open before another closes is no opening: it is woken when all are open together
  const together = judgeTogether(
    calendars.map(({ judgeAt }) => judgeAt),
    nowMs,
  );
  const wakeAtMs = wakeOf(
    together,
    closed.some(({ outside }) => outside),
    nowMs,
  );
  return {
    state: 'waiting',
    clause: `${first.what}: ${first.now.because}; ${opensAt(together)}`,
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  };
}

function wakeOf({ nextAtMs }: WindowJudgement, mayChange: boolean, nowMs: number): number | undefined {
  if (!mayChange) return nextAtMs;
  const lookMs = nowMs + WINDOWS_AGAIN_MS;
  return nextAtMs === undefined ? lookMs : Math.min(nextAtMs, lookMs);
}

function opensAt({ nextAtMs }: WindowJudgement): string {
  return nextAtMs === undefined
    ? 'nothing opens within a year'
    : `it opens at ${new Date(nextAtMs).toISOString().slice(0, 16)}Z`;
}
