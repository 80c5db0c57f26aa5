/**
 * The classes of trouble (law 5): every failure names the system, the operation, the object and the remedy.
 * Pure data: systems throw `SystemError`, activities map it to Temporal's failures by `retryOf`.
 */

/** External products that Gatehouse speaks to. One word per system, used in queues, logs, metrics and errors. */
export const SYSTEMS = [
  'otterize',
  'directory',
  'key-vault',
  'vault',
  'gitlab',
  'kubernetes',
  'argocd',
  'flux',
  'registry',
  'harbor',
  'kustomize',
  'helm',
  'servicenow',
  'http-check',
  'prometheus',
  'external-secrets',
  'notifications',
] as const;
export type SystemName = (typeof SYSTEMS)[number];

/**
 * What kind of answer a system gave:
 * - `throttled` 429, or 503 with Retry-After
 * - `unavailable` connection refused or cut, 408, 5xx: whether the effect happened is unknown, reading tells
 * - `malformed` an answer that is not of the vendor's shape
 * - `unauthenticated` 401, an expired or wrong credential: provider-wide
 * - `forbidden` 403
 * - `not-found` 404
 * - `busy` the object is in the middle of a change of its own (being deleted, recovered, upgraded): ask again later
 * - `conflict` 409, a name taken, a stale version, a check-and-set that did not match: resolve by reading
 * - `invalid` 400, 422 and everything else that will not get better by itself
 */
export type TroubleKind =
  | 'throttled'
  | 'unavailable'
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'busy'
  | 'conflict'
  | 'invalid';

/** How a retry policy treats a kind of trouble. */
export type RetryClass = 'server-delay' | 'own-delay' | 'resolve-by-reading' | 'final';

/** Provider-wide trouble pauses a rollout and costs no failure budget; a target's own trouble counts. */
export type TroubleScope = 'provider' | 'target';

export interface SystemTrouble {
  readonly system: SystemName;
  /** verb and noun as the vendor names it, e.g. `create organization` */
  readonly operation: string;
  /** the object by its natural key, e.g. `harbour-01-dev`; never a secret */
  readonly object: string;
  readonly kind: TroubleKind;
  readonly status?: number;
  /** the vendor's error code, e.g. `ObjectIsDeletedButRecoverable` */
  readonly code?: string;
  readonly retryAfterMs?: number;
  /** short and free of secrets: made by us, never copied whole from a client library */
  readonly message: string;
  /** what the reader should do next */
  readonly remedy: string;
}

/** Thrown by every client in `systems`. Has no `cause` on purpose: causes of client libraries carry tokens. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly trouble: SystemTrouble;

  constructor(trouble: SystemTrouble) {
    super(`${trouble.system}: ${trouble.operation} ${trouble.object}: ${trouble.message}`);
    this.trouble = trouble;
  }
}

/** Maps a kind of trouble to its retry class (reference: saas-apis, section 9). */
export function retryOf(kind: TroubleKind): RetryClass {
  switch (kind) {
    case 'throttled':
      return 'server-delay';
    case 'unavailable':
    case 'malformed':
    case 'busy':
      return 'own-delay';
    case 'conflict':
      return 'resolve-by-reading';
    case 'unauthenticated':
    case 'forbidden':
    case 'not-found':
    case 'invalid':
      return 'final';
  }
}

/** 401, 429 and failing servers are the provider's trouble, all else is the target's own (law 5). */
export function scopeOf(kind: TroubleKind): TroubleScope {
  return kind === 'unauthenticated' || kind === 'throttled' || kind === 'unavailable' ? 'provider' : 'target';
}

/**
 * Kinds of failure that end an activity for good, as they appear in Temporal (`ApplicationFailure.type`, which stays in
 * clear in history, so these are constants and never interpolated).
 */
export const FAILURE = {
  /** a system said no, or said something that retrying will not change */
  system: 'SystemFailure',
  /** the provider's trouble outlived its time: pauses the rollout, costs no budget */
  provider: 'ProviderTrouble',
  /** an object with our name exists and is not ours */
  taken: 'NameTaken',
  /** the ledger does not permit the effect */
  refused: 'EffectRefused',
  /** a wait can never succeed, e.g. a sync error */
  hopeless: 'CannotSucceed',
  /** what was approved is not what would be done now: people are asked again */
  void: 'ApprovalVoid',
  /** after the merge: the delivery, a check or the soak said no */
  unverified: 'NotVerified',
  /** a check after the delivery could not say: a person decides */
  inconclusive: 'Inconclusive',
  /** a wait ran out of its time */
  overdue: 'WaitOverdue',
  /** a target (cluster) could not be finished; carries step, cause and remedy */
  target: 'TargetFailed',
  /** the input of a workflow or activity is not of its shape */
  input: 'InvalidInput',
} as const;
export type FailureType = (typeof FAILURE)[keyof typeof FAILURE];

/** The part of a failure that people read; also the `details[0]` of every ApplicationFailure that Gatehouse throws. */
export interface FailureReport {
  /** the workflow step or activity, e.g. `ensureOrganisation` */
  readonly step: string;
  readonly system: SystemName | 'gatehouse';
  readonly operation: string;
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
  readonly scope: TroubleScope;
}

/** What a vendor says beyond this, in characters, tells nobody more; the chain keeps reports for ever. */
export const MAX_REPORT_TEXT = 2_000;

/** The same report with texts that are kept and shown. */
export function withShortTexts(report: FailureReport): FailureReport {
  const short = (text: string): string =>
    text.length <= MAX_REPORT_TEXT ? text : `${text.slice(0, MAX_REPORT_TEXT - 1)}…`;
  return {
    ...report,
    operation: short(report.operation),
    object: short(report.object),
    message: short(report.message),
    remedy: short(report.remedy),
  };
}
