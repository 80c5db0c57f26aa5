/** What falls due at gates as time passes: opening, reminders, escalation, deadline. Pure; silence never approves. */
import type { GateVerdict } from './gate-rules.js';
import type { GatePolicy } from './manifest.js';

export interface GateClock {
  readonly openedAtMs: number;
  readonly dueMs?: number;
}

export type NoticeKind = 'opened' | 'reminder' | 'escalation';

export interface DueNotice {
  readonly gate: string;
  readonly kind: NoticeKind;
  /** counts reminders from 1; 0 for the others */
  readonly number: number;
}

export interface GateAgenda {
  readonly open: readonly { readonly gate: string; readonly openedAtMs: number; readonly dueMs?: number }[];
  readonly close: readonly { readonly gate: string; readonly result: 'passed' | 'rejected' | 'expired' }[];
  readonly notices: readonly DueNotice[];
  readonly state: 'waiting' | 'passed' | 'rejected' | 'expired';
  /** next time at which something falls due, in milliseconds */
  readonly wakeAtMs?: number;
}

/**
 * A review of afterwards is left out while its work is not done: until then the state is that of the gates before. Once it
 * is done, the state is that of all, so a request with an open review is waiting.
 * @param gates the policy's gates
 * @param verdicts what the votes say, one per gate
 * @param clocks gates that were opened in this epoch
 * @param nowMs the workflow's time
 */
export function agendaOf(
  gates: readonly GatePolicy[],
  verdicts: readonly GateVerdict[],
  clocks: ReadonlyMap<string, GateClock>,
  nowMs: number,
): GateAgenda {
  const open: GateAgenda['open'][number][] = [];
  const close: GateAgenda['close'][number][] = [];
  const notices: DueNotice[] = [];
  const wakes: number[] = [];
  for (const gate of gates) {
    const verdict = verdicts.find((item) => item.gate === gate.name);
    if (verdict === undefined || verdict.state === 'not-open') continue;
    const clock = clocks.get(gate.name) ?? opening(gate, nowMs);
    if (!clocks.has(gate.name)) open.push({ gate: gate.name, ...clock });
    if (verdict.state !== 'open') {
      close.push({ gate: gate.name, result: verdict.state });
    } else if (clock.dueMs !== undefined && nowMs >= clock.dueMs) {
      close.push({ gate: gate.name, result: 'expired' });
    } else {
      notices.push(...noticesOf(gate, clock, nowMs));
      wakes.push(...wakesOf(gate, clock, nowMs));
    }
  }
  const results = close.map((item) => item.result);
  const due = verdicts.filter(({ afterwards }) => afterwards !== 'later');
  const state = results.includes('rejected')
    ? 'rejected'
    : results.includes('expired')
      ? 'expired'
      : due.length > 0 && due.every((verdict) => verdict.state === 'passed')
        ? 'passed'
        : 'waiting';
  return { open, close, notices, state, ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }) };
}

function opening(gate: GatePolicy, nowMs: number): GateClock {
  return {
    openedAtMs: nowMs,
    ...(gate.deadline === undefined ? {} : { dueMs: nowMs + gate.deadline.afterMs }),
  };
}

/** Only the newest reminder is due: after a long outage nobody gets ten mails at once. */
function noticesOf(gate: GatePolicy, clock: GateClock, nowMs: number): readonly DueNotice[] {
  const waited = nowMs - clock.openedAtMs;
  const notices: DueNotice[] = [{ gate: gate.name, kind: 'opened', number: 0 }];
  const reminders = gate.remindEveryMs === undefined ? 0 : Math.floor(waited / gate.remindEveryMs);
  if (reminders > 0) notices.push({ gate: gate.name, kind: 'reminder', number: reminders });
  if (gate.escalate !== undefined && waited >= gate.escalate.afterMs) {
    notices.push({ gate: gate.name, kind: 'escalation', number: 0 });
  }
  return notices;
}

function wakesOf(gate: GatePolicy, clock: GateClock, nowMs: number): readonly number[] {
  const wakes: number[] = [];
  if (gate.remindEveryMs !== undefined) {
    const next = Math.floor((nowMs - clock.openedAtMs) / gate.remindEveryMs) + 1;
    wakes.push(clock.openedAtMs + next * gate.remindEveryMs);
  }
  if (gate.escalate !== undefined && nowMs < clock.openedAtMs + gate.escalate.afterMs) {
    wakes.push(clock.openedAtMs + gate.escalate.afterMs);
  }
  if (clock.dueMs !== undefined) wakes.push(clock.dueMs);
  return wakes;
}
