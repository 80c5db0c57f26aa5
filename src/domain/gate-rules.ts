/**
 * The rules of gates: who may decide, what evidence is due, when a gate has passed. Pure; used by the API before it takes
 * a decision, by the workflow's ledger activities, by the guard of every effect and by the offline verification, so that
 * all four judge by the same lines.
 */
import type { Evidence, Verdict } from './decision.js';
import type { EvidenceName, GatePolicy } from './manifest.js';
import { isSamePerson, personIdOf } from './person-id.js';

/** A vote as the ledger holds it, after its signature was verified. */
export interface Vote {
  readonly gate: string;
  readonly epoch: number;
  readonly decision: Verdict;
  readonly personId: string;
  readonly actingFor?: string;
  readonly evidence: Evidence;
  /** ledger time in milliseconds */
  readonly atMs: number;
}

export interface GateContext {
  readonly epoch: number;
  /** number of targets of the request: a licence count must reach it */
  readonly targets: number;
  /** person ids of requester, beneficiary and authors: they never decide (four eyes) */
  readonly excluded: readonly string[];
  /** risk of the plan; unset: low. At high risk a gate may need more approvals */
  readonly risk?: 'low' | 'high';
  /** the work that was asked for is done, well or badly: gates of afterwards open now, not before */
  readonly workDone?: boolean;
}

export interface EvidenceFault {
  readonly name: EvidenceName;
  readonly message: string;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const WHOLE_NUMBER = /^\d{1,9}$/;
const CONTRACT_NUMBER = /^[A-Za-z0-9][A-Za-z0-9 ._/-]{1,63}$/;
const LINK = /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?\/[^\s<>"']{0,500}$/;

/**
 * Checks the evidence that an approval must carry.
 * @param gate the gate's policy
 * @param evidence what the approver gave
 * @param targets number of targets; fewer licences than targets are refused with both numbers
 * @param nowMs time of the check in milliseconds; `validUntil` must lie after it
 * @returns one fault per missing or wrong item, empty when all is well
 */
export function checkEvidence(
  gate: GatePolicy,
  evidence: Evidence,
  targets: number,
  nowMs: number,
): readonly EvidenceFault[] {
  const faults: EvidenceFault[] = [];
  for (const name of gate.evidence) {
    const value = evidence[name];
    const message =
      value === undefined || value.trim() === '' ? 'is required' : evidenceFault(name, value, targets, nowMs);
    if (message !== undefined) faults.push({ name, message });
  }
  return faults;
}

function evidenceFault(
  name: EvidenceName,
  value: string,
  targets: number,
  nowMs: number,
): string | undefined {
  switch (name) {
    case 'contractNumber':
      return CONTRACT_NUMBER.test(value) ? undefined : 'must be 2 to 64 letters, digits, spaces or . _ / -';
    case 'licences':
      if (!WHOLE_NUMBER.test(value)) return 'must be a whole number';
      return Number(value) < targets
        ? `${value} licences do not cover ${targets} clusters: buy ${targets - Number(value)} more or ask for fewer clusters`
        : undefined;
    case 'validUntil': {
      const until = DATE.test(value) ? Date.parse(`${value}T23:59:59Z`) : Number.NaN;
      if (Number.isNaN(until)) return 'must be a date, YYYY-MM-DD';
      return until <= nowMs ? `${value} is in the past` : undefined;
    }
    case 'assessmentUrl':
    case 'link':
      return LINK.test(value) ? undefined : 'must be an absolute https address';
  }
}

/** Why somebody may not decide; the names are stable and appear in problem types. */
export type DecisionRefusal = 'not-a-person' | 'four-eyes' | 'not-an-approver' | 'login-too-old' | 'evidence';

export interface DecisionRefused {
  readonly refusal: DecisionRefusal;
  readonly message: string;
  readonly faults: readonly EvidenceFault[];
}

export interface Decider {
  readonly kind: 'person' | 'machine';
  readonly personId: string;
  /** directory ids of the groups of this person */
  readonly groups: readonly string[];
  /** milliseconds; when the person last proved who he is */
  readonly authTimeMs: number;
}

/**
 * Whether somebody may decide at a gate now, with what he gives. The inbox asks the same question with `decision`
 * undefined, so what is listed is what is allowed.
 * @param groupIds directory ids of the groups that may decide: the approvers, and the escalation group once escalated
 * @returns undefined when allowed, else the reason and what to do
 */
export function refuseDecision(
  gate: GatePolicy,
  groupIds: readonly string[],
  context: GateContext,
  decider: Decider,
  given: { readonly decision: Verdict; readonly evidence: Evidence } | undefined,
  nowMs: number,
): DecisionRefused | undefined {
  const refused = (
    refusal: DecisionRefusal,
    message: string,
    faults: readonly EvidenceFault[] = [],
  ): DecisionRefused => ({ refusal, message, faults });
  if (decider.kind !== 'person')
    return refused('not-a-person', 'Machines never decide: sign in as a person.');
  if (isExcluded(context, decider.personId)) {
    return refused(
      'four-eyes',
      'You asked for this, it is for you, or you wrote a part of it: somebody else of the group must decide.',
    );
  }
  if (!decider.groups.some((group) => groupIds.includes(group))) {
    return refused('not-an-approver', `Only members of the group ${gate.approvers.group} decide here.`);
  }
  if (given === undefined) return undefined;
  if (gate.freshLoginMs !== undefined && nowMs - decider.authTimeMs > gate.freshLoginMs) {
    return refused('login-too-old', 'This gate wants a fresh login: sign in again, then decide.');
  }
  if (given.decision === 'approve') {
    const faults = checkEvidence(gate, given.evidence, context.targets, nowMs);
    if (faults.length > 0) return refused('evidence', 'The evidence does not suffice.', faults);
  }
  return undefined;
}

export type GateState = 'not-open' | 'open' | 'passed' | 'rejected';

export interface GateVerdict {
  readonly gate: string;
  readonly state: GateState;
  readonly approvals: number;
  readonly need: number;
  /** gates that must pass before this one opens */
  readonly waitsFor: readonly string[];
  /** a review after the work: `later` while the work is not done, then `now`; unset: effects wait for this gate */
  readonly afterwards?: 'later' | 'now';
}

/** Gates that must pass before effects are made. */
export function gatesBefore(gates: readonly GatePolicy[]): readonly GatePolicy[] {
  return gates.filter(({ afterwards }) => afterwards !== true);
}

/** Gates that review the work when it is done; the request does not end before they are decided. */
export function gatesAfterwards(gates: readonly GatePolicy[]): readonly GatePolicy[] {
  return gates.filter(({ afterwards }) => afterwards === true);
}

/** How many different persons must agree at a gate, by the risk of the plan. Risk never lowers the number. */
export function needOf(gate: GatePolicy, risk: GateContext['risk']): number {
  const { need, needAtHighRisk = need } = gate.approvers;
  return risk === 'high' ? Math.max(need, needAtHighRisk) : need;
}

/**
 * Judges all gates of a policy. One no ends it; silence never approves; votes of another epoch, of excluded persons and
 * with insufficient evidence count for nothing; a delegate and the one he stands in for count once. A gate of afterwards is
 * not open until the work is done, whatever was said before.
 * @param votes verified votes of this request, any order
 */
export function judgeGates(
  gates: readonly GatePolicy[],
  votes: readonly Vote[],
  context: GateContext,
): readonly GateVerdict[] {
  const verdicts = new Map<string, GateVerdict>();
  const judge = (gate: GatePolicy, trail: readonly string[]): GateVerdict => {
    const known = verdicts.get(gate.name);
    if (known !== undefined) return known;
    const waitsFor = gate.after.filter((name) => {
      const before = gates.find((other) => other.name === name);
      return (
        before === undefined ||
        trail.includes(name) ||
        judge(before, [...trail, gate.name]).state !== 'passed'
      );
    });
    const verdict = judgeGate(gate, votes, context, waitsFor);
    verdicts.set(gate.name, verdict);
    return verdict;
  };
  return gates.map((gate) => judge(gate, []));
}

function judgeGate(
  gate: GatePolicy,
  votes: readonly Vote[],
  context: GateContext,
  waitsFor: readonly string[],
): GateVerdict {
  const counted = votes.filter(
    (vote) => vote.gate === gate.name && vote.epoch === context.epoch && !isExcluded(context, vote.personId),
  );
  const approving = counted.filter(
    (vote) =>
      vote.decision === 'approve' &&
      (vote.actingFor === undefined || !isExcluded(context, vote.actingFor)) &&
      checkEvidence(gate, vote.evidence, context.targets, vote.atMs).length === 0,
  );
  const approvals = countPersons(approving);
  const need = needOf(gate, context.risk);
  const afterwards = gate.afterwards === true ? (context.workDone === true ? 'now' : 'later') : undefined;
  const state: GateState =
    afterwards === 'later'
      ? 'not-open'
      : counted.some((vote) => vote.decision === 'reject')
        ? 'rejected'
        : waitsFor.length > 0
          ? 'not-open'
          : approvals >= need
            ? 'passed'
            : 'open';
  return {
    gate: gate.name,
    state,
    approvals,
    need,
    waitsFor,
    ...(afterwards === undefined ? {} : { afterwards }),
  };
}

/** Four eyes: however the id is spelt. */
function isExcluded(context: GateContext, personId: string): boolean {
  return context.excluded.some((excluded) => isSamePerson(excluded, personId));
}

/** Distinct persons behind votes, where a delegate and his delegator are one. */
function countPersons(votes: readonly Vote[]): number {
  const groups: Set<string>[] = [];
  for (const vote of votes) {
    const ids = [vote.personId, ...(vote.actingFor === undefined ? [] : [vote.actingFor])].map(personIdOf);
    const touching = groups.filter((group) => ids.some((id) => group.has(id)));
    const merged = new Set([...ids, ...touching.flatMap((group) => [...group])]);
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.length;
}

/**
 * True when every gate has passed that effects wait for. A policy without such gates never passes by accident: it needs at
 * least one.
 */
export function allPassed(verdicts: readonly GateVerdict[]): boolean {
  const before = verdicts.filter(({ afterwards }) => afterwards === undefined);
  return before.length > 0 && before.every((verdict) => verdict.state === 'passed');
}
