/** The ledger as workers may use it: role `gatehouse_worker`. */
import { type Delivery, type DeliveryState, deliveryState } from '../domain/deliveries.js';
import type { EntryBodies, LedgerEntry } from '../domain/ledger.js';
import type { ProductionRef, Stray } from '../domain/promotion/strays.js';
import type { PersonalRef } from '../domain/request.js';
import type { Wait } from '../domain/waits.js';
import { column, type LedgerDatabase, type Row } from './database.js';
import { EffectHolds } from './effect-holds.js';
import { isBodyOf } from './entry-shapes.js';
import { LedgerCorrupt } from './errors.js';
import { PgEntryReader } from './pg-entries.js';
import { PgPersonalTable } from './pg-personal.js';
import type { ReservationRefusal, ReservationResult, WorkerLedger } from './ports.js';
import { bodyText, ENTRY_COLUMNS, parseEntry, storedEntry } from './stored-entry.js';
import { straysIn, UNTOLD_STRAYS } from './strays.js';

/** Types that the function `worker_append` takes. */
type SimpleType =
  | 'gate.opened'
  | 'gate.reminded'
  | 'gate.closed'
  | 'check.passed'
  | 'target.started'
  | 'target.ended'
  | 'request.started'
  | 'request.ended';

const REFUSALS: readonly ReservationRefusal[] = [
  'unknown-request',
  'shadow',
  'no-plan',
  'ended',
  'revoked',
  'superseded',
  'not-planned',
  'gate-not-passed',
  'changed-meanwhile',
];

export class PgWorkerLedger extends PgEntryReader implements WorkerLedger {
  readonly #personal: PgPersonalTable;
  readonly #holds: EffectHolds;

  constructor(database: LedgerDatabase) {
    super(database);
    this.#personal = new PgPersonalTable(database);
    this.#holds = new EffectHolds(database);
  }

  async now(): Promise<number> {
    const row = await this.call(
      'read the clock',
      'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms',
      [],
    );
    return Number(row.now_ms);
  }

  async lastSeq(): Promise<number> {
    const row = await this.call(
      'read the end of the chain',
      'select coalesce(max(seq), 0) as seq from gatehouse.entry',
      [],
    );
    return column.whole(row, 'seq');
  }

  keepPersonal(requestId: string, values: readonly string[]): Promise<readonly PersonalRef[]> {
    return this.#personal.keepPersonal(requestId, values);
  }

  personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>> {
    return this.#personal.personal(refs);
  }

  async recordPlan(requestId: string, body: EntryBodies['plan.recorded']): Promise<void> {
    await this.call('record a plan', 'select gatehouse.record_plan($1, $2)', [
      requestId,
      bodyText('plan.recorded', body),
    ]);
  }

  openGate(requestId: string, body: EntryBodies['gate.opened']): Promise<void> {
    return this.#append('gate.opened', requestId, body);
  }

  remindGate(requestId: string, body: EntryBodies['gate.reminded']): Promise<void> {
    return this.#append('gate.reminded', requestId, body);
  }

  closeGate(requestId: string, body: EntryBodies['gate.closed']): Promise<void> {
    return this.#append('gate.closed', requestId, body);
  }

  passCheck(requestId: string, body: EntryBodies['check.passed']): Promise<void> {
    return this.#append('check.passed', requestId, body);
  }

  async noteWait(requestId: string, { target, step, clause, since }: Wait): Promise<void> {
    await this.call('note a wait', 'select gatehouse.note_wait($1, $2)', [
      requestId,
      JSON.stringify({ target, step, clause, since }),
    ]);
  }

  async noteDelivery({ notice, recipient, requestId, state, why }: Delivery): Promise<void> {
    await this.call('note a delivery', 'select gatehouse.note_delivery($1, $2, $3, $4, $5)', [
      notice,
      recipient,
      requestId ?? null,
      state,
      why ?? null,
    ]);
  }

  async deliveriesOf(notice: string): Promise<ReadonlyMap<string, DeliveryState>> {
    const rows = await this.database.query(
      'read deliveries',
      'select recipient, state from gatehouse.deliveries_of($1)',
      [notice],
    );
    return new Map(
      rows.map((row) => [column.text(row, 'recipient'), deliveryState(column.text(row, 'state'))]),
    );
  }

  startTarget(requestId: string, body: EntryBodies['target.started']): Promise<void> {
    return this.#append('target.started', requestId, body);
  }

  endTarget(requestId: string, body: EntryBodies['target.ended']): Promise<void> {
    return this.#append('target.ended', requestId, body);
  }

  startRequest(requestId: string, body: EntryBodies['request.started']): Promise<void> {
    return this.#append('request.started', requestId, body);
  }

  endRequest(requestId: string, body: EntryBodies['request.ended']): Promise<void> {
    return this.#append('request.ended', requestId, body);
  }

  holdEffect(key: string): Promise<(() => Promise<void>) | null> {
    return this.#holds.take(key);
  }

  async reserveEffect(
    requestId: string,
    body: EntryBodies['effect.reserved'],
    judgedUpTo: number,
  ): Promise<ReservationResult> {
    const row = await this.call(
      'reserve an effect',
      'select state, at, completion, reason from gatehouse.reserve_effect($1, $2, $3)',
      [requestId, bodyText('effect.reserved', body), judgedUpTo],
    );
    return reservationOf(row);
  }

  async completeEffect(requestId: string, body: EntryBodies['effect.completed']): Promise<void> {
    await this.call('complete an effect', 'select gatehouse.complete_effect($1, $2)', [
      requestId,
      bodyText('effect.completed', body),
    ]);
  }

  async effectsByKey(key: string): Promise<readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[]> {
    const rows = await this.database.query(
      'read effects by key',
      `select ${ENTRY_COLUMNS} from gatehouse.entry
       where type in ('effect.reserved', 'effect.completed') and body::jsonb ->> 'key' = $1
       order by seq desc limit 100`,
      [key],
    );
    const entries = await this.apart.entries(rows, 'refused');
    return entries.filter((entry) => entry.type === 'effect.reserved' || entry.type === 'effect.completed');
  }

  async checksByKey(key: string): Promise<readonly LedgerEntry<'check.passed'>[]> {
    const rows = await this.database.query(
      'read checks by key',
      `select ${ENTRY_COLUMNS} from gatehouse.entry
       where type = 'check.passed' and body::jsonb ->> 'key' = $1
       order by seq desc limit 100`,
      [key],
    );
    const entries = await this.apart.entries(rows, 'refused');
    return entries.filter((entry) => entry.type === 'check.passed');
  }

  async lastJudged({
    project,
    branch,
  }: ProductionRef): Promise<{ readonly commit: string; readonly at: string } | null> {
    const [row] = await this.database.query(
      'look up how far a branch was judged',
      `select ${ENTRY_COLUMNS} from gatehouse.entry
       where type = 'ref.judged' and body::jsonb ->> 'project' = $1 and body::jsonb ->> 'branch' = $2
       order by seq desc limit 1`,
      [project, branch],
    );
    if (row === undefined) return null;
    const entry = parseEntry(storedEntry(row));
    if (entry.type !== 'ref.judged') throw new LedgerCorrupt('a look at a branch is none');
    return { commit: entry.body.commit, at: entry.at };
  }

  async judgeRef(
    body: EntryBodies['ref.judged'],
    alarms: readonly EntryBodies['alarm.raised'][],
  ): Promise<{ readonly state: 'recorded' | 'same' | 'moved' }> {
    const row = await this.call('note a look at a branch', 'select gatehouse.judge_ref($1, $2) as state', [
      bodyText('ref.judged', body),
      alarms.map((alarm) => bodyText('alarm.raised', alarm)),
    ]);
    const state = column.text(row, 'state');
    if (state === 'recorded' || state === 'same' || state === 'moved') return { state };
    throw new LedgerCorrupt('the answer to a look at a branch is not of its shape');
  }

  async untoldStrays(): Promise<readonly Stray[]> {
    const rows = await this.database.query('read strays that nobody was told of', UNTOLD_STRAYS);
    return straysIn(await this.apart.entries(rows, 'refused'));
  }

  async noteTold(body: EntryBodies['stray.told']): Promise<void> {
    await this.call('note that people were told', 'select gatehouse.note_told($1)', [
      bodyText('stray.told', body),
    ]);
  }

  async #append<T extends SimpleType>(type: T, requestId: string, body: EntryBodies[T]): Promise<void> {
    await this.call(`append ${type}`, 'select gatehouse.worker_append($1, $2, $3)', [
      type,
      requestId,
      bodyText(type, body),
    ]);
  }
}

function reservationOf(row: Row): ReservationResult {
  const state = column.text(row, 'state');
  if (state === 'reserved' || state === 'resumed') return { state, at: column.text(row, 'at') };
  if (state === 'refused') {
    const reason = REFUSALS.find((known) => known === row.reason);
    if (reason !== undefined) return { state, reason };
  }
  if (state === 'completed') {
    const body: unknown = JSON.parse(column.text(row, 'completion'));
    if (isBodyOf('effect.completed', body)) {
      return { state, at: column.text(row, 'at'), outcome: body.outcome, readBack: body.readBack };
    }
  }
  throw new LedgerCorrupt('the answer to a reservation is not of its shape');
}
