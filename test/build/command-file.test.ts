import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';
import { versionLine } from '../../src/cli/commands/version.js';
import { asksForLarge, LARGE_COMMANDS } from '../../src/cli/large-commands.js';
import { buildProgram } from '../../src/cli/program.js';

let folder: TemporaryFolder;
let file: string;
beforeAll(async () => {
  folder = await temporaryFolder('command-file');
  file = join(folder.path, 'gatehouse');
  await runCommand(process.execPath, ['--import', 'tsx', 'src/build/command-file-main.ts', file], {
    cwd: ROOT,
  });
});
afterAll(() => folder.remove());

function run(
  program: string,
  ...args: string[]
): { readonly status: number | null; readonly printed: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path },
    encoding: 'utf8',
  });
  return { status, printed: stdout + stderr };
}

describe('the one file', () => {
  test('runs by its name, with nothing beside it', () => {
    expect(existsSync(join(folder.path, 'node_modules'))).toBe(false);
    const { status, stdout } = spawnSync(file, ['version'], { cwd: folder.path, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${versionLine()}\n` });
    expect(run(file, '--version')).toEqual({ status: 0, printed: `${versionLine()}\n` });
  });

  test('has every command, and its small ones ask the API', () => {
    const { printed } = run(file, '--help');
    for (const command of buildProgram(async () => undefined).commands) {
      expect(printed).toContain(`  ${command.name()} `);
    }
    const { stderr } = spawnSync(file, ['status'], {
      env: { PATH: process.env.PATH, HOME: folder.path, GATEHOUSE_URL: 'http://127.0.0.1:1' },
      encoding: 'utf8',
    });
    expect(stderr).toContain('Gatehouse does not answer at http://127.0.0.1:1.');
  });

  test('runs its large commands, options before them too', () => {
    const made = run(file, '--json', 'keys', 'generate', join(folder.path, 'keys'));
    expect(made).toMatchObject({ status: 0, printed: expect.stringContaining('"kid"') });
    expect(run(file, 'wait', '--application', 'shop', '--revision', '9f31c2e')).toMatchObject({
      status: 1,
      printed: expect.stringContaining('is not a whole commit id'),
    });
    expect(run(file, 'doctor')).toMatchObject({
      status: 1,
      printed: expect.stringContaining('GATEHOUSE_INSTALLATION is not set'),
    });
  });

  test('tells nothing of the machine that made it', () => {
    const code = readFileSync(file, 'utf8');
    expect(code).not.toContain(ROOT);
    const [part = ''] = /[A-Za-z0-9+/=]{100000,}/.exec(code) ?? [];
    const unpacked = gunzipSync(Buffer.from(part, 'base64')).toString('utf8');
    for (const part of ['migrations', 'functions', 'apply'])
      expect(unpacked).toContain(`src/ledger/${part}/`);
    expect(unpacked).not.toContain(ROOT);
  });

  test('comes with the licences of what is in it', () => {
    const licences = readFileSync(`${file}.licences.txt`, 'utf8');
    for (const name of ['commander', 'typebox', '@temporalio/client', '@kubernetes/client-node', 'pg']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, 'm'));
    }
    expect(licences).not.toContain('see below');
  });
});

test('a large command is a command of the program, and a file of that name', () => {
  const names = buildProgram(async () => undefined).commands.map((command) => command.name());
  for (const name of LARGE_COMMANDS) {
    expect(names).toContain(name);
    expect(existsSync(join(ROOT, 'src/cli/commands', `${name}.ts`)), name).toBe(true);
    expect(asksForLarge(['--json', name, 'status'])).toBe(true);
  }
  expect(asksForLarge(['status', 'plan'])).toBe(false);
  expect(asksForLarge(['--version'])).toBe(false);
});

describe('npx gatehouse in a checkout', () => {
  let checkout: string;
  let bin: string;
  beforeAll(() => {
    checkout = join(folder.path, 'checkout');
    for (const part of ['bin', 'src', 'third_party/specs/crds', 'package.json', 'tsconfig.json']) {
      cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    bin = join(checkout, 'bin/gatehouse.js');
  });
  const changeVersionTo = (word: string): void =>
    writeFileSync(
      join(checkout, 'src/cli/commands/version.ts'),
      readFileSync(join(ROOT, 'src/cli/commands/version.ts'), 'utf8').replace(
        'return `gatehouse ',
        `return \`${word} `,
      ),
    );
  /** Marks the file that was made: what prints the mark has used it. */
  const mark = (): void => {
    const built = join(checkout, 'dist/gatehouse.cjs');
    const marked = readFileSync(built, 'utf8').replaceAll('return`gatehouse ', 'return`marked ');
    writeFileSync(built, marked);
  };

  test('makes the one file when it is missing, and uses it while nothing has changed', () => {
    expect(run(bin, 'version')).toEqual({ status: 0, printed: `${versionLine()}\n` });
    mark();
    expect(run(bin, 'version').printed).toMatch(/^marked /);
  });

  test.each([
    ['a source has changed', () => changeVersionTo('gatehouse')],
    [
      'a file beside them is new',
      () => writeFileSync(join(checkout, 'src/ledger/migrations/9999_new.sql'), '-- new'),
    ],
  ])('makes it anew when %s', (_, change) => {
    mark();
    expect(run(bin, 'version').printed).toMatch(/^marked /);
    change();
    expect(run(bin, 'version').printed).toBe(`${versionLine()}\n`);
  });

  test('runs its sources where it cannot write the file', () => {
    rmSync(join(checkout, 'dist'), { recursive: true });
    writeFileSync(join(checkout, 'dist'), 'no folder');
    changeVersionTo('sources');
    expect(run(bin, 'version').printed).toMatch(/^sources /);
  });
});
