/** Brings the schema of the ledger up to date. */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { ledgerError } from './database.js';
import { LedgerMisconfigured } from './errors.js';
import { LEDGER_ROLES } from './roles.js';

const SCHEMA = 'gatehouse';

/**
 * Runs the migrations that are missing, all in one transaction; nothing when there are none. Several processes may call
 * it at once: they wait for each other.
 * @param ownerUrl address of the database with the login of `gatehouse_owner`
 * @returns names of the migrations that were run now
 * @throws LedgerMisconfigured when the login is not the owner or the roles are missing, LedgerUnavailable
 */
export async function migrate(ownerUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: ownerUrl });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOtherLogin(client);
    const ran = await runner({
      dbClient: client,
      dir: fileURLToPath(new URL('migrations', import.meta.url)),
      direction: 'up',
      schema: SCHEMA,
      createSchema: true,
      migrationsTable: 'migration',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: () => undefined,
    });
    return ran.map((migration) => migration.name);
  } catch (error) {
    throw error instanceof LedgerMisconfigured ? error : ledgerError('migrate', error);
  } finally {
    await client.end().catch(() => undefined);
  }
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
