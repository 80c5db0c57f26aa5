/** Reading entries of one request; what every role may do. */
import type { AnyEntry } from '../domain/ledger.js';
import type { LedgerDatabase, Row } from './database.js';
import type { EntryReader, KeyRevocationReader, StoredEntry } from './ports.js';
import { ENTRY_COLUMNS, parseEntry, storedEntry } from './stored-entry.js';

export class PgEntryReader implements EntryReader, KeyRevocationReader {
  protected readonly database: LedgerDatabase;

  constructor(database: LedgerDatabase) {
    this.database = database;
  }

  async entriesOf(requestId: string): Promise<readonly AnyEntry[]> {
    return (await this.storedEntriesOf(requestId)).map(parseEntry);
  }

  /** Entries as they are kept, oldest first. */
  async storedEntriesOf(requestId: string): Promise<readonly StoredEntry[]> {
    const rows = await this.database.query(
      'read a request',
      `select ${ENTRY_COLUMNS} from gatehouse.entry where request_id = $1 order by seq`,
      [requestId],
    );
    return rows.map(storedEntry);
  }

  async revokedKeys(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.database.query(
      'read revoked keys',
      `select ${ENTRY_COLUMNS} from gatehouse.entry where type = 'key.revoked' order by seq desc`,
    );
    const revoked = new Map<string, string>();
    for (const row of rows) {
      const entry = parseEntry(storedEntry(row));
      // newest first, so that the earliest is what stays
      if (entry.type === 'key.revoked') revoked.set(entry.body.kid, entry.at);
    }
    return revoked;
  }

  /** The single row that a function of the ledger answers. */
  protected async call(operation: string, sql: string, values: readonly unknown[]): Promise<Row> {
    const rows = await this.database.query(operation, sql, values);
    return rows[0] ?? {};
  }
}
