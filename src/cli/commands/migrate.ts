/** `gatehouse migrate`: makes the ledger's login roles and brings its schema up to date. */
import { setting } from '../../config/settings.js';
import { migrate as runMigrations } from '../../ledger/migrate.js';
import { readRolePasswords } from '../../ledger/role-passwords.js';
import { roleUrl, setUpRoles } from '../../ledger/roles.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

export async function migrate({ env, output }: Session): Promise<ExitCode> {
  const adminUrl = setting('DATABASE_URL', env);
  const passwords = readRolePasswords(setting('GATEHOUSE_ROLE_PASSWORDS', env));
  await setUpRoles(adminUrl, passwords);
  const ran = await runMigrations(roleUrl(adminUrl, 'owner', passwords));
  output.result({ migrations: ran }, () => [
    ran.length === 0 ? 'The ledger is up to date.' : `The ledger is up to date. Ran ${ran.join(', ')}.`,
  ]);
  return EXIT.done;
}
