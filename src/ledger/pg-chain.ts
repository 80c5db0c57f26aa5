/** Reading the chain as a whole: auditors, bundles, progress. */
import { column, type Row } from './database.js';
import { GENESIS } from './entry-hash.js';
import { PgEntryReader } from './pg-entries.js';
import type { AuditorLedger, ChainHead, ChainReader, Checkpoint, StoredEntry } from './ports.js';
import { ENTRY_COLUMNS, storedEntry } from './stored-entry.js';

export class PgChainReader extends PgEntryReader implements ChainReader {
  async storedEntriesAfter(after: number, limit: number): Promise<readonly StoredEntry[]> {
    return (await this.rowsAfter(after, limit)).map(storedEntry);
  }

  protected rowsAfter(after: number, limit: number): Promise<readonly Row[]> {
    return this.database.query(
      'read the chain',
      `select ${ENTRY_COLUMNS} from gatehouse.entry where seq > $1 order by seq limit $2`,
      [after, limit],
    );
  }

  async head(): Promise<ChainHead> {
    const row = await this.call(
      'read the head of the chain',
      `select coalesce(last.seq, 0) as seq, coalesce(last.hash, $1) as hash,
              to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
       from (select 1) one left join (select seq, hash from gatehouse.entry order by seq desc limit 1) last on true`,
      [GENESIS],
    );
    return { seq: column.whole(row, 'seq'), hash: column.text(row, 'hash'), at: column.text(row, 'at') };
  }

  async checkpointCovering(seq: number): Promise<Checkpoint | null> {
    const [row] = await this.database.query(
      'read a checkpoint',
      'select seq, hash, envelope from gatehouse.checkpoint where seq >= $1 order by seq limit 1',
      [seq],
    );
    return row === undefined ? null : checkpointOf(row);
  }

  async checkpoints(limit: number): Promise<readonly Checkpoint[]> {
    const rows = await this.database.query(
      'read checkpoints',
      'select seq, hash, envelope from gatehouse.checkpoint order by seq desc limit $1',
      [limit],
    );
    return rows.map(checkpointOf);
  }
}

/** Role `gatehouse_auditor`. */
export class PgAuditorLedger extends PgChainReader implements AuditorLedger {}

/** A row with seq, hash and envelope. */
export function checkpointOf(row: Row): Checkpoint {
  return {
    seq: column.whole(row, 'seq'),
    hash: column.text(row, 'hash'),
    envelope: column.text(row, 'envelope'),
  };
}
