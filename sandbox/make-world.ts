import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeWorld } from './world.js';

/** `tsx sandbox/make-world.ts [--clusters N] FILE`: writes an example world with fresh secrets. */
const { values, positionals } = parseArgs({
  options: { clusters: { type: 'string', default: '25' } },
  allowPositionals: true,
});
const [file] = positionals;
const clusters = Number(values.clusters);
if (file === undefined || !Number.isInteger(clusters) || clusters < 1 || clusters > 999) {
  console.error('usage: tsx sandbox/make-world.ts [--clusters 1..999] FILE');
  process.exitCode = 1;
} else {
  writeFileSync(file, `${JSON.stringify(makeWorld({ clusters }), null, 2)}\n`, { mode: 0o600 });
}
