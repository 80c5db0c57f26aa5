/** What people are told is proven by the ledger: a run's word alone tells nobody anything. */
import type { DueNotice } from './gate-schedule.js';
import { currentPlan, entriesOfType, type RequestRecord } from './record.js';

/** A notice about a gate, of one epoch. */
export type GateNotice = DueNotice & { readonly epoch: number };

/** Clocks of the database and of a worker may differ by this much, in milliseconds; both run NTP. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Why a notice about a gate is not true; undefined when the ledger shows that it is.
 * @param nowMs time of the database, in milliseconds
 */
export function refuseGateNotice(
  record: RequestRecord,
  notice: GateNotice,
  nowMs: number,
): string | undefined {
  const gate = record.policy.spec.gates.find(({ name }) => name === notice.gate);
  if (gate === undefined) return 'the policy has no such gate';
  if (notice.epoch !== currentPlan(record)?.epoch) return 'it is of another epoch';
  const opened = entriesOfType(record.entries, 'gate.opened').findLast(
    ({ body }) => body.gate === notice.gate && body.epoch === notice.epoch,
  );
  if (opened === undefined) return 'the gate is not open';
  const elapsedMs = nowMs + CLOCK_SKEW_MS - Date.parse(opened.body.openedAt);
  switch (notice.kind) {
    case 'opened':
      return notice.number === 0 ? undefined : 'a gate opens once';
    case 'reminder': {
      const every = gate.remindEveryMs;
      const isDue = every !== undefined && notice.number >= 1 && notice.number * every <= elapsedMs;
      return isDue ? undefined : 'no such reminder is due';
    }
    case 'escalation': {
      const isDue = gate.escalate !== undefined && gate.escalate.afterMs <= elapsedMs && notice.number === 0;
      return isDue ? undefined : 'no escalation is due';
    }
  }
}

/** True when the very same notice was sent before. */
export function isSent(record: RequestRecord, notice: GateNotice): boolean {
  return entriesOfType(record.entries, 'gate.reminded').some(
    ({ body }) =>
      body.gate === notice.gate &&
      body.epoch === notice.epoch &&
      body.kind === notice.kind &&
      body.number === notice.number,
  );
}

/** Why news of a request is not true; undefined when the ledger shows that it is. */
export function refuseRequestNotice(
  { entries }: RequestRecord,
  event: 'rollout-started' | 'target-failed' | 'request-ended',
  target: string | undefined,
): string | undefined {
  switch (event) {
    case 'rollout-started':
      return entriesOfType(entries, 'request.started').length > 0 && target === undefined
        ? undefined
        : 'in the ledger the work has not begun';
    case 'request-ended':
      return entriesOfType(entries, 'request.ended').length > 0 && target === undefined
        ? undefined
        : 'in the ledger the request has not ended';
    case 'target-failed':
      return entriesOfType(entries, 'target.ended').some(
        ({ body }) => body.target === target && body.outcome === 'failed',
      )
        ? undefined
        : 'in the ledger the target has not failed';
  }
}
