/**
 * The entries of the ledger: the append-only record outside Temporal and the source of authority. Bodies hold opaque ids
 * and salted hashes only.
 */
import type { Verdict } from './decision.js';
import type { FailureReport } from './failure.js';
import type { CommandName } from './messages.js';
import type { Plan, PlanTotals } from './plan.js';
import type { HoldScope } from './promotion/holds.js';
import type { Stray } from './promotion/strays.js';
import type { Actor, PersonalRef } from './request.js';

export type EffectOutcome = 'created' | 'adopted' | 'changed' | 'unchanged';

export const REQUEST_OUTCOMES = [
  'done',
  'failed',
  'rolled-back',
  /** it was in shadow, and has said all that it saw */
  'shadowed',
  'rejected',
  'refused',
  'expired',
  'cancelled',
  'revoked',
] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** What an effect read back from its system: natural keys, ids and versions; never a secret. */
export type ReadBack = Readonly<Record<string, string | number | boolean>>;

export interface EntryBodies {
  /** `document` is the canonical JSON text of the request; `envelope` a JWS over its hash */
  readonly 'request.accepted': {
    readonly requestHash: string;
    readonly contentHash: string;
    readonly workflowId: string;
    readonly kind: string;
    readonly document: string;
    readonly envelope: string;
  };
  /** it waits for its turn: another request of its workflow id was open; `behind` is the one that it came directly after */
  readonly 'request.queued': { readonly behind: string; readonly goesFirst: boolean };
  /** the one before it has ended: it is planned now */
  readonly 'turn.given': Readonly<Record<never, never>>;
  /** the text of the policy that was in force at intake, so that later changes never lower the bar */
  readonly 'policy.pinned': { readonly name: string; readonly digest: string; readonly document: string };
  readonly 'plan.recorded': {
    readonly epoch: number;
    readonly digest: string;
    readonly totals: PlanTotals;
    readonly plan: Plan;
  };
  /** times are the workflow's, so that a year can pass in a test; `at` of the entry is the database's */
  readonly 'gate.opened': {
    readonly gate: string;
    readonly epoch: number;
    readonly openedAt: string;
    readonly due?: string;
  };
  readonly 'gate.reminded': {
    readonly gate: string;
    readonly epoch: number;
    readonly kind: 'opened' | 'reminder' | 'escalation';
    readonly number: number;
  };
  readonly 'gate.closed': {
    readonly gate: string;
    readonly epoch: number;
    readonly result: 'passed' | 'rejected' | 'expired';
  };
  readonly 'decision.made': {
    readonly gate: string;
    readonly epoch: number;
    readonly decision: Verdict;
    readonly personId: string;
    readonly jti: string;
    readonly envelope: string;
    /** the approver's words, in the erasable table; the claims hold the SHA-256 of this reference as `commentHash` */
    readonly comment?: PersonalRef;
  };
  readonly 'effect.reserved': { readonly key: string; readonly epoch: number; readonly system: string };
  readonly 'effect.completed': {
    readonly key: string;
    readonly epoch: number;
    readonly system: string;
    readonly outcome: EffectOutcome;
    readonly readBack: ReadBack;
  };
  /** something that was only observed: a sync, a verification */
  readonly 'check.passed': { readonly key: string; readonly system: string; readonly readBack: ReadBack };
  readonly 'target.started': { readonly target: string };
  readonly 'target.ended': {
    readonly target: string;
    readonly outcome: 'done' | 'failed' | 'skipped' | 'cancelled';
    readonly failure?: FailureReport;
  };
  readonly 'request.started': { readonly targets: number };
  readonly 'request.ended': { readonly outcome: RequestOutcome; readonly message: string };
  readonly 'request.revoked': { readonly by: Actor };
  readonly 'command.given': {
    readonly commandId: string;
    readonly command: CommandName;
    readonly targets: readonly string[];
    readonly by: Actor;
  };
  /** changes stop for everything, an application or an environment, until somebody releases them */
  readonly 'hold.placed': {
    readonly holdId: string;
    readonly scope: HoldScope;
    readonly by?: Actor;
    /** request whose rollback placed it */
    readonly cause?: string;
    readonly reason?: PersonalRef;
  };
  readonly 'hold.released': { readonly holdId: string; readonly by: Actor };
  readonly 'alarm.raised': {
    readonly alarm: AlarmName;
    readonly detail: string;
    readonly count: number;
    /** of `changed-around-the-path`: which commit */
    readonly stray?: Stray;
  };
  /** a branch that production reads was judged up to this commit; `after`: where the look began, unset at the first one */
  readonly 'ref.judged': {
    readonly project: string;
    readonly branch: string;
    readonly commit: string;
    readonly after?: string;
  };
  /** owners and operators were told of a commit that came round the path */
  readonly 'stray.told': { readonly project: string; readonly branch: string; readonly commit: string };
  /** a call that the API refused: unauthenticated, unauthorised, or a decision that the policy forbids */
  readonly 'call.refused': {
    readonly route: string;
    readonly status: number;
    readonly reason: string;
    readonly by?: Actor;
    /** how many alike in the same minute; absent: one */
    readonly count?: number;
  };
  readonly 'key.revoked': { readonly kid: string };
  /** payloads decoded for the Temporal UI: how many and by whom, never what */
  readonly 'payloads.decoded': { readonly count: number; readonly by: Actor };
}

export type EntryType = keyof EntryBodies;

export type AlarmName =
  | 'decision-not-in-ledger'
  | 'decision-replayed'
  | 'command-not-in-ledger'
  | 'undecodable-message'
  | 'effect-refused'
  | 'result-contradicts-ledger'
  | 'invalid-signature'
  | 'message-flood'
  | 'changed-around-the-path'
  /** an entry that cannot be read is left out of what people see */
  | 'entry-set-apart';

/** One entry of the hash chain. `hash` covers `prevHash`, `seq`, `at`, `type`, `requestId` and the body's text (rule: `ledger/entry-hash`). */
export interface LedgerEntry<T extends EntryType = EntryType> {
  readonly seq: number;
  /** ISO 8601, UTC, set by the database */
  readonly at: string;
  readonly type: T;
  readonly requestId: string | null;
  readonly body: EntryBodies[T];
  readonly prevHash: string;
  readonly hash: string;
}

/** A union that narrows on `type`. */
export type AnyEntry = { [T in EntryType]: LedgerEntry<T> }[EntryType];
