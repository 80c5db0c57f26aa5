/**
 * `npm run bench -- <name> [--json]`: runs one bench of this folder. The last line is JSON: `{"name", "figures":
 * [{"name", "value", "unit", "goal", "met"}]}`; with `--json` it is the only line. Without a name it lists the benches.
 * Ends with 1 when a figure misses its goal.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Bench } from './bench.js';

const FOLDER = new URL('.', import.meta.url);
const NOT_BENCHES = new Set(['main.ts', 'bench.ts']);

/** A bench is a file of this folder; its common parts are in folders below. */
function names(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts') && !NOT_BENCHES.has(file))
    .map((file) => basename(file, '.ts'))
    .sort();
}

async function load(name: string): Promise<Bench> {
  const module: unknown = await import(new URL(`${name}.ts`, FOLDER).href);
  const bench: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, 'bench') : undefined;
  if (!isBench(bench)) throw new Error(`bench/${name}.ts exports no "bench" with "describe" and "run"`);
  return bench;
}

function isBench(value: unknown): value is Bench {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'describe' in value &&
    typeof value.describe === 'string' &&
    'run' in value &&
    typeof value.run === 'function'
  );
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const name = args.find((arg) => !arg.startsWith('--'));
  if (name === undefined || !names().includes(name) || !existsSync(new URL(`${name}.ts`, FOLDER))) {
    if (name !== undefined) process.stderr.write(`There is no bench "${name}".\n`);
    for (const each of names()) process.stderr.write(`${each}: ${(await load(each)).describe}\n`);
    return 1;
  }
  const bench = await load(name);
  if (!json) process.stdout.write(`${name}: ${bench.describe}\n`);
  const figures = await bench.run();
  if (!json) {
    for (const { name: what, value, unit, goal, met } of figures) {
      const verdict = goal === undefined ? '' : `  goal ${goal}: ${met === true ? 'met' : 'MISSED'}`;
      process.stdout.write(`  ${what}: ${value} ${unit}${verdict}\n`);
    }
  }
  process.stdout.write(`${JSON.stringify({ name, figures })}\n`);
  return figures.some((figure) => figure.met === false) ? 1 : 0;
}

// Servers that a bench has used may keep the process alive after the last line.
process.exit(await main(process.argv.slice(2)));
