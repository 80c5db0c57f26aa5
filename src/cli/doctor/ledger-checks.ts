/** The ledger: it answers, it is migrated, and this login may do no more than it must. */
import { column, LedgerDatabase } from '../../ledger/database.js';
import { PgAuditorLedger } from '../../ledger/pg-chain.js';
import { LEDGER_ROLES } from '../../ledger/roles.js';
import { CliError } from '../cli-error.js';
import { clockState } from './clock.js';
import { type Finding, find } from './finding.js';

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
      await find('clock', 'ledger', async () => clockState(Date.parse((await ledger.head()).at), Date.now())),
    ];
  } finally {
    await database.close();
  }
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
