import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';
import { packageVersion } from '../../src/cli/commands/version.js';

let folder: TemporaryFolder;
let file: string;
beforeAll(async () => {
  folder = await temporaryFolder('wait-file');
  file = join(folder.path, 'gatehouse');
  await runCommand(process.execPath, ['--import', 'tsx', 'src/build/wait-file-main.ts', file], { cwd: ROOT });
});
afterAll(() => folder.remove());

function run(...args: string[]): { readonly status: number | null; readonly printed: string } {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path },
    encoding: 'utf8',
  });
  return { status, printed: stdout + stderr };
}

test('runs by its name, with nothing beside it', () => {
  expect(existsSync(join(folder.path, 'node_modules'))).toBe(false);
  expect(run('version')).toEqual({
    status: 0,
    printed: `gatehouse ${packageVersion()} (Node ${process.version})\n`,
  });
});

test('has the one command, and says what is wrong as the whole command line does', () => {
  expect(run('--help').printed).toMatch(/wait \[options\]/);
  expect(run('promote', 'shop')).toMatchObject({
    status: 1,
    printed: expect.stringContaining('unknown command'),
  });
  const faulty = run('wait', '--application', 'shop', '--revision', '9f31c2e');
  expect(faulty).toMatchObject({ status: 1, printed: expect.stringContaining('is not a whole commit id') });
});

test('tells nothing of the machine that made it', () => {
  expect(readFileSync(file, 'utf8')).not.toContain(ROOT);
});

test('comes with the licences of what is in it', () => {
  const code = readFileSync(file, 'utf8');
  const licences = readFileSync(`${file}.licences.txt`, 'utf8');
  const packages = new Set(
    [...code.matchAll(/^\/\/ .*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name = '']) => name),
  );
  expect(packages.size).toBeGreaterThan(10);
  for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, 'm'));
  expect(licences).not.toContain('see below');
});
