/**
 * `build-main.ts FOLDER`: writes what an image starts into a folder beside `node_modules`: `<name>.mjs` for each of our
 * processes, `workflows.js` for the workers, and the command line, `gatehouse.cjs`. The sources must stay where they are: files
 * beside them are read.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowBundleCode } from '../worker/bundle.js';
import { commandFile } from './command-file.js';
import { ENTRIES } from './entries.js';
import { bundleEntry, writeBundle } from './entry-bundle.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('Name the folder to write into: build-main.ts FOLDER');
const folder = resolve(name);
await mkdir(folder, { recursive: true });
for (const [process, entry] of Object.entries(ENTRIES)) {
  await writeBundle(folder, process, await bundleEntry(join(ROOT, entry), folder));
}
await writeFile(join(folder, 'workflows.js'), await workflowBundleCode());
const { code, licences } = await commandFile(ROOT);
await writeFile(join(folder, 'gatehouse.cjs'), code);
await writeFile(join(folder, 'gatehouse.cjs.licences.txt'), licences);
