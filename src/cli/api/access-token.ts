/** The file with the access token that `gatehouse login` writes. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.js';

/** GATEHOUSE_TOKEN_FILE, or `gatehouse/token` in the user's folder of configurations. */
export function tokenFileOf(configured: string | undefined, env: NodeJS.ProcessEnv): string {
  if (configured !== undefined) return configured;
  const folder = env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), '.config');
  return join(folder, 'gatehouse', 'token');
}

/**
 * @param configured value of GATEHOUSE_TOKEN_FILE
 * @returns undefined when nobody has signed in yet
 * @throws CliError when a file that was named cannot be read, or does not hold a token
 */
export function readAccessToken(configured: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const file = tokenFileOf(configured, env);
  const remedy = 'Sign in with `gatehouse login`, or put an access token there.';
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch {
    if (configured === undefined) return undefined;
    throw new CliError(`The token file ${file} (GATEHOUSE_TOKEN_FILE) cannot be read.`, remedy);
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CliError(`The token file ${file} holds no access token.`, remedy);
}

/** Writes a line into the file whole or not at all, readable by its owner only. */
export function writePrivately(file: string, line: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${line}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
}

/** @returns whether there was one */
export function deleteAccessToken(file: string): boolean {
  const wasThere = existsSync(file);
  rmSync(file, { force: true });
  return wasThere;
}
