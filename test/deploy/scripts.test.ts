import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryBundle } from '../../sandbox/stack/entry-bundle.js';
import { type PostgresServer, postgresServer } from '../../sandbox/stack/postgres.js';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';
import { ENTRIES } from '../../src/build/entries.js';
import { reportSystem } from '../support/report.js';

let folder: TemporaryFolder;
let server: PostgresServer;

beforeAll(async () => {
  folder = await temporaryFolder('deploy');
  server = await postgresServer({ own: true });
  reportSystem('postgres', 'real', server.description);
});
afterAll(async () => {
  await server?.dispose();
  await folder?.remove();
});

test('the entry point gives a secret from its file to the process, and takes the file name away', async () => {
  const file = join(folder.path, 'url');
  await writeFile(file, 'postgres://somebody@db/ledger\n');
  const show =
    'console.log(JSON.stringify([process.env.GATEHOUSE_LEDGER_URL, process.env.GATEHOUSE_LEDGER_URL_FILE ?? null]))';
  const out = await runCommand(join(ROOT, 'deploy/entrypoint.sh'), [process.execPath, '-e', show], {
    env: { ...process.env, GATEHOUSE_LEDGER_URL_FILE: file },
  });
  expect(JSON.parse(out)).toEqual(['postgres://somebody@db/ledger', null]);
});

test('the command line of the image starts from wherever it is linked, with secrets from their files', async () => {
  const file = join(folder.path, 'ledger-url');
  await writeFile(file, 'postgres://gatehouse_api@127.0.0.1:1/gatehouse\n');
  const image = join(folder.path, 'app');
  await cp(join(ROOT, 'deploy'), join(image, 'deploy'), { recursive: true });
  const made = join(image, 'dist/gatehouse.cjs');
  await runCommand(process.execPath, ['--import', 'tsx', 'src/build/command-file-main.ts', made], {
    cwd: ROOT,
  });
  const linked = join(folder.path, 'gatehouse');
  await symlink(join(image, 'deploy/gatehouse.sh'), linked);
  const { stdout } = spawnSync(linked, ['doctor', '--json'], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, GATEHOUSE_LEDGER_URL_FILE: file },
    encoding: 'utf8',
  });
  // the address was taken from its file: the ledger was looked for
  expect(JSON.parse(stdout).findings).toContainEqual(
    expect.objectContaining({
      area: 'ledger',
      state: 'fault',
      detail: expect.stringContaining('ECONNREFUSED'),
    }),
  );
});

test('from the made secrets to a migrated ledger: logins, databases, migration job twice', async () => {
  await cp(join(ROOT, 'deploy/make-secrets.sh'), join(folder.path, 'make-secrets.sh'));
  await runCommand(join(folder.path, 'make-secrets.sh'), []);
  const secret = (name: string) => readFile(join(folder.path, 'secrets', name), 'utf8');
  const before = await secret('ledger_admin_password');
  await runCommand(join(folder.path, 'make-secrets.sh'), []);
  expect(await secret('ledger_admin_password')).toBe(before);

  await createDatabases(await secret('temporal_db_password'), before);
  const here = (url: string) => {
    const changed = new URL(url);
    changed.host = new URL(server.adminUrl).host;
    return changed.href;
  };
  const job = async () =>
    runCommand(process.execPath, [await entryBundle(join(ROOT, ENTRIES.migrate))], {
      cwd: ROOT,
      env: {
        ...process.env,
        DATABASE_URL: here(await secret('ledger_admin_url')),
        GATEHOUSE_ROLE_PASSWORDS: join(folder.path, 'secrets/ledger_role_passwords.json'),
      },
    });
  expect(await job()).toMatch(/Ledger: ran .*0001/);
  expect(await job()).toContain('Ledger: up to date');

  for (const name of ['ledger_api_url', 'ledger_worker_url']) {
    const { user, database } = await whoAmI(here(await secret(name)));
    expect([user, database]).toEqual([
      name.replace('ledger_', 'gatehouse_').replace('_url', ''),
      'gatehouse',
    ]);
  }
  const stranger = new URL(here(await secret('ledger_api_url')));
  stranger.pathname = '/temporal';
  await expect(whoAmI(stranger.href)).rejects.toThrow(/permission denied for database/);
  stranger.pathname = '/gatehouse';
  stranger.password = randomBytes(24).toString('hex');
  await expect(whoAmI(stranger.href)).rejects.toThrow(/password authentication failed/);
});

/** Does what the image of Postgres does with `create-databases.sh`: its SQL, without psql, which not every machine has. */
async function createDatabases(temporal: string, ledger: string): Promise<void> {
  const script = await readFile(join(ROOT, 'deploy/postgres/create-databases.sh'), 'utf8');
  const sql = /<<SQL\n([\s\S]*)\nSQL/.exec(script)?.[1] ?? '';
  expect(sql).not.toBe('');
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    for (const statement of sql.replace('$temporal', temporal).replace('$ledger', ledger).split(';\n')) {
      await client.query(statement);
    }
  } finally {
    await client.end();
  }
}

async function whoAmI(url: string): Promise<{ user: string; database: string }> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query('SELECT current_user AS user, current_database() AS database');
    return rows[0];
  } finally {
    await client.end();
  }
}
