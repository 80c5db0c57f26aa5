/** `wait-file-main.ts FILE`: writes `gatehouse wait` as one file, and the licences of what is in it beside it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFile } from './wait-file.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXECUTABLE = 0o755;

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('Name the file to write: wait-file-main.ts FILE');
const file = resolve(name);
const { code, licences } = await waitFile(ROOT);
await mkdir(dirname(file), { recursive: true });
await writeFile(file, code, { mode: EXECUTABLE });
await writeFile(`${file}.licences.txt`, licences);
