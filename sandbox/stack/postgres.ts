import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './ports.js';
import { type PostgresBinaries, postgresBinaries, type SystemUser } from './postgres-binaries.js';
import { ProcessError, type RunningProcess, startProcess } from './processes.js';
import { runCommand } from './run-command.js';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js';

/** A Postgres server that runs: found by `DATABASE_URL`, shared, or started by us. */
export interface PostgresServer {
  /** Connection URL of the superuser (or of the user in `DATABASE_URL`). Holds a password: never print it. */
  readonly adminUrl: string;
  /** One line for people, without credentials. */
  readonly description: string;
  /** Its log; undefined for a server found by `DATABASE_URL`. */
  readonly logFile?: string;
  /** False for a server found by `DATABASE_URL`: it can't be stopped or restarted by us. */
  readonly ours: boolean;
  /**
   * Makes a new, empty database and returns the connection URL of its owner.
   * @param name lower case letters, digits and underscores; a random suffix is added
   * @param template address of a database of this server that it begins as a copy of, and to which nobody is connected. Who
   * may connect is not copied
   */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Drops a database of `createDatabase`, with whoever is connected to it. */
  dropDatabase(url: string): Promise<void>;
  /** Ends it. `SIGKILL` ends it as a crash would. Data stays until `dispose`. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>;
  /** Starts it again, on the same port and data, after `stop`. */
  start(): Promise<void>;
  /** `stop`, and its data removed, unless they are in a folder that the caller gave. */
  dispose(): Promise<void>;
}

export interface PostgresOptions {
  /** Folder for data and log, kept at the end, and used again if it holds data. Default: a temporary one. */
  readonly folder?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Survive a crash of the machine too, not only of the process. Default false: faster, right for tests. */
  readonly durable?: boolean;
  /** Ask for a server of our own, even if `DATABASE_URL` is set: for tests that stop it. */
  readonly own?: boolean;
}

const SUPERUSER = 'sandbox_admin';
const MEMORY_FREE_TIMEOUT_MS = 15_000;
/** initdb takes under 2 s on a quiet machine. */
const INITDB_TIMEOUT_MS = 120_000;

/**
 * A Postgres server: the one of `DATABASE_URL`, else one of our own from the npm package. Returns when it serves.
 * @throws NoPostgresError when there are no programs for this machine, ProcessError when it doesn't start
 */
export async function postgresServer(o: PostgresOptions = {}): Promise<PostgresServer> {
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== '' && o.own !== true) return existing(given, 'DATABASE_URL');
  return startPostgres(await postgresBinaries(), o);
}

/** A server that somebody else has started and will end. @param adminUrl of a superuser, in any of its databases */
export function postgresOfOthers(adminUrl: string): PostgresServer {
  return existing(adminUrl, 'shared');
}

function existing(adminUrl: string, from: string): PostgresServer {
  const notOurs = () => Promise.reject(new Error(`This server is not ours to stop (${from})`));
  return {
    adminUrl,
    description: `the server at ${new URL(adminUrl).host} (${from})`,
    ours: false,
    createDatabase: (name, template) => createDatabase(adminUrl, name, template),
    dropDatabase: (url) => dropDatabase(adminUrl, url),
    stop: notOurs,
    start: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  };
}

async function startPostgres(binaries: PostgresBinaries, o: PostgresOptions): Promise<PostgresServer> {
  const temporary = o.folder === undefined ? await temporaryFolder('postgres') : undefined;
  const folder = temporary?.path ?? (await reachableFolder(o.folder ?? '', binaries.user));
  if (binaries.user) await chown(folder, binaries.user.uid, binaries.user.gid);
  const password = await initialise(binaries, folder);
  const port = o.port ?? (await freePort());
  const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
  const runOnce = () =>
    startProcess({
      name: 'Postgres',
      command: binaries.postgres,
      args: ['-D', join(folder, 'data'), '-p', String(port), ...settings(o.durable === true)],
      cwd: folder,
      env: { ...process.env, LC_ALL: 'C' },
      logFile: join(folder, 'postgres.log'),
      ready: () => serves(adminUrl),
      // SIGINT: "fast shutdown" in Postgres' words; SIGTERM would wait for all clients to leave.
      stopSignal: 'SIGINT',
      ...(binaries.user && { user: binaries.user }),
    });
  const run = () => startWhenMemoryIsFree(runOnce);
  let running: RunningProcess<string> | undefined = await run();
  const version = running.found;
  const stop = async (signal: 'SIGINT' | 'SIGKILL' = 'SIGINT') => {
    const it = running;
    running = undefined;
    if (it === undefined) return;
    if (signal === 'SIGINT') await it.stop();
    else {
      it.kill('SIGKILL');
      await it.ended;
    }
  };
  return {
    adminUrl,
    description: `PostgreSQL ${version}, real programs from npm`,
    logFile: join(folder, 'postgres.log'),
    ours: true,
    createDatabase: (name, template) => createDatabase(adminUrl, name, template),
    dropDatabase: (url) => dropDatabase(adminUrl, url),
    stop,
    async start() {
      running ??= await run();
    },
    async dispose() {
      await stop();
      await removeAll(temporary, binaries.copy);
    },
  };
}

/**
 * The folder that the caller gave, or, when Postgres' user can't get there (a checkout under /root, started by root), one
 * in /var/tmp that belongs to it: the same one each time.
 */
async function reachableFolder(folder: string, user: SystemUser | undefined): Promise<string> {
  await mkdir(folder, { recursive: true });
  if (user === undefined) return folder;
  const reached = await runCommand('test', ['-x', dirname(folder)], { user, cwd: '/' }).then(
    () => true,
    () => false,
  );
  if (reached) return folder;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const elsewhere = join('/var/tmp', `gatehouse-postgres-${name}`);
  await mkdir(elsewhere, { recursive: true, mode: 0o700 });
  return elsewhere;
}

async function removeAll(...folders: readonly (TemporaryFolder | undefined)[]): Promise<void> {
  for (const folder of folders) await folder?.remove();
}

/** After a SIGKILL its children may live on for a moment, and Postgres refuses to start beside them. */
async function startWhenMemoryIsFree<T>(start: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + MEMORY_FREE_TIMEOUT_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const inUse =
        error instanceof ProcessError && error.message.includes('pre-existing shared memory block');
      if (!inUse || Date.now() > deadline) throw error;
    }
  }
}

function settings(durable: boolean): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    // No socket in a common folder: the port on loopback is the only way in.
    unix_socket_directories: '',
    // Installations of a test run share one server, each with some thirty connections.
    max_connections: '300',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    timezone: 'UTC',
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Makes the data folder if it isn't there. Returns the superuser's password, made at random then and kept beside it. */
async function initialise(binaries: PostgresBinaries, folder: string): Promise<string> {
  const passwordFile = join(folder, 'password');
  const kept = await readFile(passwordFile, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept.trim();
  const password = randomBytes(24).toString('base64url');
  const unfinished = join(folder, 'password.new');
  await writeFile(unfinished, `${password}\n`, { mode: 0o600 });
  if (binaries.user) await chown(unfinished, binaries.user.uid, binaries.user.gid);
  const data = join(folder, 'data');
  await rm(data, { recursive: true, force: true });
  const options = [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${unfinished}`,
    '--auth=scram-sha-256',
  ];
  await runCommand(binaries.initdb, [...options, '--encoding=UTF8', '--locale=C', '--no-sync'], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C' },
    timeoutMs: INITDB_TIMEOUT_MS,
    ...(binaries.user && { user: binaries.user }),
  });
  // Written last: the password is there only when the data are whole.
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await rm(unfinished);
  return password;
}

async function serves(adminUrl: string): Promise<string | undefined> {
  return withClient(adminUrl, async (client) => {
    const answer = await client.query<{ server_version: string }>('SHOW server_version');
    return answer.rows[0]?.server_version;
  });
}

async function createDatabase(adminUrl: string, name: string, templateUrl?: string): Promise<string> {
  const full = `${name}_${randomBytes(5).toString('hex')}`;
  // template0 copies fastest and holds nothing of anybody.
  const template = templateUrl === undefined ? 'template0' : databaseOf(templateUrl);
  await withClient(adminUrl, (client) =>
    client.query(
      `CREATE DATABASE ${client.escapeIdentifier(full)} TEMPLATE ${client.escapeIdentifier(template)}`,
    ),
  );
  const url = new URL(adminUrl);
  url.pathname = `/${full}`;
  return url.href;
}

async function dropDatabase(adminUrl: string, databaseUrl: string): Promise<void> {
  const name = databaseOf(databaseUrl);
  await withClient(adminUrl, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
