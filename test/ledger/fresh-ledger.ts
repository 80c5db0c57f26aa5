/** A new, empty, migrated ledger in a database of its own, with the login of every role. */
import { LedgerDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { PgAuditorLedger } from '../../src/ledger/pg-chain.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { type LedgerRole, roleUrl, setUpRoles } from '../../src/ledger/roles.js';
import { passwordsOfRoles } from '../support/role-passwords.js';
import { emptyLedger } from '../support/stack.js';

export interface FreshLedger {
  readonly adminUrl: string;
  readonly api: PgApiLedger;
  readonly worker: PgWorkerLedger;
  readonly auditor: PgAuditorLedger;
  /** connection of one role, for statements that no class offers */
  database(role: LedgerRole): LedgerDatabase;
  urlOf(role: LedgerRole): string;
  close(): Promise<void>;
}

/** @param databaseUrl an administrator's address of an empty database; default: a new one on the server of this run */
export async function freshLedger(databaseUrl?: string): Promise<FreshLedger> {
  const adminUrl = databaseUrl ?? (await emptyLedger());
  const passwords = passwordsOfRoles(adminUrl);
  await setUpRoles(adminUrl, passwords);
  // a copy of the empty ledger is migrated already
  if (databaseUrl !== undefined) await migrate(roleUrl(adminUrl, 'owner', passwords));
  return openLedger(adminUrl);
}

/** Connects to a ledger that `freshLedger` made. */
export function openLedger(adminUrl: string): FreshLedger {
  const passwords = passwordsOfRoles(adminUrl);
  const opened = new Map<LedgerRole, LedgerDatabase>();
  const urlOf = (role: LedgerRole): string => roleUrl(adminUrl, role, passwords);
  const database = (role: LedgerRole): LedgerDatabase => {
    const known =
      opened.get(role) ?? new LedgerDatabase({ connectionString: urlOf(role), applicationName: role });
    opened.set(role, known);
    return known;
  };
  return {
    adminUrl,
    api: new PgApiLedger(database('api')),
    worker: new PgWorkerLedger(database('worker')),
    auditor: new PgAuditorLedger(database('auditor')),
    database,
    urlOf,
    async close() {
      await Promise.all([...opened.values()].map((one) => one.close()));
    },
  };
}
