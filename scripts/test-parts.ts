import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, ROOT } from './run-part.js';

/** Folders of `test/` without tests of `npm test`: common code, and the ring of real components. */
const NOT_PARTS = new Set(['support', 'real']);
/** Folders whose tests start whole installations of many processes, or a browser: they wait more than they work. */
const HEAVY = new Set(['hostile', 'weather', 'crash', 'docs', 'e2e', 'demo', 'web', 'leak']);
/** Files at once, for each processor: they wait as well as work. More make each other so slow that waits run out. */
const PER_PROCESSOR = 1.5;
/** Several times what a part takes on two quiet processors: only a hang meets it. */
const LIMIT_MS = 45 * 60_000;

/** Names no folder with tests. The message lists those that there are. */
export class UnknownPartError extends Error {
  override readonly name = 'UnknownPartError';
}

/** Folders under `test/` that hold tests. They are looked up, so that a new one can't be forgotten. */
export function testFolders(): string[] {
  return readdirSync(join(ROOT, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_PARTS.has(entry.name))
    .map((entry) => entry.name)
    .filter((name) => readdirSync(join(ROOT, 'test', name), { recursive: true }).some(isTestFile))
    .sort();
}

/**
 * The parts of a run: all light folders as `unit`, then all heavy ones, side by side.
 * @param names folders of `test/`, or `unit`; empty for everything
 * @param processors how many there are
 * @throws UnknownPartError
 */
export function partsOf(
  names: readonly string[],
  processors: number,
  folders: readonly string[] = testFolders(),
): Part[] {
  const light = folders.filter((folder) => !HEAVY.has(folder));
  const chosen = names.length === 0 ? folders : names.flatMap((name) => (name === 'unit' ? light : [name]));
  const unknown = chosen.filter((name) => !folders.includes(name));
  if (unknown.length > 0) {
    throw new UnknownPartError(`No tests in ${unknown.join(', ')}. There are: unit, ${folders.join(', ')}`);
  }
  const part = (name: string, of: readonly string[]): Part => ({
    name,
    paths: of.map((folder) => `test/${folder}/`),
    atOnce: Math.max(2, Math.ceil(processors * PER_PROCESSOR)),
    config: 'vitest.config.ts',
    limitMs: LIMIT_MS,
  });
  const chosenLight = light.filter((folder) => chosen.includes(folder));
  const chosenHeavy = folders.filter((folder) => HEAVY.has(folder) && chosen.includes(folder));
  return [
    ...(chosenLight.length > 0 ? [part(UNIT, chosenLight)] : []),
    ...(chosenHeavy.length > 0 ? [part('installations', chosenHeavy)] : []),
  ];
}

const UNIT = 'unit';

/** What a test file counts to in the summary: its folder when that is a heavy one, else `unit`. */
export function groupOf(file: string): string {
  const [, folder = ''] = file.split('/');
  return HEAVY.has(folder) ? folder : UNIT;
}

function isTestFile(path: string | Buffer): boolean {
  return String(path).endsWith('.test.ts');
}
