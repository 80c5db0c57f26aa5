/** Checks the signed documents of a bundle: request, policy, plans, decisions. */
import { type BoundVote, bindVote } from '../domain/bound-vote.js';
import type { LedgerEntry } from '../domain/ledger.js';
import { entriesOfType } from '../domain/record.js';
import { type BundleCheck, checkOf, type OpenedBundle, revokedBefore } from './bundle-check.js';
import { sha256 } from './entry-hash.js';

/** A vote and the position of its entry: what came later did not permit what came earlier. */
export interface PlacedVote extends BoundVote {
  readonly seq: number;
}

/** The request's text against its hash, and the hash against its signature. */
export async function checkRequest(opened: OpenedBundle): Promise<BundleCheck> {
  const { record, tools, bundle } = opened;
  const { accepted, request } = record;
  const faults: string[] = [];
  if (sha256(accepted.body.document) !== accepted.body.requestHash) {
    faults.push('the request does not match its hash');
  }
  if (request.requestId !== bundle.requestId) faults.push('the document is that of another request');
  if (tools.digestOf(request.content) !== request.contentHash) {
    faults.push('the content does not match its hash');
  }
  try {
    const claims = await tools.signatures.request(accepted.body.envelope, {
      recordedAt: accepted.at,
      revoked: revokedBefore(opened, accepted.seq),
    });
    const bound =
      claims.requestId === request.requestId &&
      claims.requestHash === accepted.body.requestHash &&
      claims.contentHash === request.contentHash &&
      claims.workflowId === request.workflowId;
    if (!bound) faults.push('the signature of the request is for another request');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push(`the request is not signed as it must be: ${error.message}`);
  }
  return checkOf('request', faults, `signed at intake, for ${request.content.targets.length} targets`);
}

/** The policy that was pinned at intake is the one that the request names. */
export function checkPolicy({ record }: OpenedBundle): BundleCheck {
  const { pinned, request } = record;
  const digest = sha256(pinned.body.document);
  const faults = [
    ...(digest === pinned.body.digest ? [] : ['the pinned policy does not match its digest']),
    ...(digest === request.policy.digest ? [] : ['the pinned policy is not the one that the request names']),
  ];
  return checkOf(
    'policy',
    faults,
    `${record.policy.metadata.name}, ${record.policy.spec.gates.length} gates`,
  );
}

/** Each plan against its digest; epochs rise by one. */
export function checkPlans({ record, tools }: OpenedBundle): BundleCheck {
  const faults = record.plans.flatMap(({ seq, body }, i) => [
    ...(tools.digestOf(body.plan) === body.digest
      ? []
      : [`the plan of entry ${seq} does not match its digest`]),
    ...(body.epoch === i + 1 && body.plan.epoch === body.epoch ? [] : [`entry ${seq} is of a wrong epoch`]),
    ...(body.plan.requestId === record.requestId ? [] : [`the plan of entry ${seq} is for another request`]),
  ]);
  return checkOf('plans', faults, `${record.plans.length} recorded`);
}

/**
 * Every decision, yes and no: its signature, and that it is bound to this request, plan, policy, gate and epoch.
 * @returns the votes that verified, for the checks of gates and effects
 */
export async function checkDecisions(
  opened: OpenedBundle,
): Promise<{ readonly check: BundleCheck; readonly votes: readonly PlacedVote[] }> {
  const votes: PlacedVote[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const entry of entriesOfType(opened.record.entries, 'decision.made')) {
    const { gate, epoch, personId, jti } = entry.body;
    const vote = await verifiedVote(opened, entry);
    if (typeof vote === 'string') faults.push(`the decision of entry ${entry.seq} ${vote}`);
    else votes.push({ ...vote, seq: entry.seq });
    for (const once of [`${gate} ${epoch} ${personId}`, jti]) {
      if (seen.has(once)) faults.push(`the decision of entry ${entry.seq} is a second vote`);
      seen.add(once);
    }
  }
  return { votes, check: checkOf('decisions', faults, `${votes.length} signed and bound to this request`) };
}

async function verifiedVote(
  opened: OpenedBundle,
  entry: LedgerEntry<'decision.made'>,
): Promise<BoundVote | string> {
  const { record, tools } = opened;
  try {
    const context = { recordedAt: entry.at, revoked: revokedBefore(opened, entry.seq) };
    const claims = await tools.signatures.decision(entry.body.envelope, context);
    const vote = bindVote(record, entry, claims);
    return typeof vote === 'string' ? `is bound to another ${vote}` : vote;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `is not signed as it must be: ${error.message}`;
  }
}
