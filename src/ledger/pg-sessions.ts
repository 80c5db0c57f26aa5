/** Sessions of the page, as the API keeps them. */
import { column, type LedgerDatabase } from './database.js';
import type { SessionKeeper } from './ports.js';

export class PgSessions implements SessionKeeper {
  readonly #database: LedgerDatabase;

  constructor(database: LedgerDatabase) {
    this.#database = database;
  }

  async openSession(idHash: string, content: string, seconds: number): Promise<void> {
    await this.#database.query('open a session', 'select gatehouse.open_session($1, $2, $3)', [
      idHash,
      content,
      seconds,
    ]);
  }

  async sessionContent(idHash: string): Promise<string | undefined> {
    const [row] = await this.#database.query(
      'read a session',
      'select content from gatehouse.session_content($1)',
      [idHash],
    );
    return row === undefined ? undefined : column.text(row, 'content');
  }

  async endSession(idHash: string): Promise<void> {
    await this.#database.query('end a session', 'select gatehouse.end_session($1)', [idHash]);
  }
}
