/**
 * One effect, one worker at a time: what somebody schedules twice at once, or again while the first attempt still runs, would
 * else find nothing at the vendor twice and make it twice. Held as rows that only the worker's role can make, by functions, for
 * as long as the session that took them stands, so that a hold ends with the process that has it, at once and however it ends.
 */
import { randomInt } from 'node:crypto';
import pg from 'pg';
import { clientConfig, type LedgerDatabase, ledgerError } from './database.js';
import { LedgerUnavailable } from './errors.js';
import { HOLD } from './tuning.js';

/** Ends a hold. Never throws: a hold that cannot be given back ends with the connection. */
export type ReleaseHold = () => Promise<void>;

/** A connection, and the number of the lock that shows that it stands. */
interface Session {
  readonly client: pg.Client;
  readonly beacon: string;
}

/** Somebody who guesses numbers meets one of 2^47 three times in a row: never. */
const BEACONS = 3;

export class EffectHolds {
  readonly #database: LedgerDatabase;
  /** what this process asks for or has: a second call of the same process needs no answer of the database */
  readonly #held = new Set<string>();
  #session: Promise<Session> | undefined;
  /** one connection takes one statement at a time */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(database: LedgerDatabase) {
    this.#database = database;
    database.onClose(() => this.#close());
  }

  /**
   * @param key the effect
   * @returns null when somebody else has it
   * @throws LedgerUnavailable, LedgerMisconfigured when this login is none of a worker
   */
  async take(key: string): Promise<ReleaseHold | null> {
    if (this.#held.has(key)) return null;
    this.#held.add(key);
    try {
      if (await this.#ask('hold_effect', key)) return () => this.#release(key);
      this.#held.delete(key);
      return null;
    } catch (error) {
      this.#held.delete(key);
      throw error instanceof LedgerUnavailable ? error : ledgerError('hold an effect', error);
    }
  }

  async #release(key: string): Promise<void> {
    try {
      await this.#ask('release_effect', key);
    } catch {
      // a session that gives nothing back must end, or the hold would outlive the work
      await this.#close();
    } finally {
      this.#held.delete(key);
    }
  }

  #ask(call: 'hold_effect' | 'release_effect', key: string): Promise<boolean> {
    const answer = this.#turn.then(() => this.#query(call, key));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #query(call: 'hold_effect' | 'release_effect', key: string): Promise<boolean> {
    const { client, beacon } = await (this.#session ?? this.#connect());
    const { rows } = await client.query<Record<string, unknown>>(`select gatehouse.${call}($1, $2) as done`, [
      key,
      beacon,
    ]);
    return rows[0]?.done === true;
  }

  #connect(): Promise<Session> {
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
      ({ client }) => client.end(),
      () => undefined,
    );
  }
}

async function prepared(client: pg.Client): Promise<Session> {
  try {
    await client.connect();
    await client.query(`set tcp_keepalives_idle = ${HOLD.keepaliveSeconds}`);
    await client.query(`set tcp_keepalives_interval = ${HOLD.keepaliveSeconds}`);
    await client.query(`set tcp_keepalives_count = ${HOLD.keepaliveCount}`);
    for (let attempt = 1; attempt <= BEACONS; attempt += 1) {
      const beacon = String(randomInt(1, 2 ** 47));
      const { rows } = await client.query<Record<string, unknown>>(
        'select gatehouse.begin_holding($1) as lit',
        [beacon],
      );
      if (rows[0]?.lit === true) return { client, beacon };
    }
    throw new LedgerUnavailable('hold an effect', 'no number for the lock of this session was free');
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
