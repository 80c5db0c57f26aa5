/**
 * Setting apart what cannot be read. The chain keeps a bad entry for good, so one of them must not stop every list that meets
 * it: it is left out, and an alarm says so, once.
 */
import type { AnyEntry, EntryBodies } from '../domain/ledger.js';
import { column, type LedgerDatabase, type Row } from './database.js';
import { LedgerCorrupt } from './errors.js';
import { parseEntry, storedEntry, unhashedEntry } from './stored-entry.js';

/**
 * What becomes of an entry that is of its shape and does not match its hash, so that somebody has edited the table: it is
 * left out where people look, it counts where it says no, and it is refused where authority is judged.
 */
export type Edited = 'left-out' | 'counts' | 'refused';

const ALARM = 'entry-set-apart';

export class SetApart {
  readonly #database: LedgerDatabase;
  readonly #raise: (requestId: string | null, body: EntryBodies['alarm.raised']) => Promise<void>;
  /** what this process has told of */
  readonly #told = new Set<string>();

  constructor(
    database: LedgerDatabase,
    raise: (requestId: string | null, body: EntryBodies['alarm.raised']) => Promise<void>,
  ) {
    this.#database = database;
    this.#raise = raise;
  }

  /** Entries without those that are not of their shape. @throws LedgerCorrupt for edited ones that are to be refused */
  async entries(rows: readonly Row[], edited: Edited): Promise<readonly AnyEntry[]> {
    const read = await Promise.all(rows.map((row) => this.#entry(row, edited)));
    return read.filter((entry) => entry !== undefined);
  }

  /** What `read` makes of each row that it can read. */
  async each<T>(rows: readonly Row[], read: (row: Row) => T): Promise<readonly T[]> {
    const items: T[] = [];
    for (const row of rows) {
      try {
        items.push(read(row));
      } catch (error) {
        if (!(error instanceof LedgerCorrupt)) throw error;
        await this.tell(requestIdIn(row), error.what);
      }
    }
    return items;
  }

  /** Raises the alarm, unless the ledger has it. Never throws: the next reader tries again. */
  async tell(requestId: string | null, what: string): Promise<void> {
    const detail = requestId === null ? what : `${requestId}: ${what}`;
    if (this.#told.has(detail)) return;
    this.#told.add(detail);
    try {
      const known = await this.#database.query(
        'look for an alarm',
        `select 1 from gatehouse.entry where type = 'alarm.raised'
           and body::jsonb ->> 'alarm' = $1 and body::jsonb ->> 'detail' = $2 limit 1`,
        [ALARM, detail],
      );
      if (known.length === 0) await this.#raise(requestId, { alarm: ALARM, detail, count: 1 });
    } catch {
      this.#told.delete(detail);
    }
  }

  async #entry(row: Row, edited: Edited): Promise<AnyEntry | undefined> {
    try {
      return parseEntry(storedEntry(row));
    } catch (error) {
      if (!(error instanceof LedgerCorrupt) || (error.isEdited && edited === 'refused')) throw error;
      await this.tell(requestIdIn(row), error.what);
      return error.isEdited && edited === 'counts' ? unhashedEntry(row) : undefined;
    }
  }
}

function requestIdIn(row: Row): string | null {
  return typeof row.request_id === 'string' ? column.text(row, 'request_id') : null;
}
