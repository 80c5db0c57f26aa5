/**
 * Authority of a request: what the ledger holds, with every signature verified by this process's own keys (law 3). History
 * has none. The judgement itself is pure (`domain/gate-rules`).
 */
import { type BoundVote, bindVote } from '../../domain/bound-vote.js';
import type { DecisionClaims } from '../../domain/decision.js';
import { gateContextOf } from '../../domain/gate-context.js';
import { allPassed, type GateVerdict, judgeGates, type Vote } from '../../domain/gate-rules.js';
import type { LedgerEntry } from '../../domain/ledger.js';
import type { PolicyManifest } from '../../domain/manifest.js';
import { entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import { AttestationError, verifyDecision, verifyRequest } from '../../security/attestation.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import type { KeyRing } from '../../security/keyring.js';

export interface VerifiedRequest {
  readonly record: RequestRecord;
  readonly votes: readonly BoundVote[];
  /** where the chain ended before they were read: what comes after it was perhaps not judged */
  readonly judgedUpTo: number;
  /** what did not verify; each is worth an alarm */
  readonly faults: readonly string[];
}

/** Facts outside the ledger that permit an effect, looked up when it is made. */
export interface MembershipFacts {
  isMember(accountId: string, groupId: string): Promise<boolean>;
  personIdOf(accountId: string): Promise<string | null>;
}

export class Authority {
  private readonly ledger: WorkerLedger;
  private readonly ring: KeyRing;

  constructor(ledger: WorkerLedger, ring: KeyRing) {
    this.ledger = ledger;
    this.ring = ring;
  }

  /**
   * Reads and verifies a request.
   * @returns null when the ledger knows no such request, or when the request itself does not verify
   * @throws LedgerUnavailable, LedgerCorrupt
   */
  async verify(requestId: string): Promise<VerifiedRequest | { readonly faults: readonly string[] }> {
    const judgedUpTo = await this.ledger.lastSeq();
    const [entries, revocations] = await Promise.all([
      this.ledger.entriesOf(requestId),
      this.ledger.revokedKeys(),
    ]);
    const record = recordOf(entries);
    if (record === null) return { faults: ['the ledger knows no such request'] };
    const ring = this.ring.withRevocations(revocations);
    const requestFault = await this.requestFault(record, ring);
    if (requestFault !== undefined) return { faults: [requestFault] };

    const votes: BoundVote[] = [];
    const faults: string[] = [];
    for (const entry of entriesOfType(entries, 'decision.made')) {
      const vote = await verifiedVote(record, entry, ring);
      if (typeof vote === 'string') faults.push(`decision ${entry.body.jti}: ${vote}`);
      else votes.push(vote);
    }
    return { record, votes, faults, judgedUpTo };
  }

  private async requestFault(record: RequestRecord, ring: KeyRing): Promise<string | undefined> {
    const { accepted, pinned, request, plans } = record;
    if (digest(accepted.body.document) !== accepted.body.requestHash)
      return 'the request does not match its hash';
    if (digest(pinned.body.document) !== request.policy.digest)
      return 'the pinned policy does not match the request';
    const last = plans.at(-1);
    if (last !== undefined && digest(canonicalJson(last.body.plan)) !== last.body.digest) {
      return 'the plan does not match its digest';
    }
    try {
      const claims = await verifyRequest(accepted.body.envelope, ring, { recordedAt: accepted.at });
      const bound =
        claims.requestId === record.requestId &&
        claims.requestHash === accepted.body.requestHash &&
        claims.workflowId === request.workflowId &&
        request.requestId === record.requestId;
      return bound ? undefined : 'the signature of the request is for another request';
    } catch (error) {
      if (error instanceof AttestationError)
        return `the request is not signed as it must be: ${error.message}`;
      throw error;
    }
  }
}

async function verifiedVote(
  record: RequestRecord,
  entry: LedgerEntry<'decision.made'>,
  ring: KeyRing,
): Promise<BoundVote | string> {
  let claims: DecisionClaims;
  try {
    claims = await verifyDecision(entry.body.envelope, ring, { recordedAt: entry.at });
  } catch (error) {
    if (error instanceof AttestationError) return error.message;
    throw error;
  }
  const vote = bindVote(record, entry, claims);
  return typeof vote === 'string' ? `it is bound to another ${vote}` : vote;
}

/** Verdicts on the gates under the pinned policy. */
export function gateVerdicts(
  request: VerifiedRequest,
  votes: readonly Vote[] = request.votes,
): readonly GateVerdict[] {
  const { record } = request;
  return judgeGates(record.policy.spec.gates, votes, gateContextOf(record));
}

/**
 * Whether the gates permit effects: under the policy that was pinned at intake and under the one in force now, so that a
 * change never lowers the bar of gates that are open, and a stricter policy counts at once.
 * @returns undefined when they do, else the reason
 */
export function gateRefusal(
  request: VerifiedRequest,
  votes: readonly Vote[],
  inForce: PolicyManifest | undefined,
): string | undefined {
  const { record } = request;
  if (inForce === undefined) return 'no policy is in force for this';
  const verdicts = gateVerdicts(request, votes);
  if (!allPassed(verdicts)) return refusalOf(verdicts);
  const strengthened = inForce.spec.gates.filter(
    (gate) => !record.policy.spec.gates.some((pinned) => pinned.name === gate.name),
  );
  if (strengthened.length > 0) {
    return `the policy now has the gate ${strengthened.map((gate) => gate.name).join(', ')}: cancel and ask again`;
  }
  const now = judgeGates(inForce.spec.gates, votes, gateContextOf(record));
  return allPassed(now) ? undefined : `under the policy in force now, ${refusalOf(now)}`;
}

function refusalOf(verdicts: readonly GateVerdict[]): string {
  const open = verdicts.filter((verdict) => verdict.state !== 'passed');
  return open.length === 0
    ? 'the policy has no gate'
    : open
        .map(
          (verdict) => `gate ${verdict.gate} is ${verdict.state} (${verdict.approvals} of ${verdict.need})`,
        )
        .join(', ');
}
