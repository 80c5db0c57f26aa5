/** Decisions of people at gates: the signed claims and what the ledger keeps of them. */
import type { EvidenceName } from './manifest.js';

/** `typ` of the compact JWS of a decision; verifiers accept this value only. */
export const DECISION_TYP = 'gatehouse-decision+jws';
/** `typ` of the compact JWS over an accepted request. */
export const REQUEST_TYP = 'gatehouse-request+jws';
/** `typ` of the compact JWS over a checkpoint of the ledger. */
export const CHECKPOINT_TYP = 'gatehouse-checkpoint+jws';

export type Verdict = 'approve' | 'reject';

/** Evidence values as text; dates `YYYY-MM-DD`, licences a whole number, links absolute https. */
export type Evidence = Readonly<Partial<Record<EvidenceName, string>>>;

/** Claims of the attestation (design, section 5). Times are ISO 8601 in UTC. */
export interface DecisionClaims {
  readonly version: 1;
  readonly requestId: string;
  readonly requestHash: string;
  readonly planDigest: string;
  readonly policyDigest: string;
  readonly workflowId: string;
  readonly gate: string;
  readonly epoch: number;
  readonly decision: Verdict;
  readonly narrowedTo?: string;
  readonly evidence: Evidence;
  readonly approver: {
    readonly issuer: string;
    readonly subject: string;
    /** the directory's id of the account that signed in */
    readonly accountId: string;
    /** the directory's person id: the same for all accounts of one person */
    readonly personId: string;
    /** a person for whom this one stands in; both count once */
    readonly actingFor?: string;
  };
  /** salted hash of the comment, whose text is in the erasable table */
  readonly commentHash?: string;
  /** seconds since the epoch when the approver last proved who he is */
  readonly authTime: number;
  readonly jti: string;
  readonly issuedAt: string;
}

/** Body of the signal that tells a workflow of a decision. The ledger's entry is the decision; this is only news of it. */
export interface DecisionNotice {
  readonly jti: string;
  readonly envelope: string;
}
