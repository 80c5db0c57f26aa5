/** A new, empty, migrated ledger in a database of its own, with the login of every role. */
import { createHash } from 'node:crypto';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { PgAuditorLedger } from '../../src/ledger/pg-chain.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { type LedgerRole, type RolePasswords, roleUrl, setUpRoles } from '../../src/ledger/roles.js';
import { freshDatabase } from '../support/stack.js';

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
  const adminUrl = databaseUrl ?? (await freshDatabase());
  const passwords = passwordsOf(adminUrl);
  await setUpRoles(adminUrl, passwords);
  await migrate(roleUrl(adminUrl, 'owner', passwords));
  return openLedger(adminUrl);
}

/** Connects to a ledger that `freshLedger` made. */
export function openLedger(adminUrl: string): FreshLedger {
  const passwords = passwordsOf(adminUrl);
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

/** Roles belong to the whole server and test files run side by side: all must agree on the passwords. */
function passwordsOf(adminUrl: string): RolePasswords {
  const of = (role: string): string =>
    createHash('sha256')
      .update(`${new URL(adminUrl).password} ${role}`)
      .digest('hex');
  return { owner: of('owner'), api: of('api'), worker: of('worker'), auditor: of('auditor') };
}
