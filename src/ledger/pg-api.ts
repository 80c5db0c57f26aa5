/** The ledger as the API may use it: role `gatehouse_api`. */
import { deliveryState, type Undelivered } from '../domain/deliveries.js';
import type { AnyEntry, EntryBodies } from '../domain/ledger.js';
import type { Stray } from '../domain/promotion/strays.js';
import type { RequestRecord } from '../domain/record.js';
import type { PersonalRef } from '../domain/request.js';
import type { Wait } from '../domain/waits.js';
import {
  acceptResultOf,
  decisionResultOf,
  openGateOf,
  recordedCommandOf,
  recordedOrSame,
  requestSummaryOf,
} from './api-answers.js';
import { column, type LedgerDatabase } from './database.js';
import { LedgerCorrupt } from './errors.js';
import { listenToAppends } from './listen.js';
import { checkpointOf, PgChainReader } from './pg-chain.js';
import { PgOutbox } from './pg-outbox.js';
import { PgPersonalTable, personalValueOf } from './pg-personal.js';
import { PgSessions } from './pg-sessions.js';
import type {
  AcceptInput,
  AcceptResult,
  ApiLedger,
  Checkpoint,
  DecisionResult,
  IdempotencyKey,
  OpenGate,
  OpenRequest,
  OutboxItem,
  OutboxMessage,
  RecordedCommand,
  RequestInLine,
  RequestPage,
  RequestSummary,
  Unlisten,
  VitalSigns,
  Workload,
} from './ports.js';
import { OPEN_GATES, REQUESTS } from './queries.js';
import { recordOf } from './record.js';
import { bodyText } from './stored-entry.js';
import { STRAYS_OF, straysIn } from './strays.js';
import { OUTBOX } from './tuning.js';
import { workloadIn } from './workload.js';

export class PgApiLedger extends PgChainReader implements ApiLedger {
  readonly sessions: PgSessions;
  // fails closed: the one who edits a hold or a revocation must not lift it
  protected override readonly editedNo = 'counts';
  readonly #personal: PgPersonalTable;
  readonly #outbox: PgOutbox;

  constructor(database: LedgerDatabase) {
    super(database);
    this.sessions = new PgSessions(database);
    this.#personal = new PgPersonalTable(database);
    this.#outbox = new PgOutbox(database);
  }

  keepPersonal(requestId: string, values: readonly string[]): Promise<readonly PersonalRef[]> {
    return this.#personal.keepPersonal(requestId, values);
  }

  /** A value that is not what its reference says is shown to nobody. */
  async personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>> {
    if (refs.length === 0) return new Map();
    return new Map(await this.apart.each(await this.#personal.rowsOf(refs), personalValueOf));
  }

  override async entriesOf(requestId: string): Promise<readonly AnyEntry[]> {
    return this.apart.entries(await this.rowsOf(requestId), 'left-out');
  }

  async recordFor(requestId: string): Promise<RequestRecord | null> {
    try {
      return recordOf(await this.entriesOf(requestId));
    } catch (error) {
      if (!(error instanceof LedgerCorrupt)) throw error;
      await this.apart.tell(requestId, error.what);
      return null;
    }
  }

  async unreadableIn(requestId: string): Promise<string | undefined> {
    try {
      recordOf(await super.entriesOf(requestId));
      return undefined;
    } catch (error) {
      if (error instanceof LedgerCorrupt) return error.what;
      throw error;
    }
  }

  async acceptRequest(input: AcceptInput): Promise<AcceptResult> {
    const row = await this.call(
      'accept a request',
      'select state, request_id, content_hash from gatehouse.accept_request($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [
        input.requestId,
        bodyText('request.accepted', input.accepted),
        bodyText('policy.pinned', input.pinnedPolicy),
        input.outbox.kind,
        input.outbox.payload,
        input.idempotency?.actorId ?? null,
        input.idempotency?.key ?? null,
        input.idempotency?.bodyHash ?? null,
        input.turn ?? null,
      ],
    );
    return acceptResultOf(row);
  }

  async findIdempotent(
    key: IdempotencyKey,
  ): Promise<Extract<AcceptResult, { state: 'repeated' | 'key-reused' }> | null> {
    const [row] = await this.database.query(
      'look up an idempotency key',
      'select state, request_id from gatehouse.find_idempotent($1, $2, $3)',
      [key.actorId, key.key, key.bodyHash],
    );
    if (row === undefined) return null;
    const result = acceptResultOf(row);
    return result.state === 'repeated' || result.state === 'key-reused' ? result : null;
  }

  async findOpenByWorkflowId(workflowId: string): Promise<OpenRequest | null> {
    const [row] = await this.database.query(
      'look up an open request',
      'select request_id, content_hash from gatehouse.open_request($1)',
      [workflowId],
    );
    if (row === undefined) return null;
    return { requestId: column.text(row, 'request_id'), contentHash: column.text(row, 'content_hash') };
  }

  async openRequests(workflowId: string): Promise<readonly RequestInLine[]> {
    const rows = await this.database.query(
      'look up who waits for a turn',
      'select request_id, waits from gatehouse.open_requests($1)',
      [workflowId],
    );
    return rows.map((row) => ({
      requestId: column.text(row, 'request_id'),
      waits: column.boolean(row, 'waits'),
    }));
  }

  async recordDecision(
    requestId: string,
    body: EntryBodies['decision.made'],
    outbox: OutboxMessage,
  ): Promise<DecisionResult> {
    const row = await this.call(
      'record a decision',
      'select state, seq from gatehouse.record_decision($1, $2, $3, $4)',
      [requestId, bodyText('decision.made', body), outbox.kind, outbox.payload],
    );
    return decisionResultOf(row);
  }

  async recordCommand(
    requestId: string,
    body: EntryBodies['command.given'],
    outbox: OutboxMessage,
  ): Promise<RecordedCommand> {
    const row = await this.call(
      'record a command',
      'select state, outbox_id from gatehouse.record_command($1, $2, $3, $4, $5)',
      [requestId, bodyText('command.given', body), outbox.kind, outbox.payload, OUTBOX.commandDelaySeconds],
    );
    return recordedCommandOf(row);
  }

  async releaseHold(body: EntryBodies['hold.released']): Promise<void> {
    await this.call('release a hold', 'select gatehouse.release_hold($1)', [bodyText('hold.released', body)]);
  }

  async tellOfNews(requestId: string, outbox: OutboxMessage): Promise<void> {
    await this.call('tell of news', 'select gatehouse.tell_of_news($1, $2, $3)', [
      requestId,
      outbox.kind,
      outbox.payload,
    ]);
  }

  async revokeRequest(
    requestId: string,
    body: EntryBodies['request.revoked'],
    outbox?: OutboxMessage,
  ): Promise<{ readonly state: 'recorded' | 'same' }> {
    const row = await this.call(
      'revoke a request',
      'select gatehouse.revoke_request($1, $2, $3, $4) as state',
      [requestId, bodyText('request.revoked', body), outbox?.kind ?? null, outbox?.payload ?? null],
    );
    return recordedOrSame(row);
  }

  recordRefusal(requestId: string | null, body: EntryBodies['call.refused']): Promise<void> {
    return this.#append('call.refused', requestId, body);
  }

  revokeKey(body: EntryBodies['key.revoked']): Promise<void> {
    return this.#append('key.revoked', null, body);
  }

  recordDecoding(body: EntryBodies['payloads.decoded']): Promise<void> {
    return this.#append('payloads.decoded', null, body);
  }

  async straysOf(environment: string): Promise<readonly Stray[]> {
    const rows = await this.database.query('read changes around the path', STRAYS_OF, [`${environment}/`]);
    return straysIn(await this.apart.entries(rows, 'left-out'));
  }

  async waitsOf(requestId: string): Promise<readonly Wait[]> {
    const rows = await this.database.query('read waits', 'select * from gatehouse.waits_of($1)', [requestId]);
    return rows.map((row) => ({
      target: column.text(row, 'target'),
      step: column.text(row, 'step'),
      clause: column.text(row, 'clause'),
      since: column.text(row, 'since'),
    }));
  }

  async undelivered(requestId: string): Promise<readonly Undelivered[]> {
    const rows = await this.database.query(
      'read what was not delivered',
      'select * from gatehouse.undelivered_of($1, null)',
      [requestId],
    );
    return rows.map((row) => ({
      notice: column.text(row, 'notice'),
      recipient: column.text(row, 'recipient'),
      state: deliveryState(column.text(row, 'state')),
      why: column.text(row, 'why'),
      tries: column.whole(row, 'tries'),
      since: column.text(row, 'since'),
    }));
  }

  async openGates(): Promise<readonly OpenGate[]> {
    return this.apart.each(await this.database.query('list open gates', OPEN_GATES), openGateOf);
  }

  async requests(page: RequestPage): Promise<readonly RequestSummary[]> {
    const rows = await this.database.query('list requests', REQUESTS, [
      page.before ?? null,
      page.workflowId ?? null,
      page.limit,
    ]);
    return this.apart.each(rows, requestSummaryOf);
  }

  async entriesAfter(after: number, limit: number): Promise<readonly AnyEntry[]> {
    return this.apart.entries(await this.rowsAfter(after, limit), 'left-out');
  }

  listen(onAppend: (seq: number, requestId: string | null) => void): Promise<Unlisten> {
    return listenToAppends(this.database, onAppend, async () => (await this.head()).seq);
  }

  claimOutbox(limit: number): Promise<readonly OutboxItem[]> {
    return this.#outbox.claim(limit);
  }

  outboxDelivered(id: number): Promise<void> {
    return this.#outbox.delivered(id);
  }

  outboxFailed(id: number, error: string): Promise<void> {
    return this.#outbox.failed(id, error);
  }

  vitalSigns(): Promise<VitalSigns> {
    return this.#outbox.vitalSigns();
  }

  workload(): Promise<Workload> {
    return workloadIn(this.database);
  }

  pruneOutbox(): Promise<number> {
    return this.#outbox.prune();
  }

  async unpublished(
    place: string,
    limit: number,
  ): Promise<{ readonly checkpoints: readonly Checkpoint[]; readonly total: number }> {
    const rows = await this.database.query(
      'look for checkpoints to publish',
      'select seq, hash, envelope, total from gatehouse.unpublished_checkpoints($1, $2)',
      [place, limit],
    );
    const [first] = rows;
    return {
      checkpoints: rows.map(checkpointOf),
      total: first === undefined ? 0 : column.whole(first, 'total'),
    };
  }

  async published(place: string, seq: number, reference: string): Promise<void> {
    await this.call('note a published checkpoint', 'select gatehouse.checkpoint_published($1, $2, $3)', [
      place,
      seq,
      reference,
    ]);
  }

  async appendCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.call('keep a checkpoint', 'select gatehouse.append_checkpoint($1, $2, $3)', [
      checkpoint.seq,
      checkpoint.hash,
      checkpoint.envelope,
    ]);
  }

  async #append<T extends 'call.refused' | 'key.revoked' | 'payloads.decoded'>(
    type: T,
    requestId: string | null,
    body: EntryBodies[T],
  ): Promise<void> {
    await this.call(`append ${type}`, 'select gatehouse.api_append($1, $2, $3)', [
      type,
      requestId,
      bodyText(type, body),
    ]);
  }
}
