/** Typed errors of the ledger. None carries a connection string, a password or the text of an entry. */

/** The database cannot be reached or was interrupted. What was asked may or may not have happened: ask again. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';

  constructor(operation: string, why: string) {
    super(`ledger: ${operation}: ${why}. Nothing is lost: try again when the database answers.`);
  }
}

/** Reasons of `LedgerRefused`; stable words for programs. */
export const REFUSALS = [
  'unknown-request',
  'ended',
  'revoked',
  'wrong-epoch',
  'contradiction',
  'not-reserved',
  'malformed',
  'waits',
  'shadow',
  'forbidden',
  'append-only',
] as const;
export type RefusalReason = (typeof REFUSALS)[number];

/** The ledger's rules say no. Asking again gives the same answer. */
export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused';
  readonly reason: RefusalReason;

  constructor(operation: string, reason: RefusalReason, message: string) {
    super(`ledger: ${operation} refused (${reason}): ${message}`);
    this.reason = reason;
  }
}

/** What was read back is not what may stand there: edited by hand, or written by a newer version. */
export class LedgerCorrupt extends Error {
  override readonly name = 'LedgerCorrupt';
  /** what is wrong where, e.g. `entry 12 does not match its hash` */
  readonly what: string;
  /** an entry that was changed after it was appended */
  readonly isEdited: boolean;

  constructor(what: string, isEdited = false) {
    super(`ledger: ${what}. Stop and run the verification of the chain before anything is decided on it.`);
    this.what = what;
    this.isEdited = isEdited;
  }
}

/** Login, rights, address or migrations are wrong: a person must put it right. */
export class LedgerMisconfigured extends Error {
  override readonly name = 'LedgerMisconfigured';

  constructor(operation: string, why: string) {
    super(`ledger: ${operation}: ${why}`);
  }
}
