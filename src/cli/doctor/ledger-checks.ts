/** The ledger: it answers, it is migrated, and this login may do no more than it must. */
import { column, LedgerDatabase } from '../../ledger/database.js';
import { PgAuditorLedger } from '../../ledger/pg-chain.js';
import { LEDGER_ROLES } from '../../ledger/roles.js';
import { CliError } from '../cli-error.js';
import { counted } from '../output/text.js';
import { clockState } from './clock.js';
import { type Finding, find } from './finding.js';

/** Notices of the last week are looked at, in seconds; and how many of those that did not arrive are told one by one. */
const NOTICES_WITHIN_S = 7 * 24 * 3600;
const LINES = 10;

/** One function that only this login role may execute; the auditor has none. */
const OWN_FUNCTION: Readonly<Record<string, string>> = {
  [LEDGER_ROLES.api]: 'gatehouse.record_decision(text, text, text, text)',
  [LEDGER_ROLES.worker]: 'gatehouse.reserve_effect(text, text, bigint)',
};

export async function ledgerChecks(url: string): Promise<readonly Finding[]> {
  const database = new LedgerDatabase({
    connectionString: url,
    applicationName: 'gatehouse-doctor',
    poolSize: 1,
  });
  try {
    const ledger = new PgAuditorLedger(database);
    const answers = await find(
      'ledger',
      'answers',
      async () => `${(await ledger.head()).seq} entries`,
      'Check GATEHOUSE_LEDGER_URL and that the database runs, then: gatehouse migrate.',
    );
    if (answers.state === 'fault') return [answers];
    return [
      answers,
      await find('ledger', 'rights', () => rightsState(database)),
      await find('ledger', 'notices', () => noticesState(database)),
      await find('clock', 'ledger', async () => clockState(Date.parse((await ledger.head()).at), Date.now())),
    ];
  } finally {
    await database.close();
  }
}

/** Who was not told of something lately: a matter of one person or receiver, so a warning. */
async function noticesState(database: LedgerDatabase): Promise<string | Omit<Finding, 'area' | 'subject'>> {
  const [{ may } = { may: false }] = await database.query(
    'read rights',
    `select has_function_privilege('gatehouse.undelivered_of(text, double precision)', 'EXECUTE') as may`,
  );
  if (may !== true) return 'this login does not see who was told';
  const rows = await database.query(
    'read what was not delivered',
    'select recipient, why from gatehouse.undelivered_of(null, $1)',
    [NOTICES_WITHIN_S],
  );
  if (rows.length === 0) return 'everybody was told';
  const lines = rows.map(
    (row) => `${column.text(row, 'recipient').replace(':', ' ')}: ${column.text(row, 'why')}`,
  );
  return {
    state: 'warning',
    detail: [`${counted(rows.length, 'notice')} did not arrive`, ...[...new Set(lines)].slice(0, LINES)].join(
      '\n',
    ),
    remedy: 'Correct the address in the directory, or the webhook in the installation file.',
  };
}

async function rightsState(database: LedgerDatabase): Promise<string> {
  const [row = {}] = await database.query(
    'read rights',
    `select current_user::text as login,
            (select rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = current_user) as mighty,
            has_table_privilege('gatehouse.entry', 'INSERT, UPDATE, DELETE, TRUNCATE') as writes`,
  );
  const login = column.text(row, 'login');
  const remedy = `Use the login of this process: ${Object.values(LEDGER_ROLES).slice(1).join(', ')}.`;
  if (column.boolean(row, 'mighty') || column.boolean(row, 'writes')) {
    throw new CliError(`${login} may write tables directly: the ledger would not be append-only.`, remedy);
  }
  const own = OWN_FUNCTION[login];
  if (own === undefined) {
    if (login === LEDGER_ROLES.auditor) return `${login} reads, and writes nothing`;
    throw new CliError(`${login} is no login role of the ledger.`, remedy);
  }
  for (const [role, signature] of Object.entries(OWN_FUNCTION)) {
    const [may = {}] = await database.query(
      'read rights',
      `select has_function_privilege($1, 'EXECUTE') as may`,
      [signature],
    );
    if (column.boolean(may, 'may') !== (role === login)) {
      throw new CliError(
        `${login} ${role === login ? 'may not' : 'may'} execute ${signature}.`,
        'Run the migrations: gatehouse migrate. Grant nothing by hand.',
      );
    }
  }
  return `${login} may append what is its own, and nothing else`;
}
