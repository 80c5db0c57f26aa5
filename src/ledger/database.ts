/** The one place that speaks to Postgres: a pool, one statement per call, trouble mapped to the ledger's errors. */
import pg from 'pg';
import {
  LedgerCorrupt,
  LedgerMisconfigured,
  LedgerRefused,
  LedgerUnavailable,
  REFUSALS,
  type RefusalReason,
} from './errors.js';
import { DATABASE } from './tuning.js';

/** A row as it comes from the driver: nothing is believed of it before it is read by `column`. */
export type Row = Readonly<Record<string, unknown>>;

export interface DatabaseOptions {
  /** `postgres://` address with a login role and its password */
  readonly connectionString: string;
  /** shown in the server's list of sessions, e.g. `gatehouse-worker` */
  readonly applicationName: string;
  readonly poolSize?: number;
}

/** Statement that one role may execute on the ledger. */
export class LedgerDatabase {
  readonly options: DatabaseOptions;
  readonly #pool: pg.Pool;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(options: DatabaseOptions) {
    this.options = options;
    this.#pool = new pg.Pool({
      ...clientConfig(options),
      max: options.poolSize ?? DATABASE.poolSize,
      idleTimeoutMillis: DATABASE.idleMs,
    });
    // an idle connection that is cut is replaced by the pool; without a listener it would end the process
    this.#pool.on('error', () => undefined);
  }

  /**
   * @param operation what is done, for people, e.g. `record a plan`
   * @throws LedgerUnavailable, LedgerRefused, LedgerMisconfigured
   */
  async query(operation: string, sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      const result = await this.#pool.query<Record<string, unknown>>(sql, [...values]);
      return result.rows;
    } catch (error) {
      throw ledgerError(operation, error);
    }
  }

  /** For connections beside the pool: closed with it. */
  onClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Gives all connections back; waits for running statements. */
  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    await this.#pool.end();
  }
}

/** Options of a single connection, shared by the pool and by the listener. */
export function clientConfig(options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: options.connectionString,
    application_name: options.applicationName,
    connectionTimeoutMillis: DATABASE.connectMs,
    statement_timeout: DATABASE.statementMs,
    // a server that does not answer at all, e.g. behind a dead network, does not run its own timeout
    query_timeout: DATABASE.statementMs + 1_000,
    keepAlive: true,
  };
}

/** Maps whatever the driver throws. The original is dropped: it can carry parameters. */
export function ledgerError(operation: string, error: unknown): Error {
  if (!(error instanceof Error)) return new LedgerUnavailable(operation, 'unknown trouble');
  if (error instanceof TypeError || error instanceof RangeError) return error;
  if (!(error instanceof pg.DatabaseError)) {
    // the driver's own words for a password that is missing or of the wrong kind
    if (error.message.startsWith('SASL')) {
      return new LedgerMisconfigured(operation, 'the login failed: check user and password of the database');
    }
    return new LedgerUnavailable(
      operation,
      'code' in error ? `no connection (${String(error.code)})` : 'no connection',
    );
  }
  const code = error.code ?? '';
  if (code === 'GH001') return new LedgerRefused(operation, reasonOf(error.detail), error.message);
  if (code === 'GH002') return new LedgerRefused(operation, 'append-only', error.message);
  switch (code.slice(0, 2)) {
    case '22':
      return new LedgerRefused(operation, 'malformed', `the database cannot read a value (${code})`);
    case '23':
      return code === '23505'
        ? new LedgerRefused(
            operation,
            'contradiction',
            `the like exists already (${error.constraint ?? code})`,
          )
        : new LedgerRefused(operation, 'malformed', `a value is not allowed (${error.constraint ?? code})`);
    case '28':
      return new LedgerMisconfigured(operation, 'the login failed: check user and password of the database');
    case '3D':
      return new LedgerMisconfigured(
        operation,
        'there is no such database: create it, then run the migrations',
      );
    case '42':
      return code === '42501'
        ? new LedgerMisconfigured(operation, 'this login may not do that: check which login the process uses')
        : new LedgerMisconfigured(
            operation,
            `the schema is not the expected one (${code}): run the migrations`,
          );
    default:
      return new LedgerUnavailable(operation, `the database answered ${code}`);
  }
}

function reasonOf(detail: string | undefined): RefusalReason {
  return REFUSALS.find((reason) => reason === detail) ?? 'contradiction';
}

/** Readers of columns; each throws `LedgerCorrupt` when the value is not of its kind. */
export const column = {
  text(row: Row, name: string): string {
    const value = row[name];
    if (typeof value !== 'string') throw new LedgerCorrupt(`column ${name} is not text`);
    return value;
  },
  textOrNull(row: Row, name: string): string | null {
    return row[name] === null ? null : column.text(row, name);
  },
  /** bigint columns come as text */
  whole(row: Row, name: string): number {
    const value = Number(row[name] ?? Number.NaN);
    if (!Number.isSafeInteger(value)) throw new LedgerCorrupt(`column ${name} is not a whole number`);
    return value;
  },
  boolean(row: Row, name: string): boolean {
    const value = row[name];
    if (typeof value !== 'boolean') throw new LedgerCorrupt(`column ${name} is not a boolean`);
    return value;
  },
  texts(row: Row, name: string): readonly string[] {
    const value = row[name];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw new LedgerCorrupt(`column ${name} is not a list of texts`);
    }
    return value;
  },
} as const;
