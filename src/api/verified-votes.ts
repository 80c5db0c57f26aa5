/** Votes of a request whose signatures hold, so that what people are shown is what the guard of effects will count. */
import { type BoundVote, bindVote } from '../domain/bound-vote.js';
import type { LedgerEntry } from '../domain/ledger.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { AttestationError, verifyDecision } from '../security/attestation.js';
import type { KeyRing } from '../security/keyring.js';

/** @param ring with the ledger's revocations in it */
export async function verifiedVotes(record: RequestRecord, ring: KeyRing): Promise<readonly BoundVote[]> {
  const votes = await Promise.all(
    entriesOfType(record.entries, 'decision.made').map((entry) => voteOf(record, entry, ring)),
  );
  return votes.filter((vote) => vote !== undefined);
}

async function voteOf(
  record: RequestRecord,
  entry: LedgerEntry<'decision.made'>,
  ring: KeyRing,
): Promise<BoundVote | undefined> {
  try {
    const claims = await verifyDecision(entry.body.envelope, ring, { recordedAt: entry.at });
    const vote = bindVote(record, entry, claims);
    return typeof vote === 'string' ? undefined : vote;
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}
