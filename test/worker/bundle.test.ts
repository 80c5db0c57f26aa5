import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';
import { CONVERTER_PATHS } from '../../src/security/data-converter.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('bundle');
});
afterAll(() => folder?.remove());

test('the bundle is written to the file named, with our converters in it', async () => {
  const file = join(folder.path, 'new', 'workflows.js');
  await runCommand(process.execPath, ['--import', 'tsx', 'src/worker/bundle-main.ts', file], { cwd: ROOT });
  const code = await readFile(file, 'utf8');
  for (const path of Object.values(CONVERTER_PATHS)) {
    expect(code).toContain(path.slice(path.lastIndexOf('/') + 1));
  }
});
