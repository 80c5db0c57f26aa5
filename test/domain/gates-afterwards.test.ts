import { describe, expect, it } from 'vitest';
import {
  allPassed,
  type GateContext,
  gatesAfterwards,
  gatesBefore,
  judgeGates,
  type Vote,
} from '../../src/domain/gate-rules.js';
import { agendaOf, type GateClock } from '../../src/domain/gate-schedule.js';
import type { GatePolicy } from '../../src/domain/manifest.js';

const NOW = Date.parse('2027-01-10T12:00:00Z');
const DAY = 86_400_000;

function gate(name: string, more: Partial<GatePolicy> = {}): GatePolicy {
  return { name, approvers: { group: name, need: 1 }, evidence: [], after: [], ...more };
}

function vote(gateName: string, personId: string, decision: Vote['decision'] = 'approve'): Vote {
  return { gate: gateName, epoch: 1, decision, personId, evidence: {}, atMs: NOW };
}

const before: GateContext = { epoch: 1, targets: 1, excluded: [] };
const after: GateContext = { ...before, workDone: true };
const owner = gate('owner');
const review = gate('review', { afterwards: true, remindEveryMs: DAY });
const gates = [owner, review];

describe('a review afterwards', () => {
  it.each<[string, GateContext, readonly Vote[], readonly string[], boolean]>([
    ['waits for the work, not for the gates', before, [vote('owner', 'ben')], ['passed', 'not-open'], true],
    ['is no way round the gates before', before, [vote('review', 'chi')], ['open', 'not-open'], false],
    [
      'is not rejected before there is anything to review',
      before,
      [vote('owner', 'ben'), vote('review', 'chi', 'reject')],
      ['passed', 'not-open'],
      true,
    ],
    ['opens when the work is done', after, [vote('owner', 'ben')], ['passed', 'open'], true],
    ['passes', after, [vote('owner', 'ben'), vote('review', 'chi')], ['passed', 'passed'], true],
    [
      'rejects, and what rolls the work back is still allowed',
      after,
      [vote('owner', 'ben'), vote('review', 'chi', 'reject')],
      ['passed', 'rejected'],
      true,
    ],
    ['does not make up for a gate before', after, [vote('review', 'chi')], ['open', 'passed'], false],
  ])('%s', (_, context, votes, states, mayAct) => {
    const verdicts = judgeGates(gates, votes, context);
    expect(verdicts.map(({ state }) => state)).toEqual(states);
    expect(allPassed(verdicts)).toBe(mayAct);
  });

  it('alone never lets effects pass', () => {
    expect(allPassed(judgeGates([review], [vote('review', 'chi')], after))).toBe(false);
  });

  it('is told apart', () => {
    expect(gatesBefore(gates)).toEqual([owner]);
    expect(gatesAfterwards(gates)).toEqual([review]);
  });
});

describe('the agenda with a review afterwards', () => {
  const look = (context: GateContext, votes: readonly Vote[], clocks: ReadonlyMap<string, GateClock>) =>
    agendaOf(gates, judgeGates(gates, votes, context), clocks, NOW);

  it('is passed before the work when the gates before are', () => {
    const agenda = look(before, [vote('owner', 'ben')], new Map([['owner', { openedAtMs: NOW }]]));
    expect(agenda).toMatchObject({ state: 'passed', open: [], notices: [] });
    expect(agenda).not.toHaveProperty('wakeAtMs');
  });

  it('opens the review when the work is done, reminds, and waits for it', () => {
    const clocks = new Map([['owner', { openedAtMs: NOW - 5 * DAY }]]);
    const agenda = look(after, [vote('owner', 'ben')], clocks);
    expect(agenda).toMatchObject({
      state: 'waiting',
      open: [{ gate: 'review', openedAtMs: NOW }],
      wakeAtMs: NOW + DAY,
    });
    const late = look(
      after,
      [vote('owner', 'ben')],
      new Map([...clocks, ['review', { openedAtMs: NOW - 2 * DAY }]]),
    );
    expect(late.notices).toContainEqual({ gate: 'review', kind: 'reminder', number: 2 });
  });

  it('passes when the review has, and is rejected when it says no', () => {
    const clocks = new Map(['owner', 'review'].map((name) => [name, { openedAtMs: NOW }]));
    expect(look(after, [vote('owner', 'ben'), vote('review', 'chi')], clocks).state).toBe('passed');
    expect(look(after, [vote('owner', 'ben'), vote('review', 'chi', 'reject')], clocks).state).toBe(
      'rejected',
    );
  });

  it('waits while a gate before is open, whatever was said of the review', () => {
    expect(look(before, [vote('review', 'chi')], new Map()).state).toBe('waiting');
  });
});

describe('risk', () => {
  const owners = gate('owner', { approvers: { group: 'owner', need: 1, needAtHighRisk: 2 } });

  it.each<[string, GateContext['risk'], GatePolicy, readonly string[], number, string]>([
    ['low', 'low', owners, ['ben'], 1, 'passed'],
    ['unknown', undefined, owners, ['ben'], 1, 'passed'],
    ['high', 'high', owners, ['ben'], 2, 'open'],
    ['high, with enough', 'high', owners, ['ben', 'chi'], 2, 'passed'],
    ['high, with one person twice', 'high', owners, ['ben', 'BEN'], 2, 'open'],
    ['high, where nothing is said of it', 'high', owner, ['ben'], 1, 'passed'],
    [
      'high, where less is asked',
      'high',
      gate('owner', { approvers: { group: 'owner', need: 2, needAtHighRisk: 1 } }),
      ['ben'],
      2,
      'open',
    ],
  ])('%s', (_, risk, policy, persons, need, state) => {
    const context = risk === undefined ? before : { ...before, risk };
    const [verdict] = judgeGates(
      [policy],
      persons.map((person) => vote('owner', person)),
      context,
    );
    expect(verdict).toMatchObject({ need, state });
  });
});
