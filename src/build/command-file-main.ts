/**
 * `command-file-main.ts FILE`: writes the command line as one file, the licences of what is in it beside it, and
 * `FILE.sources.json`, by which `bin/built-command.js` sees when it is old.
 */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandFile } from './command-file.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXECUTABLE = 0o755;
/** npm writes it whenever it installs something. */
const PACKAGES = 'node_modules/.package-lock.json';

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('Name the file to write: command-file-main.ts FILE');
const file = resolve(name);
const begin = Date.now();
const { code, licences, sources } = await commandFile(ROOT);
await mkdir(dirname(file), { recursive: true });
await rm(`${file}.sources.json`, { force: true });
await writeWhole(file, code, EXECUTABLE);
await writeWhole(`${file}.licences.txt`, licences);
const stamps = await stampsOf([...sources, PACKAGES]);
// what changed meanwhile may be in it or not: without this record it is made again
if (Object.values(stamps).every(([, changedMs]) => changedMs < begin)) {
  await writeWhole(`${file}.sources.json`, JSON.stringify(stamps));
}

/** Size and time of change, milliseconds since the epoch, of each file; of a folder, which changes with its list, the time. */
async function stampsOf(paths: readonly string[]): Promise<Record<string, readonly [number, number]>> {
  const stamps = paths.map(async (path) => {
    const found = await stat(join(ROOT, path));
    return [path, [found.isDirectory() ? 0 : found.size, found.mtimeMs]] as const;
  });
  return Object.fromEntries(await Promise.all(stamps));
}

/** Others may be starting it. */
async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, text, { mode });
  await rename(unfinished, path);
}
