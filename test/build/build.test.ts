import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { ROOT } from '../../scripts/run-part.js';
import { ENTRIES } from '../../src/build/entries.js';
import { CONVERTER_PATHS } from '../../src/security/data-converter.js';

/** Packages are found from here, as from the folder of an image. */
const FOLDER = join(ROOT, 'node_modules/.cache', `build-${randomUUID()}`);

beforeAll(async () => {
  await runCommand(process.execPath, ['--import', 'tsx', 'src/build/build-main.ts', FOLDER], { cwd: ROOT });
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test('a file for each process with its source map, the workflows, and the command line', async () => {
  const expected = Object.keys(ENTRIES).flatMap((name) => [`${name}.mjs`, `${name}.mjs.map`]);
  expect((await readdir(FOLDER)).sort()).toEqual(
    [...expected, 'workflows.js', 'gatehouse.cjs', 'gatehouse.cjs.licences.txt'].sort(),
  );
});

test('our converters are in the workflow bundle', () => {
  const code = readFileSync(join(FOLDER, 'workflows.js'), 'utf8');
  for (const path of Object.values(CONVERTER_PATHS)) {
    expect(code).toContain(path.slice(path.lastIndexOf('/') + 1));
  }
});

test.each([
  ['api', 'GATEHOUSE_INSTALLATION'],
  ['worker', 'GATEHOUSE_INSTALLATION'],
  ['migrate', 'DATABASE_URL'],
])('%s starts, and says which setting it lacks, with the place in the source', (name, setting) => {
  const started = spawnSync(process.execPath, ['--enable-source-maps', join(FOLDER, `${name}.mjs`)], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });
  expect(started.status).not.toBe(0);
  expect(started.stderr + started.stdout).toContain(setting);
  expect(started.stderr + started.stdout).toContain('src/config/settings.ts');
});
