/** The file with the passwords of the ledger's login roles. */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { SettingError } from '../config/settings.js';
import type { RolePasswords } from './roles.js';

const Passwords = Compile(
  Type.Object(
    { owner: Type.String(), api: Type.String(), worker: Type.String(), auditor: Type.String() },
    { additionalProperties: false },
  ),
);

/**
 * Reads the file that GATEHOUSE_ROLE_PASSWORDS names.
 * @throws SettingError when it cannot be read or is not of its shape; the message holds no password
 */
export function readRolePasswords(path: string): RolePasswords {
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
