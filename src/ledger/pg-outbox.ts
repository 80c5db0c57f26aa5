/** The outbox: news for Temporal that survives a crash between the ledger's append and the call. Not part of the chain. */
import { column, type LedgerDatabase } from './database.js';
import type { OutboxItem, VitalSigns } from './ports.js';
import { OUTBOX } from './tuning.js';

export class PgOutbox {
  readonly #database: LedgerDatabase;

  constructor(database: LedgerDatabase) {
    this.#database = database;
  }

  /** Takes up to `limit` due messages for one lease, oldest first. */
  async claim(limit: number): Promise<readonly OutboxItem[]> {
    const rows = await this.#database.query(
      'claim messages of the outbox',
      'select id, request_id, kind, payload, attempts from gatehouse.claim_outbox($1, $2) order by id',
      [limit, OUTBOX.leaseSeconds],
    );
    return rows.map((row) => ({
      id: column.whole(row, 'id'),
      requestId: column.text(row, 'request_id'),
      kind: column.text(row, 'kind'),
      payload: column.text(row, 'payload'),
      attempts: column.whole(row, 'attempts'),
    }));
  }

  async delivered(id: number): Promise<void> {
    await this.#database.query('mark a message as delivered', 'select gatehouse.outbox_delivered($1)', [id]);
  }

  /** Puts a message back with exponential delay. */
  async failed(id: number, error: string): Promise<void> {
    await this.#database.query('put a message back', 'select gatehouse.outbox_failed($1, $2, $3, $4)', [
      id,
      error,
      OUTBOX.baseSeconds,
      OUTBOX.maxSeconds,
    ]);
  }

  async vitalSigns(): Promise<VitalSigns> {
    const [row = {}] = await this.#database.query(
      'look at the vital signs',
      'select alarms, outbox_waiting, outbox_oldest_seconds from gatehouse.vital_signs()',
    );
    return {
      alarms: column.whole(row, 'alarms'),
      outboxWaiting: column.whole(row, 'outbox_waiting'),
      outboxOldestSeconds: Number(row.outbox_oldest_seconds),
    };
  }

  /** Removes what was delivered long ago. @returns how many */
  async prune(): Promise<number> {
    const [row = {}] = await this.#database.query(
      'remove delivered messages',
      'select gatehouse.prune_outbox($1, $2) as removed',
      [OUTBOX.keepSeconds, OUTBOX.pruneBatch],
    );
    return column.whole(row, 'removed');
  }
}
