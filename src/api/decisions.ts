/** A person's decision at a gate: judged by the rules, attested, appended. The append is the decision. */
import type { DecisionClaims, Evidence, Verdict } from '../domain/decision.js';
import { gateContextOf } from '../domain/gate-context.js';
import { refuseDecision } from '../domain/gate-rules.js';
import type { Identity } from '../domain/identity.js';
import { actorOf } from '../domain/identity.js';
import type { GatePolicy } from '../domain/manifest.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../domain/record.js';
import type { ApiLedger, DecisionResult } from '../ledger/ports.js';
import { recordOf } from '../ledger/record.js';
import { signDecision } from '../security/attestation.js';
import { digest } from '../security/canonical.js';
import type { Signer } from '../security/signer.js';
import { newId } from './new-ids.js';
import { decisionMessage } from './outbox-messages.js';
import { Problem } from './problems.js';
import type { RequestReader } from './request-reader.js';
import type { Roles } from './roles.js';

export interface GivenDecision {
  readonly decision: Verdict;
  /** what the approver was shown; anything else than what is asked now is refused */
  readonly epoch: number;
  readonly planDigest: string;
  readonly evidence: Evidence;
  readonly comment?: string;
}

export interface RecordedDecision {
  readonly jti: string;
  readonly decision: Verdict;
  /** position in the ledger */
  readonly seq: number;
  /** false: the same decision of this person was there already */
  readonly isNew: boolean;
}

export interface DecidingDependencies {
  readonly ledger: ApiLedger;
  readonly signer: Signer;
  readonly reader: RequestReader;
  readonly roles: Roles;
  readonly now: () => number;
}

export class Deciding {
  private readonly deps: DecidingDependencies;

  constructor(deps: DecidingDependencies) {
    this.deps = deps;
  }

  /**
   * Says whether a decision would be taken, and records nothing: a form asks before the last question.
   * @param record a request that the caller may see
   * @throws Problem as `decide`
   */
  async check(
    record: RequestRecord,
    gateName: string,
    identity: Identity,
    given: GivenDecision,
  ): Promise<void> {
    await this.judge(record, gateOf(record, gateName), identity, given);
  }

  /**
   * Records a decision.
   * @param record a request that the caller may see
   * @throws Problem `not-found` (no such gate), `not-a-person`, `four-eyes`, `not-an-approver`, `login-too-old`,
   *   `invalid-evidence`, `outdated`, `unsound`, `gate-closed`, `already-decided`; LedgerUnavailable
   */
  async decide(
    record: RequestRecord,
    gateName: string,
    identity: Identity,
    given: GivenDecision,
  ): Promise<RecordedDecision> {
    const gate = gateOf(record, gateName);
    const { plan, repeated } = await this.judge(record, gate, identity, given);
    if (repeated !== undefined) return repeated;

    const { ledger, signer } = this.deps;
    const comment =
      given.comment === undefined
        ? undefined
        : (await ledger.keepPersonal(record.requestId, [given.comment]))[0];
    const claims: DecisionClaims = {
      version: 1,
      requestId: record.requestId,
      requestHash: record.accepted.body.requestHash,
      planDigest: plan.digest,
      policyDigest: record.request.policy.digest,
      workflowId: record.request.workflowId,
      gate: gate.name,
      epoch: plan.epoch,
      decision: given.decision,
      evidence: given.decision === 'approve' ? wanted(gate, given.evidence) : {},
      approver: {
        issuer: identity.issuer,
        subject: identity.subject,
        accountId: identity.accountId,
        personId: identity.personId,
      },
      ...(comment === undefined ? {} : { commentHash: digest(comment) }),
      authTime: identity.authTime,
      jti: newId(),
      issuedAt: new Date(this.deps.now()).toISOString(),
    };
    const envelope = await signDecision(claims, signer);
    const result = await ledger.recordDecision(
      record.requestId,
      {
        gate: gate.name,
        epoch: plan.epoch,
        decision: given.decision,
        personId: actorOf(identity).id,
        jti: claims.jti,
        envelope,
        ...(comment === undefined ? {} : { comment }),
      },
      decisionMessage({ workflowId: record.request.workflowId, jti: claims.jti, envelope }),
    );
    const recorded = recordedOrProblem(result);
    if (recorded === undefined)
      return await this.recordedMeanwhile(record, gate, plan.epoch, identity, given);
    return { jti: claims.jti, decision: given.decision, ...recorded };
  }

  /** The same person was faster in another window: the same decision is answered with the one that is recorded. */
  private async recordedMeanwhile(
    { requestId }: RequestRecord,
    gate: GatePolicy,
    epoch: number,
    { personId }: Identity,
    given: GivenDecision,
  ): Promise<RecordedDecision> {
    const now = recordOf(await this.deps.ledger.entriesOf(requestId));
    const known = now === null ? undefined : ownDecision(now, gate, epoch, personId);
    if (known === undefined) {
      throw new Problem('already-decided', 'You have decided at this gate in another window.');
    }
    return repeatOf(known, given);
  }

  private async judge(
    record: RequestRecord,
    gate: GatePolicy,
    identity: Identity,
    given: GivenDecision,
  ): Promise<{
    readonly plan: { readonly epoch: number; readonly digest: string };
    readonly repeated?: RecordedDecision;
  }> {
    this.refuseUnlessAllowed(record, gate, identity, given);
    const plan = this.currentOrOutdated(record, gate, given);
    await this.refuseUnlessSound(record);
    const known = ownDecision(record, gate, plan.epoch, identity.personId);
    if (known !== undefined) return { plan, repeated: repeatOf(known, given) };
    await this.refuseUnlessOpen(record, gate);
    return { plan };
  }

  private refuseUnlessAllowed(
    record: RequestRecord,
    gate: GatePolicy,
    identity: Identity,
    given: GivenDecision,
  ): void {
    const refused = refuseDecision(
      gate,
      this.deps.roles.decidingGroups(record, gate),
      gateContextOf(record, given.epoch),
      {
        kind: identity.kind,
        personId: identity.personId,
        groups: identity.groups,
        authTimeMs: identity.authTime * 1_000,
      },
      given,
      this.deps.now(),
    );
    if (refused === undefined) return;
    if (refused.refusal === 'evidence') {
      throw new Problem('invalid-evidence', refused.message, {
        faults: refused.faults.map(({ name, message }) => ({ place: `evidence.${name}`, message })),
      });
    }
    throw new Problem(refused.refusal, refused.message);
  }

  private currentOrOutdated(
    record: RequestRecord,
    gate: GatePolicy,
    given: GivenDecision,
  ): { readonly epoch: number; readonly digest: string } {
    const plan = currentPlan(record);
    if (plan === undefined)
      throw new Problem('gate-closed', 'Nothing is planned yet, so nothing is asked yet.');
    if (plan.epoch === given.epoch && plan.digest === given.planDigest) return plan;
    const changed =
      plan.epoch === given.epoch
        ? 'The plan that you read is not the plan of this request.'
        : `You read epoch ${given.epoch}, now epoch ${plan.epoch} is asked: the plan was made anew.`;
    throw new Problem('outdated', changed, {
      current: { epoch: plan.epoch, planDigest: plan.digest, state: gate.name },
    });
  }

  /** A worker that lies about a plan must not get a signature over what nobody read. */
  private async refuseUnlessSound(record: RequestRecord): Promise<void> {
    const fault = await this.deps.reader.unsound(record);
    if (fault === undefined) return;
    await this.deps.ledger.raiseAlarm(record.requestId, {
      alarm: 'result-contradicts-ledger',
      detail: fault,
      count: 1,
    });
    throw new Problem('unsound', `This cannot be decided: ${fault}.`);
  }

  private async refuseUnlessOpen(record: RequestRecord, gate: GatePolicy): Promise<void> {
    const { gates, status } = await this.deps.reader.statusOf(record);
    const state = gates.find((other) => other.gate === gate.name)?.state ?? 'not-open';
    if (entriesOfType(record.entries, 'request.ended').length > 0) {
      throw new Problem('ended', `The request has ended: ${status}.`);
    }
    if (state !== 'open') throw new Problem('gate-closed', `The gate ${gate.name} is ${state}.`);
  }
}

/** The gate of a request's pinned policy. @throws Problem `not-found` */
export function gateOf(record: RequestRecord, name: string): GatePolicy {
  const gate = record.policy.spec.gates.find((other) => other.name === name);
  if (gate === undefined) throw new Problem('not-found', 'The request has no such gate.');
  return gate;
}

/** What this person has decided at a gate and epoch, if anything. */
export function ownDecision(
  record: RequestRecord,
  gate: GatePolicy,
  epoch: number,
  personId: string,
): { readonly seq: number; readonly jti: string; readonly decision: Verdict } | undefined {
  const entry = entriesOfType(record.entries, 'decision.made').find(
    ({ body }) => body.gate === gate.name && body.epoch === epoch && body.personId === personId,
  );
  return entry === undefined
    ? undefined
    : { seq: entry.seq, jti: entry.body.jti, decision: entry.body.decision };
}

/** A second click on the same button is the same decision; the other button is refused. */
function repeatOf(
  known: { readonly seq: number; readonly jti: string; readonly decision: Verdict },
  given: GivenDecision,
): RecordedDecision {
  if (known.decision !== given.decision) {
    throw new Problem('already-decided', `You have decided "${known.decision}" at this gate.`);
  }
  return { ...known, isNew: false };
}

/** @returns undefined when this person has decided meanwhile */
function recordedOrProblem(
  result: DecisionResult,
): { readonly seq: number; readonly isNew: boolean } | undefined {
  switch (result.state) {
    case 'recorded':
      return { seq: result.seq, isNew: true };
    case 'same':
      return { seq: result.seq, isNew: false };
    case 'already-voted':
      return undefined;
    case 'closed':
      throw new Problem('gate-closed', 'The gate closed just now.');
    case 'superseded':
      throw new Problem('outdated', 'The plan was made anew just now.');
  }
}

/** Only what the policy wants is signed. */
function wanted(gate: GatePolicy, evidence: Evidence): Evidence {
  return Object.fromEntries(
    gate.evidence.flatMap((name) => (evidence[name] === undefined ? [] : [[name, evidence[name].trim()]])),
  );
}
