/** Signed claims beside those of a decision: over an accepted request and over a checkpoint of the ledger. */

/** Claims that the API signs at intake. Times are ISO 8601 in UTC. */
export interface RequestClaims {
  readonly version: 1;
  readonly requestId: string;
  /** SHA-256 of the canonical text of the request, which the ledger keeps as it is */
  readonly requestHash: string;
  readonly contentHash: string;
  readonly workflowId: string;
  readonly acceptedAt: string;
}

/** Claims over the ledger's chain up to one entry: whoever keeps it notices a cut tail or a rewritten line. */
export interface CheckpointClaims {
  readonly version: 1;
  /** sequence number of the last entry it covers */
  readonly seq: number;
  /** hash of that entry */
  readonly hash: string;
  /** time of the database when it was made */
  readonly at: string;
}

/** What a signing key may sign. A key is for one use only. */
export type KeyUse = 'decision' | 'request' | 'checkpoint';

/** Why an envelope was refused. */
export type AttestationRefusal =
  | 'malformed'
  | 'wrong-alg'
  | 'unknown-key'
  | 'revoked-key'
  | 'wrong-typ'
  | 'bad-signature';
