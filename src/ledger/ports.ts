/**
 * What the rest of Gatehouse may ask of the ledger. One interface per login role of the database, because each role may
 * execute only the functions that it needs (docs/ledger.md has the table of rights).
 *
 * Every method rejects with `LedgerUnavailable` when the database cannot be reached (try again), `LedgerRefused` when the
 * ledger's rules say no, `LedgerCorrupt` when what was read back is not what may stand there, and `LedgerMisconfigured`
 * when the connection, the rights or the migrations are wrong (errors.ts).
 */
import type { Delivery, DeliveryState, Undelivered } from '../domain/deliveries.js';
import type {
  AnyEntry,
  EffectOutcome,
  EntryBodies,
  EntryType,
  LedgerEntry,
  ReadBack,
  RequestOutcome,
} from '../domain/ledger.js';
import type { ProductionRef, Stray } from '../domain/promotion/strays.js';
import type { RequestRecord } from '../domain/record.js';
import type { PersonalRef } from '../domain/request.js';
import type { Wait } from '../domain/waits.js';

/** An entry exactly as it is kept: `body` is the JSON text that was hashed. */
export interface StoredEntry {
  readonly seq: number;
  /** ISO 8601, UTC, milliseconds */
  readonly at: string;
  readonly type: EntryType;
  readonly requestId: string | null;
  readonly body: string;
  readonly prevHash: string;
  readonly hash: string;
}

/** The last entry of the chain at one moment: what a checkpoint's claims say. An empty ledger has `seq` 0. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
  /** time of the database, ISO 8601, UTC */
  readonly at: string;
}

/** A signed statement about the chain; `envelope` is a compact JWS over `CheckpointClaims`, made by the caller. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly envelope: string;
}

export interface EntryReader {
  /** Everything of one request, oldest first; empty when the request is unknown. */
  entriesOf(requestId: string): Promise<readonly AnyEntry[]>;
}

export interface PersonalReader {
  /** Values by reference. Erased or unknown references are absent. A value that does not match its reference is `LedgerCorrupt`. */
  personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>>;
}

export interface PersonalWriter {
  /**
   * Keeps values in the erasable table and answers their references in the same order. The same value in the same
   * request has the same reference. The request need not be accepted yet.
   */
  keepPersonal(requestId: string, values: readonly string[]): Promise<readonly PersonalRef[]>;
}

export interface AlarmRaiser {
  /** Appends an alarm; `requestId` null when no known request is concerned. Never deduplicated: give counts. */
  raiseAlarm(requestId: string | null, body: EntryBodies['alarm.raised']): Promise<void>;
}

export interface KeyRevocationReader {
  /** Time of revocation (ISO 8601, UTC) by key id, from the `key.revoked` entries; the earliest where there are several. */
  revokedKeys(): Promise<ReadonlyMap<string, string>>;
}

export interface HoldReader {
  /** Holds that nobody has released, oldest first. */
  holds(): Promise<readonly LedgerEntry<'hold.placed'>[]>;
}

export interface HoldPlacer {
  /**
   * From here on no change of its scope is made. A repeat of the same id does nothing.
   * @param requestId the request that a rollback places it for; null: a person places it
   */
  placeHold(requestId: string | null, body: EntryBodies['hold.placed']): Promise<void>;
}

export interface LedgerReader extends EntryReader, PersonalReader, KeyRevocationReader, HoldReader {}

/** The chain as a whole, for auditors, bundles and progress. */
export interface ChainReader extends EntryReader {
  /** Entries with `seq > after`, oldest first, at most `limit` (1..1000). */
  storedEntriesAfter(after: number, limit: number): Promise<readonly StoredEntry[]>;
  /** Entries of one request as they are kept, oldest first. */
  storedEntriesOf(requestId: string): Promise<readonly StoredEntry[]>;
  head(): Promise<ChainHead>;
  /** The first checkpoint at or after an entry, or null when none was made yet. */
  checkpointCovering(seq: number): Promise<Checkpoint | null>;
  /** Checkpoints, newest first, at most `limit` (1..1000). */
  checkpoints(limit: number): Promise<readonly Checkpoint[]>;
}

/** Why a reservation was not given. `changed-meanwhile` means: read the entries again and judge again. */
export type ReservationRefusal =
  | 'unknown-request'
  | 'shadow'
  | 'no-plan'
  | 'ended'
  | 'revoked'
  | 'superseded'
  | 'not-planned'
  | 'gate-not-passed'
  | 'changed-meanwhile';

/** `at` is the time of the (first) reservation or, when completed, of the completion. */
export type ReservationResult =
  | { readonly state: 'reserved' | 'resumed'; readonly at: string }
  | {
      readonly state: 'completed';
      readonly at: string;
      readonly outcome: EffectOutcome;
      readonly readBack: ReadBack;
    }
  | { readonly state: 'refused'; readonly reason: ReservationRefusal };

/** Role `gatehouse_worker`. It can append no decision, request, policy, command, refusal or key revocation. */
export interface WorkerLedger extends LedgerReader, PersonalWriter, AlarmRaiser, HoldPlacer {
  /** Time of the database, in milliseconds since 1970: the one clock that all workers share. */
  now(): Promise<number>;
  /** Position of the newest entry of any request; 0 when there is none. */
  lastSeq(): Promise<number>;
  /**
   * Appends a plan. `body.epoch` must be the current epoch + 1 (the first is 1); an equal body under the current epoch
   * does nothing, so it may be retried.
   * @throws LedgerRefused `unknown-request`, `ended`, `revoked`, `wrong-epoch`, `contradiction` (other plan, same epoch),
   *   `waits` (before its turn)
   */
  recordPlan(requestId: string, body: EntryBodies['plan.recorded']): Promise<void>;

  /**
   * Once per gate and epoch; a repeat does nothing (also with another `due`).
   * @throws LedgerRefused `unknown-request`, `ended`, `revoked`, `wrong-epoch`
   */
  openGate(requestId: string, body: EntryBodies['gate.opened']): Promise<void>;
  /** Once per gate, epoch, kind and number; a repeat does nothing. */
  remindGate(requestId: string, body: EntryBodies['gate.reminded']): Promise<void>;
  /** Once per gate and epoch; the same result again does nothing. @throws LedgerRefused `contradiction` on another result */
  closeGate(requestId: string, body: EntryBodies['gate.closed']): Promise<void>;

  /**
   * Takes an effect for this process alone; ends with the process. Two attempts at once would find nothing at the vendor
   * twice, and make it twice.
   * @returns how to give it back, or null when somebody works on it already
   * @throws LedgerUnavailable
   */
  holdEffect(key: string): Promise<(() => Promise<void>) | null>;
  /**
   * The last step before an effect, in one transaction: refuses when the request is in shadow, ended or revoked, the epoch is not
   * the current one, the key is not in the recorded plan, a gate of this epoch was closed without passing or is still
   * undecided, or when something that could say no was appended after `judgedUpTo`: a decision, a closed gate, a plan or a
   * cancellation of the request, a hold, the revocation of a key; otherwise appends the reservation.
   * One reservation per request, key and epoch: whoever comes second gets `resumed`, or `completed` with what was read
   * back. It does not verify signatures or quorum: the caller does, on the entries that it read, before it calls.
   * @param judgedUpTo `lastSeq` before the caller read what it judged by
   */
  reserveEffect(
    requestId: string,
    body: EntryBodies['effect.reserved'],
    judgedUpTo: number,
  ): Promise<ReservationResult>;
  /**
   * Appends what the effect read back. Allowed after the request's end too, since the effect has happened.
   * Once per request, key and epoch; a repeat does nothing (the first completion stands).
   * @throws LedgerRefused `not-reserved`
   */
  completeEffect(requestId: string, body: EntryBodies['effect.completed']): Promise<void>;
  /** Something observed only. A repeat of the latest body of the same key does nothing. */
  passCheck(requestId: string, body: EntryBodies['check.passed']): Promise<void>;

  /** What a wait sees now, for people who watch; gone when the check has passed, the target or the request has ended. */
  noteWait(requestId: string, wait: Wait): Promise<void>;
  /** Notes how a letter or call to one recipient went. What was delivered stays delivered. */
  noteDelivery(delivery: Delivery): Promise<void>;
  /** How far a notice has come, by recipient. */
  deliveriesOf(notice: string): Promise<ReadonlyMap<string, DeliveryState>>;

  /** Does nothing when the target is started already. A target that has ended may start again (retry). */
  startTarget(requestId: string, body: EntryBodies['target.started']): Promise<void>;
  /** Does nothing when the target has ended already with an equal body. */
  endTarget(requestId: string, body: EntryBodies['target.ended']): Promise<void>;
  /** Once per request. */
  startRequest(requestId: string, body: EntryBodies['request.started']): Promise<void>;
  /** Once per request; the same outcome again does nothing. @throws LedgerRefused `contradiction` on another outcome */
  endRequest(requestId: string, body: EntryBodies['request.ended']): Promise<void>;

  /**
   * Reservations and completions of ANY request under this effect key, newest first, at most 100: what is ours.
   * Keys are made by `effectKey` and are the same in every request for the same object.
   */
  effectsByKey(key: string): Promise<readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[]>;
  /** Checks of ANY request under this key, newest first, at most 100: e.g. which release an environment has verified. */
  checksByKey(key: string): Promise<readonly LedgerEntry<'check.passed'>[]>;

  /** The commit up to which a branch that production reads was judged, and when; null: nobody has looked at it yet. */
  lastJudged(ref: ProductionRef): Promise<{ readonly commit: string; readonly at: string } | null>;
  /**
   * Notes a look at such a branch with the alarms that it found, in one step; each commit has one alarm, whoever looks.
   * @returns `moved` when another look has been noted since the one that this began at: nothing was appended
   */
  judgeRef(
    body: EntryBodies['ref.judged'],
    alarms: readonly EntryBodies['alarm.raised'][],
  ): Promise<{ readonly state: 'recorded' | 'same' | 'moved' }>;
  /** Commits that came round the path and that nobody was told of yet, oldest first, at most 100. */
  untoldStrays(): Promise<readonly Stray[]>;
  /** Once per commit; a repeat does nothing. @throws LedgerRefused `contradiction` when there is no alarm for it */
  noteTold(body: EntryBodies['stray.told']): Promise<void>;
}

/** News for Temporal that must not get lost; `payload` is JSON text that only the dispatcher understands. */
export interface OutboxMessage {
  readonly kind: string;
  readonly payload: string;
}

export interface OutboxItem extends OutboxMessage {
  readonly id: number;
  readonly requestId: string;
  /** how often it was claimed, this time included */
  readonly attempts: number;
}

export interface IdempotencyKey {
  /** the client's `Idempotency-Key` header */
  readonly key: string;
  /** opaque id of who sent it: keys of different callers never meet */
  readonly actorId: string;
  /** SHA-256 (hex) of the body as it was received */
  readonly bodyHash: string;
}

export interface OpenRequest {
  readonly requestId: string;
  readonly contentHash: string;
}

/** A request that has not ended, in the order of the turns. */
export interface RequestInLine {
  readonly requestId: string;
  /** false: it is in work */
  readonly waits: boolean;
}

/** What becomes of a request while another one of its workflow id is open; `first`: it waits for the one in work only. */
export type Turn = 'first' | 'last';

export interface AcceptInput {
  readonly requestId: string;
  readonly accepted: EntryBodies['request.accepted'];
  readonly pinnedPolicy: EntryBodies['policy.pinned'];
  /** the start of the workflow */
  readonly outbox: OutboxMessage;
  readonly idempotency?: IdempotencyKey;
  /** unset: it is not accepted while another one is open */
  readonly turn?: Turn;
}

/**
 * - `accepted` both entries and the outbox item are there
 * - `open` the workflow id has an open request, and there is no turn to wait for or it asks for the same; nothing was appended. Compare `contentHash` to tell the same from other
 *   content. With the same content the idempotency key now leads to that request.
 * - `repeated` the idempotency key was used before with the same body: this is the request it led to
 * - `key-reused` the idempotency key was used before with another body: refuse
 */
export type AcceptResult =
  | { readonly state: 'accepted' }
  | { readonly state: 'open'; readonly requestId: string; readonly contentHash: string }
  | { readonly state: 'repeated'; readonly requestId: string }
  | { readonly state: 'key-reused' };

/**
 * - `same` the very envelope (jti) is recorded already
 * - `already-voted` this person has decided at this gate and epoch with another envelope
 * - `closed` the gate is not open (not yet, no longer, past its due time), or the request is ended or revoked
 * - `superseded` the epoch is not the current one
 */
export type DecisionResult =
  | { readonly state: 'recorded' | 'same'; readonly seq: number }
  | { readonly state: 'already-voted' | 'closed' | 'superseded' };

export interface RecordedCommand {
  readonly state: 'recorded' | 'same' | 'ended';
  readonly outboxId: number | null;
}

/** A gate that waits for people: opened, not closed, of the current epoch of a request that is neither ended nor revoked. */
export interface OpenGate {
  readonly requestId: string;
  readonly workflowId: string;
  readonly gate: string;
  readonly epoch: number;
  readonly openedAt: string;
  readonly due: string | null;
}

export interface RequestSummary {
  readonly requestId: string;
  readonly workflowId: string;
  readonly kind: string;
  readonly contentHash: string;
  /** position of the acceptance in the chain; give it as `before` to read the next page */
  readonly seq: number;
  readonly acceptedAt: string;
  /** 0 while nothing is planned */
  readonly epoch: number;
  readonly started: boolean;
  readonly revoked: boolean;
  readonly ended: { readonly at: string; readonly outcome: EntryBodies['request.ended']['outcome'] } | null;
}

export interface RequestPage {
  /** 1..200 */
  readonly limit: number;
  /** only requests accepted before this position */
  readonly before?: number;
  /** only requests of this workflow id */
  readonly workflowId?: string;
}

/** What somebody who watches a ledger wants to know. */
export interface VitalSigns {
  /** alarm entries so far */
  readonly alarms: number;
  /** messages of the outbox that are not delivered */
  readonly outboxWaiting: number;
  /** age of the oldest of them, in seconds */
  readonly outboxOldestSeconds: number;
}

/** How much work there is. */
export interface Workload {
  /** requests that have not ended */
  readonly open: number;
  /** age of the oldest of them, in seconds; 0 when there is none */
  readonly oldestSeconds: number;
  /** their targets whose last attempt failed */
  readonly failedTargets: number;
  readonly gatesWaiting: number;
  readonly gatesOverdue: number;
  /** holds that nobody has released */
  readonly holds: number;
  /** requests that have ended so far, by every outcome */
  readonly ended: ReadonlyMap<RequestOutcome, number>;
}

/** Ends a subscription; resolves when the connection is given back. */
export type Unlisten = () => Promise<void>;

/** Role `gatehouse_api`. It can append no plan, gate, effect, check, target or ending. */
/** Sessions of the page, sealed by the API. Not part of the chain. */
export interface SessionKeeper {
  /** @param idHash SHA-256 of its id, hex. @throws LedgerUnavailable */
  openSession(idHash: string, content: string, seconds: number): Promise<void>;
  /** undefined once it has ended or expired. @throws LedgerUnavailable */
  sessionContent(idHash: string): Promise<string | undefined>;
  /** Ends it; one that is not there has ended. @throws LedgerUnavailable */
  endSession(idHash: string): Promise<void>;
}

export interface ApiLedger extends LedgerReader, ChainReader, PersonalWriter, AlarmRaiser, HoldPlacer {
  readonly sessions: SessionKeeper;

  /**
   * A request as people read it: without entries that cannot be read, which raise an alarm.
   * @returns null when there is no such request, or when its own documents cannot be read
   */
  recordFor(requestId: string): Promise<RequestRecord | null>;
  /** What of a request cannot be read, e.g. `entry 12 does not match its hash`; undefined: nothing. */
  unreadableIn(requestId: string): Promise<string | undefined>;
  /** One transaction: `request.accepted`, `policy.pinned`, the outbox item and the idempotency key. */
  acceptRequest(input: AcceptInput): Promise<AcceptResult>;
  /** The request that an idempotency key led to, before any work is done for it; null when the key is new. */
  findIdempotent(
    key: IdempotencyKey,
  ): Promise<Extract<AcceptResult, { state: 'repeated' | 'key-reused' }> | null>;
  /** The one that was accepted last, where several wait for their turn. */
  findOpenByWorkflowId(workflowId: string): Promise<OpenRequest | null>;
  /** Open requests of a workflow id: the one in work, then those that wait, in the order of their turns. */
  openRequests(workflowId: string): Promise<readonly RequestInLine[]>;

  /**
   * The append is the decision. One vote per person, gate and epoch; `outbox` is the news for the workflow, kept in the
   * same transaction.
   * @throws LedgerRefused `unknown-request`, `contradiction` (the jti is known with other content)
   */
  recordDecision(
    requestId: string,
    body: EntryBodies['decision.made'],
    outbox: OutboxMessage,
  ): Promise<DecisionResult>;
  /**
   * Once per command id; a repeat answers `same`.
   * @param outbox kept in the same transaction, for when the caller cannot tell the workflow himself: it is due
   *   OUTBOX.commandDelaySeconds later
   * @returns `outboxId` of the message while it waits: the caller marks it as delivered when he told the workflow. `ended`:
   *   a cancellation of a request that waits for its turn and has no run; it has ended with this
   * @throws LedgerRefused `unknown-request`, `ended`, `contradiction`, `waits` (another command before its turn)
   */
  recordCommand(
    requestId: string,
    body: EntryBodies['command.given'],
    outbox: OutboxMessage,
  ): Promise<RecordedCommand>;
  /** A call that was refused; `requestId` null when the route names none that is known. */
  recordRefusal(requestId: string | null, body: EntryBodies['call.refused']): Promise<void>;
  /** From here on no effect is reserved, but what tidies up. `outbox` tells the workflow; one that waits for its turn ends. A repeat answers `same`. @throws LedgerRefused `ended` */
  revokeRequest(
    requestId: string,
    body: EntryBodies['request.revoked'],
    outbox?: OutboxMessage,
  ): Promise<{ readonly state: 'recorded' | 'same' }>;
  /** A repeat does nothing. @throws LedgerRefused `unknown-request` when there is no such hold */
  releaseHold(body: EntryBodies['hold.released']): Promise<void>;
  /** Keeps a message for a running workflow: something outside it changed. @throws LedgerRefused `unknown-request` */
  tellOfNews(requestId: string, outbox: OutboxMessage): Promise<void>;
  /** Revokes a key from this moment of the chain on. A repeat does nothing. */
  revokeKey(body: EntryBodies['key.revoked']): Promise<void>;
  recordDecoding(body: EntryBodies['payloads.decoded']): Promise<void>;

  /**
   * Commits that came round the path into places of an environment, newest first, at most 20.
   * @param environment `<application>/<environment>`
   */
  straysOf(environment: string): Promise<readonly Stray[]>;
  /** What the waits of a request see now, by target and step. */
  waitsOf(requestId: string): Promise<readonly Wait[]>;
  /** Who was not reached by a request's notices; the newest first, at most 200. */
  undelivered(requestId: string): Promise<readonly Undelivered[]>;
  /** Oldest first. */
  openGates(): Promise<readonly OpenGate[]>;
  /** Newest first. */
  requests(page: RequestPage): Promise<readonly RequestSummary[]>;
  /** Entries of any request with `seq > after`, oldest first, at most `limit` (1..1000). */
  entriesAfter(after: number, limit: number): Promise<readonly AnyEntry[]>;
  /**
   * Calls back after every append. It is a hint only (anybody with a login can notify): read with `entriesAfter`.
   * After a lost connection it reconnects by itself and calls back once with the chain's last position and null.
   */
  listen(onAppend: (seq: number, requestId: string | null) => void): Promise<Unlisten>;

  /**
   * Takes up to `limit` due messages for one lease (OUTBOX in tuning.ts); nobody else gets them meanwhile. Messages of one
   * request and kind come in order, and all of them after its `start`; kinds do not wait for each other.
   */
  claimOutbox(limit: number): Promise<readonly OutboxItem[]>;
  outboxDelivered(id: number): Promise<void>;
  /** Puts a message back with exponential delay. `error` is kept for operators: no secrets in it. */
  outboxFailed(id: number, error: string): Promise<void>;
  vitalSigns(): Promise<VitalSigns>;
  workload(): Promise<Workload>;
  /** Removes messages that were delivered long ago (OUTBOX.keepSeconds), a batch at a time. @returns how many */
  pruneOutbox(): Promise<number>;

  /**
   * Keeps a signed checkpoint. The same again does nothing.
   * @throws LedgerRefused `contradiction` when the chain has no such entry with this hash
   */
  appendCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /**
   * Checkpoints that do not stand at a place outside the database yet, oldest first.
   * @param place e.g. `audit/checkpoints main:checkpoints`; another place begins anew
   * @param limit 1..200
   */
  unpublished(
    place: string,
    limit: number,
  ): Promise<{ readonly checkpoints: readonly Checkpoint[]; readonly total: number }>;
  /** Notes that a checkpoint stands at a place. @param reference e.g. the id of the commit */
  published(place: string, seq: number, reference: string): Promise<void>;
}

/** Role `gatehouse_auditor`: reads the chain and the checkpoints, no personal values, writes nothing. */
export interface AuditorLedger extends ChainReader {}
