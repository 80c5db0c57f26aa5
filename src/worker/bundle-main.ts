/** `bundle-main.ts FILE`: writes the workflow bundle to FILE; a step of building the image. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { workflowBundleCode } from './bundle.js';

const file = process.argv[2];
if (file === undefined) throw new Error('Name the file to write: bundle-main.ts FILE');
await mkdir(dirname(file), { recursive: true });
await writeFile(file, await workflowBundleCode());
