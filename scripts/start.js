/** `node scripts/start.js FILE.ts ARGUMENT...`: starts a TypeScript file of ours, on a Node that is new enough. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onSupportedNode } from '../bin/supported-node.js';

await onSupportedNode();
await import('tsx');
const [, start, file] = process.argv;
if (file === undefined) throw new Error(`Name the file to start: node ${start} FILE.ts`);
process.argv.splice(1, 2, resolve(file));
await import(pathToFileURL(resolve(file)).href);
