#!/usr/bin/env node
/** Starts the command line: as one file that is as new as its sources, else from the sources themselves. */
import { createRequire } from 'node:module';
import { onSupportedNode } from './supported-node.js';

await onSupportedNode();
const { builtCommand } = await import('./built-command.js');
const file = builtCommand();
if (file === undefined) {
  const { register } = await import('tsx/esm/api');
  register();
  await import('../src/cli/main.ts');
} else {
  createRequire(import.meta.url)(file);
}
