/** Reading entries of one request; what every role may do. */
import type { AnyEntry, EntryBodies, LedgerEntry } from '../domain/ledger.js';
import type { LedgerDatabase, Row } from './database.js';
import type { EntryReader, HoldReader, KeyRevocationReader, StoredEntry } from './ports.js';
import { type Edited, SetApart } from './set-apart.js';
import { bodyText, ENTRY_COLUMNS, parseEntry, storedEntry } from './stored-entry.js';

export class PgEntryReader implements EntryReader, KeyRevocationReader, HoldReader {
  protected readonly database: LedgerDatabase;
  protected readonly apart: SetApart;
  /** what becomes of a hold or a revocation that somebody has edited */
  protected readonly editedNo: Edited = 'refused';

  constructor(database: LedgerDatabase) {
    this.database = database;
    this.apart = new SetApart(database, (requestId, body) => this.raiseAlarm(requestId, body));
  }

  async entriesOf(requestId: string): Promise<readonly AnyEntry[]> {
    return (await this.storedEntriesOf(requestId)).map(parseEntry);
  }

  /** Entries as they are kept, oldest first. */
  async storedEntriesOf(requestId: string): Promise<readonly StoredEntry[]> {
    return (await this.rowsOf(requestId)).map(storedEntry);
  }

  protected rowsOf(requestId: string): Promise<readonly Row[]> {
    return this.database.query(
      'read a request',
      `select ${ENTRY_COLUMNS} from gatehouse.entry where request_id = $1 order by seq`,
      [requestId],
    );
  }

  /** Not for the auditor's login, which appends nothing. */
  async raiseAlarm(requestId: string | null, body: EntryBodies['alarm.raised']): Promise<void> {
    await this.call('raise an alarm', 'select gatehouse.raise_alarm($1, $2)', [
      requestId,
      bodyText('alarm.raised', body),
    ]);
  }

  async revokedKeys(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.database.query(
      'read revoked keys',
      `select ${ENTRY_COLUMNS} from gatehouse.entry where type = 'key.revoked' order by seq desc`,
    );
    const revoked = new Map<string, string>();
    for (const entry of await this.apart.entries(rows, this.editedNo)) {
      // newest first, so that the earliest is what stays
      if (entry.type === 'key.revoked') revoked.set(entry.body.kid, entry.at);
    }
    return revoked;
  }

  async holds(): Promise<readonly LedgerEntry<'hold.placed'>[]> {
    const rows = await this.database.query(
      'read holds',
      `select ${ENTRY_COLUMNS} from gatehouse.entry placed where type = 'hold.placed' and not exists (
         select 1 from gatehouse.entry released where released.type = 'hold.released'
           and released.body::jsonb ->> 'holdId' = placed.body::jsonb ->> 'holdId')
       order by seq`,
    );
    const entries = await this.apart.entries(rows, this.editedNo);
    return entries.filter((entry) => entry.type === 'hold.placed');
  }

  async placeHold(requestId: string | null, body: EntryBodies['hold.placed']): Promise<void> {
    await this.call('place a hold', 'select gatehouse.place_hold($1, $2)', [
      requestId,
      bodyText('hold.placed', body),
    ]);
  }

  /** The single row that a function of the ledger answers. */
  protected async call(operation: string, sql: string, values: readonly unknown[]): Promise<Row> {
    const rows = await this.database.query(operation, sql, values);
    return rows[0] ?? {};
  }
}
