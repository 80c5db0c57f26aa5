/** What a check of a bundle gets and gives. */
import type { CheckpointClaims, RequestClaims } from '../domain/attestation.js';
import type { DecisionClaims } from '../domain/decision.js';
import type { LedgerEntry } from '../domain/ledger.js';
import type { RequestRecord } from '../domain/record.js';
import type { Bundle } from './bundle.js';
import type { Checkpoint } from './ports.js';

/** What a signature is judged by beside the keys. */
export interface SignatureContext {
  /** ledger time of the entry that holds the envelope; absent for checkpoints, whose time nobody vouches for */
  readonly recordedAt?: string;
  /** keys that the ledger had revoked before that entry, as far as the bundle reaches: key id to ledger time */
  readonly revoked: ReadonlyMap<string, string>;
}

/** Verifies envelopes with pinned public keys; rejects with an `Error` whose message says why. */
export interface SignatureVerifier {
  request(envelope: string, context: SignatureContext): Promise<RequestClaims>;
  decision(envelope: string, context: SignatureContext): Promise<DecisionClaims>;
  checkpoint(envelope: string, context: SignatureContext): Promise<CheckpointClaims>;
}

export interface VerificationTools {
  readonly signatures: SignatureVerifier;
  /** SHA-256 (hex) over the canonical JSON text of a value */
  readonly digestOf: (value: unknown) => string;
  /** checkpoints that the verifier got from elsewhere, e.g. a Git project or a mail */
  readonly witnesses?: readonly Checkpoint[];
}

export interface BundleCheck {
  /** `form`, `chain`, `checkpoint`, `witnesses`, `request`, `policy`, `plans`, `decisions`, `gates`, `effects`, `ending` */
  readonly check: string;
  readonly ok: boolean;
  /** what was found, for people; for a failed check: everything that is wrong, and what to do */
  readonly detail: string;
  /** of `checkpoint`: how far the evidence reaches; it says nothing about what came later */
  readonly asOf?: AsOf;
}

/** A position of the chain, and the ledger's time when it was signed. */
export interface AsOf {
  readonly seq: number;
  /** ISO 8601, UTC */
  readonly at: string;
}

/** A bundle that was read whole: the record is built from its entries. */
export interface OpenedBundle {
  readonly bundle: Bundle;
  readonly record: RequestRecord;
  /** hash by position, made anew from what the bundle holds */
  readonly hashes: ReadonlyMap<number, string>;
  readonly revocations: readonly LedgerEntry<'key.revoked'>[];
  readonly tools: VerificationTools;
}

/** A check from its faults: ok when there are none. */
export function checkOf(check: string, faults: readonly string[], detail: string): BundleCheck {
  return faults.length === 0 ? { check, ok: true, detail } : failed(check, faults);
}

/** A check that failed, with everything that is wrong. */
export function failed(check: string, faults: readonly string[]): BundleCheck {
  return { check, ok: false, detail: faults.join('; ') };
}

/** Keys revoked before a position of the chain. Positions and not times: two entries can be of one millisecond. */
export function revokedBefore({ revocations }: OpenedBundle, seq: number): ReadonlyMap<string, string> {
  return new Map(
    revocations.filter((entry) => entry.seq < seq).map((entry) => [entry.body.kid, entry.at] as const),
  );
}
