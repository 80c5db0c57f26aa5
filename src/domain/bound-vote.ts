/**
 * From a verified envelope to a vote: it counts only for the very request, plan, policy, gate and epoch that it names. One
 * rule for the guard of effects, the API's lists and the offline verification.
 */
import type { DecisionClaims } from './decision.js';
import type { Vote } from './gate-rules.js';
import type { LedgerEntry } from './ledger.js';
import type { RequestRecord } from './record.js';

/** A vote with the account that signed in, by which membership is looked up. */
export interface BoundVote extends Vote {
  readonly accountId: string;
}

/**
 * @param entry the decision as the ledger holds it
 * @param claims of its envelope, whose signature was verified before
 * @returns the vote, or a word for what the envelope is bound to instead, e.g. `plan`
 */
export function bindVote(
  record: RequestRecord,
  entry: LedgerEntry<'decision.made'>,
  claims: DecisionClaims,
): BoundVote | string {
  const { body } = entry;
  const plan = record.plans.find((recorded) => recorded.body.epoch === claims.epoch);
  if (claims.requestId !== record.requestId) return 'request';
  if (claims.requestHash !== record.accepted.body.requestHash) return 'content of the request';
  if (claims.planDigest !== plan?.body.digest) return 'plan';
  if (claims.policyDigest !== record.request.policy.digest) return 'policy';
  if (claims.workflowId !== record.request.workflowId) return 'workflow';
  if (claims.gate !== body.gate) return 'gate';
  if (claims.epoch !== body.epoch) return 'epoch';
  if (claims.decision !== body.decision || claims.jti !== body.jti) return 'decision';
  if (claims.approver.personId !== body.personId) return 'person';
  return {
    gate: claims.gate,
    epoch: claims.epoch,
    decision: claims.decision,
    personId: claims.approver.personId,
    accountId: claims.approver.accountId,
    ...(claims.approver.actingFor === undefined ? {} : { actingFor: claims.approver.actingFor }),
    evidence: claims.evidence,
    atMs: Date.parse(entry.at),
  };
}
