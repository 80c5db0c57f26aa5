/**
 * Makes the roles of the ledger and brings its schema up to date, and ends: a job before the first start and before each
 * new version. Run it as often as you like.
 */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { SettingError, setting } from '../config/settings.js';
import { migrate } from './migrate.js';
import { type RolePasswords, roleUrl, setUpRoles } from './roles.js';

const Passwords = Compile(
  Type.Object(
    { owner: Type.String(), api: Type.String(), worker: Type.String(), auditor: Type.String() },
    { additionalProperties: false },
  ),
);

function readPasswords(path: string): RolePasswords {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    value = undefined;
  }
  if (Passwords.Check(value)) return value;
  throw new SettingError(
    `GATEHOUSE_ROLE_PASSWORDS: ${path} must be a readable JSON file with the passwords "owner", "api", "worker" and "auditor" and nothing else.`,
  );
}

const adminUrl = setting('DATABASE_URL');
const passwords = readPasswords(setting('GATEHOUSE_ROLE_PASSWORDS'));
await setUpRoles(adminUrl, passwords);
const ran = await migrate(roleUrl(adminUrl, 'owner', passwords));
console.log(`Ledger: ${ran.length === 0 ? 'up to date' : `ran ${ran.join(', ')}`}`);
