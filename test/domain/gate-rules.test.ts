import { describe, expect, it } from 'vitest';
import {
  allPassed,
  checkEvidence,
  type Decider,
  type GateContext,
  judgeGates,
  refuseDecision,
  type Vote,
} from '../../src/domain/gate-rules.js';
import type { GatePolicy } from '../../src/domain/manifest.js';

const NOW = Date.parse('2027-01-10T12:00:00Z');

function gate(name: string, more: Partial<GatePolicy> = {}): GatePolicy {
  return { name, approvers: { group: name, need: 1 }, evidence: [], after: [], ...more };
}

function vote(gateName: string, personId: string, more: Partial<Vote> = {}): Vote {
  return { gate: gateName, epoch: 1, decision: 'approve', personId, evidence: {}, atMs: NOW, ...more };
}

const context: GateContext = { epoch: 1, targets: 25, excluded: ['ada'] };
const states = (gates: readonly GatePolicy[], votes: readonly Vote[]) =>
  judgeGates(gates, votes, context).map((verdict) => verdict.state);

describe('judging gates', () => {
  it('passes with a quorum of different persons', () => {
    const two = [gate('dpo', { approvers: { group: 'dpo', need: 2 } })];
    expect(states(two, [vote('dpo', 'chi'), vote('dpo', 'chi')])).toEqual(['open']);
    expect(states(two, [vote('dpo', 'chi'), vote('dpo', 'ben')])).toEqual(['passed']);
  });

  it('one no rejects, also beside enough yes', () => {
    expect(states([gate('dpo')], [vote('dpo', 'chi'), vote('dpo', 'ben', { decision: 'reject' })])).toEqual([
      'rejected',
    ]);
  });

  it('does not count votes of another epoch, another gate or of excluded persons', () => {
    const gates = [gate('dpo')];
    expect(states(gates, [vote('dpo', 'chi', { epoch: 2 })])).toEqual(['open']);
    expect(states(gates, [vote('procurement', 'chi')])).toEqual(['open']);
    expect(states(gates, [vote('dpo', 'ada')])).toEqual(['open']);
    expect(states(gates, [vote('dpo', 'ada', { decision: 'reject' })])).toEqual(['open']);
  });

  it('counts a delegate and the one he stands in for once', () => {
    const two = [gate('dpo', { approvers: { group: 'dpo', need: 2 } })];
    expect(states(two, [vote('dpo', 'ben', { actingFor: 'chi' }), vote('dpo', 'chi')])).toEqual(['open']);
    expect(states(two, [vote('dpo', 'ben', { actingFor: 'chi' }), vote('dpo', 'emil')])).toEqual(['passed']);
  });

  it('knows a person by any spelling of the id: neither four eyes nor quorum by upper case', () => {
    expect(judgeGates([gate('dpo')], [vote('dpo', 'ADA ')], context)[0]).toMatchObject({ approvals: 0 });
    const two = [gate('dpo', { approvers: { group: 'dpo', need: 2 } })];
    expect(states(two, [vote('dpo', 'chi'), vote('dpo', 'CHI')])).toEqual(['open']);
    expect(states(two, [vote('dpo', 'chi'), vote('dpo', 'BEN')])).toEqual(['passed']);
  });

  it('does not count a delegate of somebody excluded', () => {
    expect(states([gate('dpo')], [vote('dpo', 'ben', { actingFor: 'ada' })])).toEqual(['open']);
  });

  it('opens a gate only after those before it', () => {
    const gates = [gate('procurement'), gate('dpo', { after: ['procurement'] })];
    expect(states(gates, [vote('dpo', 'chi')])).toEqual(['open', 'not-open']);
    expect(states(gates, [vote('procurement', 'ben'), vote('dpo', 'chi')])).toEqual(['passed', 'passed']);
  });

  it('never opens gates that wait for each other or for one that does not exist', () => {
    const circle = [gate('a', { after: ['b'] }), gate('b', { after: ['a'] })];
    expect(states(circle, [vote('a', 'x'), vote('b', 'y')])).toEqual(['not-open', 'not-open']);
    expect(states([gate('a', { after: ['gone'] })], [vote('a', 'x')])).toEqual(['not-open']);
  });

  it('does not count an approval whose evidence falls short', () => {
    const gates = [gate('procurement', { evidence: ['licences'] })];
    expect(states(gates, [vote('procurement', 'ben', { evidence: { licences: '24' } })])).toEqual(['open']);
    expect(states(gates, [vote('procurement', 'ben', { evidence: { licences: '25' } })])).toEqual(['passed']);
  });

  it('a policy without gates never counts as passed', () => {
    expect(allPassed(judgeGates([], [], context))).toBe(false);
  });
});

describe('evidence', () => {
  const everything = gate('procurement', {
    evidence: ['contractNumber', 'licences', 'validUntil', 'assessmentUrl'],
  });

  it('tells every missing and wrong item at once', () => {
    const faults = checkEvidence(everything, { licences: 'many', validUntil: '2026-01-01' }, 25, NOW);
    expect(faults.map((fault) => fault.name)).toEqual([
      'contractNumber',
      'licences',
      'validUntil',
      'assessmentUrl',
    ]);
  });

  it('refuses fewer licences than clusters with the numbers', () => {
    const [fault] = checkEvidence(gate('p', { evidence: ['licences'] }), { licences: '24' }, 25, NOW);
    expect(fault?.message).toMatch(/24 licences do not cover 25 clusters: buy 1 more/);
  });

  it.each(['http://dpo.example.com/a', 'javascript:alert(1)', 'https://dpo.example.com/a b', '//dpo/x'])(
    'refuses the link %s',
    (assessmentUrl) => {
      expect(
        checkEvidence(gate('d', { evidence: ['assessmentUrl'] }), { assessmentUrl }, 1, NOW),
      ).toHaveLength(1);
    },
  );

  it.each(['2027-13-01', 'tomorrow', '2027-01-09'])('refuses the date %s', (validUntil) => {
    expect(checkEvidence(gate('d', { evidence: ['validUntil'] }), { validUntil }, 1, NOW)).toHaveLength(1);
  });
});

describe('who may decide', () => {
  const chi: Decider = { kind: 'person', personId: 'chi', groups: ['g-dpo'], authTimeMs: NOW - 60_000 };
  const refusal = (decider: Decider, policy = gate('dpo'), evidence = {}) =>
    refuseDecision(policy, ['g-dpo'], context, decider, { decision: 'approve', evidence }, NOW)?.refusal;

  it('lets a member of the group decide', () => {
    expect(refusal(chi)).toBeUndefined();
  });

  it('refuses machines, outsiders and those whom it is for', () => {
    expect(refusal({ ...chi, kind: 'machine' })).toBe('not-a-person');
    expect(refusal({ ...chi, groups: [] })).toBe('not-an-approver');
    expect(refusal({ ...chi, personId: 'ada' })).toBe('four-eyes');
  });

  it('wants a fresh login where the policy does', () => {
    const fresh = gate('dpo', { freshLoginMs: 30_000 });
    expect(refusal(chi, fresh)).toBe('login-too-old');
    expect(refusal({ ...chi, authTimeMs: NOW - 10_000 }, fresh)).toBeUndefined();
  });

  it('asks for no evidence on a no', () => {
    const policy = gate('dpo', { evidence: ['assessmentUrl'] });
    expect(refusal(chi, policy)).toBe('evidence');
    expect(
      refuseDecision(policy, ['g-dpo'], context, chi, { decision: 'reject', evidence: {} }, NOW),
    ).toBeUndefined();
  });
});
