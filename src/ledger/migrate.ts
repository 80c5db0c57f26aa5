/** Brings the schema of the ledger up to date. */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { applyFunctions } from './apply-functions.js';
import { ledgerError } from './database.js';
import { LedgerMisconfigured } from './errors.js';
import { LEDGER_ROLES } from './roles.js';

const SCHEMA = 'gatehouse';
/** Two that make the schema at once can meet in the catalogue. */
const MEETING = ['23505', '42P06', '42P07', 'XX000'];
const ATTEMPTS = 10;

/**
 * Runs the migrations that are missing, all in one transaction; nothing when there are none. Several processes may call
 * it at once: they wait for each other.
 * @param ownerUrl address of the database with the login of `gatehouse_owner`
 * @returns names of the migrations that were run now
 * @throws LedgerMisconfigured when the login is not the owner or the roles are missing, LedgerUnavailable
 */
export async function migrate(ownerUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: ownerUrl });
  const turn = new pg.Client({ connectionString: ownerUrl });
  client.on('error', () => undefined);
  turn.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOtherLogin(client);
    await turn.connect();
    await takeTurn(turn);
    const ran = await runner({
      dbClient: client,
      dir: fileURLToPath(new URL('migrations', import.meta.url)),
      direction: 'up',
      schema: SCHEMA,
      createSchema: true,
      migrationsTable: 'migration',
      singleTransaction: true,
      noLock: true,
      log: () => undefined,
    });
    await applyFunctions(client);
    return ran.map((migration) => migration.name);
  } catch (error) {
    throw error instanceof LedgerMisconfigured ? error : ledgerError('migrate', error);
  } finally {
    await client.end().catch(() => undefined);
    await turn.end().catch(() => undefined);
  }
}

/**
 * Waits for other migrations, and keeps its turn as long as the connection stands. A lock of a table that only the owner may
 * lock: an advisory lock could be held by any login, for ever.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`create schema if not exists ${SCHEMA}`);
      await client.query(`create table if not exists ${SCHEMA}.migration_turn ()`);
      await client.query(`revoke all on table ${SCHEMA}.migration_turn from public`);
      break;
    } catch (error) {
      const meeting = error instanceof pg.DatabaseError && MEETING.includes(error.code ?? '');
      if (!meeting || attempt >= ATTEMPTS) throw error;
    }
  }
  await client.query('begin');
  await client.query(`lock table ${SCHEMA}.migration_turn in exclusive mode`);
}

async function refuseOtherLogin(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select current_user as login, (select count(*)::int from pg_roles where rolname = any ($1)) as roles`,
    [Object.values(LEDGER_ROLES)],
  );
  if (rows[0]?.login !== LEDGER_ROLES.owner) {
    throw new LedgerMisconfigured(
      'migrate',
      `the login is ${String(rows[0]?.login)}: migrations are run as ${LEDGER_ROLES.owner}, which owns all`,
    );
  }
  if (rows[0]?.roles !== Object.keys(LEDGER_ROLES).length) {
    throw new LedgerMisconfigured('migrate', 'roles are missing: set up the roles as an administrator first');
  }
}
