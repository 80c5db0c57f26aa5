import { createHash } from 'node:crypto';
import type { RolePasswords } from '../../src/ledger/roles.js';

/**
 * Roles belong to the whole server and test files run side by side: all must agree on the passwords.
 * @param adminUrl an administrator's address of a database of that server
 */
export function passwordsOfRoles(adminUrl: string): RolePasswords {
  const of = (role: string): string =>
    createHash('sha256')
      .update(`${new URL(adminUrl).password} ${role}`)
      .digest('hex');
  return { owner: of('owner'), api: of('api'), worker: of('worker'), auditor: of('auditor') };
}
