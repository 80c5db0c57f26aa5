/** The ledger as the API may use it: role `gatehouse_api`. */
import type { AnyEntry, EntryBodies } from '../domain/ledger.js';
import type { Stray } from '../domain/promotion/strays.js';
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
import { listenToAppends } from './listen.js';
import { checkpointOf, PgChainReader } from './pg-chain.js';
import { PgOutbox } from './pg-outbox.js';
import { PgPersonalTable } from './pg-personal.js';
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
} from './ports.js';
import { OPEN_GATES, REQUESTS } from './queries.js';
import { bodyText, parseEntry } from './stored-entry.js';
import { STRAYS_OF, straysIn } from './strays.js';
import { OUTBOX } from './tuning.js';

export class PgApiLedger extends PgChainReader implements ApiLedger {
  readonly #personal: PgPersonalTable;
  readonly #outbox: PgOutbox;

  constructor(database: LedgerDatabase) {
    super(database);
    this.#personal = new PgPersonalTable(database);
    this.#outbox = new PgOutbox(database);
  }

  keepPersonal(requestId: string, values: readonly string[]): Promise<readonly PersonalRef[]> {
    return this.#personal.keepPersonal(requestId, values);
  }

  personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>> {
    return this.#personal.personal(refs);
  }

  async raiseAlarm(requestId: string | null, body: EntryBodies['alarm.raised']): Promise<void> {
    await this.call('raise an alarm', 'select gatehouse.raise_alarm($1, $2)', [
      requestId,
      bodyText('alarm.raised', body),
    ]);
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
    return straysIn(
      await this.database.query('read changes around the path', STRAYS_OF, [`${environment}/`]),
    );
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

  async openGates(): Promise<readonly OpenGate[]> {
    return (await this.database.query('list open gates', OPEN_GATES)).map(openGateOf);
  }

  async requests(page: RequestPage): Promise<readonly RequestSummary[]> {
    const rows = await this.database.query('list requests', REQUESTS, [
      page.before ?? null,
      page.workflowId ?? null,
      page.limit,
    ]);
    return rows.map(requestSummaryOf);
  }

  async entriesAfter(after: number, limit: number): Promise<readonly AnyEntry[]> {
    return (await this.storedEntriesAfter(after, limit)).map(parseEntry);
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

  pruneOutbox(): Promise<number> {
    return this.#outbox.prune();
  }

  async noteSignature(
    call: { readonly sender: string; readonly id: string; readonly timestamp: string },
    keepSeconds: number,
  ): Promise<boolean> {
    const row = await this.call(
      'note a signed call',
      'select gatehouse.note_signature($1, $2, $3, $4) as first',
      [call.sender, call.id, call.timestamp, keepSeconds],
    );
    return column.boolean(row, 'first');
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
