/**
 * Makes the roles of the ledger and lets them into one database. Run as an administrator of the server, as often as you
 * like: it ends in the same state. Passwords never travel in clear: the server gets their SCRAM verifiers only.
 */
import pg from 'pg';
import { ledgerError } from './database.js';
import { LedgerMisconfigured } from './errors.js';
import { scramVerifier } from './scram.js';

/** Login roles. The owner owns all objects and is used for migrations and erasing only. */
export const LEDGER_ROLES = {
  owner: 'gatehouse_owner',
  api: 'gatehouse_api',
  worker: 'gatehouse_worker',
  auditor: 'gatehouse_auditor',
} as const;
export type LedgerRole = keyof typeof LEDGER_ROLES;

/** One password per role, printable ASCII, at least 16 characters. */
export type RolePasswords = Readonly<Record<LedgerRole, string>>;

/** Roles belong to the whole server: two set-ups at once, also for two databases, can meet in its catalogue. */
const MEETING = ['23505', '42710', 'XX000'];
const ATTEMPTS = 10;

/**
 * @param adminUrl an administrator's address of the database that will hold the ledger (superuser, or a role that may
 * create roles and owns the database)
 * @throws LedgerMisconfigured when a password is too weak or the database is not encoded in UTF-8, LedgerUnavailable
 */
export async function setUpRoles(adminUrl: string, passwords: RolePasswords): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOtherEncoding(client);
    await keepOutOfServerLog(client);
    for (const role of roleKeys()) await inTurn(() => ensureRole(client, role, passwords[role]));
    await inTurn(() => admitToDatabase(client));
    await inTurn(() => forbidLargeObjects(client));
  } catch (error) {
    throw error instanceof LedgerMisconfigured ? error : ledgerError('set up the roles', error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Address of a role in the database of another address. Holds a password: never print it. */
export function roleUrl(adminUrl: string, role: LedgerRole, passwords: RolePasswords): string {
  const url = new URL(adminUrl);
  url.username = LEDGER_ROLES[role];
  url.password = encodeURIComponent(passwords[role]);
  return url.href;
}

function roleKeys(): readonly LedgerRole[] {
  return ['owner', 'api', 'worker', 'auditor'];
}

async function refuseOtherEncoding(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select current_setting('server_encoding') as encoding`,
  );
  if (rows[0]?.encoding !== 'UTF8') {
    throw new LedgerMisconfigured(
      'set up the roles',
      `the database is encoded in ${String(rows[0]?.encoding)}: create it with ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
}

/** Verifiers are no passwords, but have no business in a log either. Only superusers may ask for it. */
async function keepOutOfServerLog(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select rolsuper as superuser from pg_roles where rolname = current_user`,
  );
  if (rows[0]?.superuser !== true) return;
  await client.query(`set log_min_error_statement = panic`);
  await client.query(`set log_statement = none`);
}

async function ensureRole(client: pg.Client, role: LedgerRole, password: string): Promise<void> {
  if (!/^[\x21-\x7e]{16,200}$/.test(password)) {
    throw new LedgerMisconfigured(
      'set up the roles',
      `the password of ${LEDGER_ROLES[role]} must be 16 to 200 printable ASCII characters without spaces`,
    );
  }
  const name = client.escapeIdentifier(LEDGER_ROLES[role]);
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [LEDGER_ROLES[role]]);
  // only who may create databases himself may say nocreatedb of a role that exists; new roles are that anyway
  await client.query(`${rowCount === 0 ? 'create' : 'alter'} role ${name} with login noinherit nocreaterole
    password ${client.escapeLiteral(scramVerifier(password))}`);
  // Postgres lets every login change its own settings: what a thief of one has set ends here
  await client.query(`alter role ${name} reset all`);
}

async function admitToDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, unknown>>('select current_database() as name');
  const database = client.escapeIdentifier(String(rows[0]?.name));
  const roles = roleKeys().map((role) => client.escapeIdentifier(LEDGER_ROLES[role]));
  // no temporary tables either: nothing of a caller may ever stand in the way of a function's own tables
  await client.query(`revoke all on database ${database} from public`);
  await client.query(`revoke create on schema public from public`);
  await client.query(`grant connect on database ${database} to ${roles.join(', ')}`);
  await client.query(`grant create on database ${database} to ${roles[0]}`);
  for (const role of roles) await client.query(`alter role ${role} in database ${database} reset all`);
}

/**
 * Every login may else fill the disk with large objects, which no right on a schema hinders. Only a superuser may take it away:
 * where the administrator is none, it stays (docs: ledger).
 */
async function forbidLargeObjects(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select rolsuper as superuser from pg_roles where rolname = current_user`,
  );
  if (rows[0]?.superuser !== true) return;
  await client.query(
    'revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public',
  );
}

async function inTurn(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      const meeting = error instanceof pg.DatabaseError && MEETING.includes(error.code ?? '');
      if (!meeting || attempt >= ATTEMPTS) throw error;
    }
  }
}
