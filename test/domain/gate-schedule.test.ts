import { describe, expect, it } from 'vitest';
import { judgeGates } from '../../src/domain/gate-rules.js';
import { agendaOf, type GateClock } from '../../src/domain/gate-schedule.js';
import type { GatePolicy } from '../../src/domain/manifest.js';

const DAY = 86_400_000;
const OPENED = Date.parse('2027-01-01T00:00:00Z');
const gate: GatePolicy = {
  name: 'procurement',
  approvers: { group: 'procurement', need: 1 },
  evidence: [],
  after: [],
  remindEveryMs: 5 * DAY,
  escalate: { afterMs: 12 * DAY, toGroup: 'operators' },
  deadline: { afterMs: 30 * DAY, then: 'reject' },
};
const context = { epoch: 1, targets: 1, excluded: [] };
const opened = new Map<string, GateClock>([
  ['procurement', { openedAtMs: OPENED, dueMs: OPENED + 30 * DAY }],
]);
const at = (days: number, clocks: ReadonlyMap<string, GateClock> = opened) =>
  agendaOf([gate], judgeGates([gate], [], context), clocks, OPENED + days * DAY);

describe('what falls due at gates', () => {
  it('opens with a due date and a first notice', () => {
    const agenda = at(0, new Map());
    expect(agenda.open).toEqual([{ gate: 'procurement', openedAtMs: OPENED, dueMs: OPENED + 30 * DAY }]);
    expect(agenda.notices).toEqual([{ gate: 'procurement', kind: 'opened', number: 0 }]);
    expect(agenda.wakeAtMs).toBe(OPENED + 5 * DAY);
  });

  it('reminds, and after an outage only once', () => {
    expect(at(5).notices).toContainEqual({ gate: 'procurement', kind: 'reminder', number: 1 });
    const late = at(11).notices.filter((notice) => notice.kind === 'reminder');
    expect(late).toEqual([{ gate: 'procurement', kind: 'reminder', number: 2 }]);
  });

  it('escalates, then rejects at the deadline; silence never approves', () => {
    expect(at(11).wakeAtMs).toBe(OPENED + 12 * DAY);
    expect(at(12).notices).toContainEqual({ gate: 'procurement', kind: 'escalation', number: 0 });
    expect(at(29.9).state).toBe('waiting');
    expect(at(30)).toMatchObject({ state: 'expired', close: [{ gate: 'procurement', result: 'expired' }] });
  });

  it('never wakes in the past', () => {
    for (let days = 0; days < 30; days += 0.7) {
      expect(at(days).wakeAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(OPENED + days * DAY);
    }
  });

  it('without gates it waits for ever rather than pass', () => {
    expect(agendaOf([], [], new Map(), OPENED).state).toBe('waiting');
  });
});
