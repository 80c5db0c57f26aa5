/**
 * One effect, one worker at a time: what somebody schedules twice at once, or again while the first attempt still runs, would
 * else find nothing at the vendor twice and make it twice. Held by session locks of Postgres, on one connection per process,
 * so that a hold ends with the process that has it, at once and however it ends.
 */
import pg from 'pg';
import { clientConfig, type LedgerDatabase, ledgerError } from './database.js';
import { HOLD } from './tuning.js';

/** Ends a hold. Never throws: a hold that cannot be given back ends with the connection. */
export type ReleaseHold = () => Promise<void>;

export class EffectHolds {
  readonly #database: LedgerDatabase;
  /** what this process holds: the session itself would grant a lock to itself twice */
  readonly #held = new Set<string>();
  #session: Promise<pg.Client> | undefined;
  /** one connection takes one statement at a time */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(database: LedgerDatabase) {
    this.#database = database;
    database.onClose(() => this.#close());
  }

  /**
   * @param key the effect
   * @returns null when somebody else has it
   * @throws LedgerUnavailable
   */
  async take(key: string): Promise<ReleaseHold | null> {
    if (this.#held.has(key)) return null;
    this.#held.add(key);
    try {
      const taken = await this.#ask('pg_try_advisory_lock', key);
      if (taken) return () => this.#release(key);
      this.#held.delete(key);
      return null;
    } catch (error) {
      this.#held.delete(key);
      throw ledgerError('hold an effect', error);
    }
  }

  async #release(key: string): Promise<void> {
    try {
      await this.#ask('pg_advisory_unlock', key);
    } catch {
      // a session that gives nothing back must end, or its locks would outlive the hold
      await this.#close();
    } finally {
      this.#held.delete(key);
    }
  }

  #ask(lock: 'pg_try_advisory_lock' | 'pg_advisory_unlock', key: string): Promise<boolean> {
    const answer = this.#turn.then(() => this.#query(lock, key));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #query(lock: 'pg_try_advisory_lock' | 'pg_advisory_unlock', key: string): Promise<boolean> {
    const session = await (this.#session ?? this.#connect());
    const { rows } = await session.query<Record<string, unknown>>(
      `select ${lock}(hashtextextended($1, 0)) as answer`,
      [`gatehouse effect ${key}`],
    );
    return rows[0]?.answer === true;
  }

  #connect(): Promise<pg.Client> {
    const client = new pg.Client(clientConfig(this.#database.options));
    const session = prepared(client);
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    session.catch(forget);
    this.#session = session;
    return session;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.then(
      (client) => client.end(),
      () => undefined,
    );
  }
}

async function prepared(client: pg.Client): Promise<pg.Client> {
  try {
    await client.connect();
    await client.query(`set tcp_keepalives_idle = ${HOLD.keepaliveSeconds}`);
    await client.query(`set tcp_keepalives_interval = ${HOLD.keepaliveSeconds}`);
    await client.query(`set tcp_keepalives_count = ${HOLD.keepaliveCount}`);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
