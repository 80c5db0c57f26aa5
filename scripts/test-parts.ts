import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, ROOT } from './run-part.js';

/** Folders of `test/` without tests of `npm test`: common code, and the ring of real components. */
const NOT_PARTS = new Set(['support', 'real']);
/** Folders whose tests start whole installations of many processes: each is a part of its own, file by file; the longest first. */
const HEAVY = new Set(['hostile', 'weather', 'crash', 'docs', 'e2e', 'demo', 'web', 'leak']);
/** Several times what the longest part takes on two quiet processors: only a hang meets it. */
const LIMIT_MS = 30 * 60_000;

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
 * The parts of a run: all light folders together as `unit`, then each heavy one.
 * @param names folders of `test/`, or `unit`; empty for everything
 * @throws UnknownPartError
 */
export function partsOf(names: readonly string[], folders: readonly string[] = testFolders()): Part[] {
  const light = folders.filter((folder) => !HEAVY.has(folder));
  const chosen = names.length === 0 ? folders : names.flatMap((name) => (name === 'unit' ? light : [name]));
  const unknown = chosen.filter((name) => !folders.includes(name));
  if (unknown.length > 0) {
    throw new UnknownPartError(`No tests in ${unknown.join(', ')}. There are: unit, ${folders.join(', ')}`);
  }
  const part = (name: string, of: readonly string[], serial: boolean): Part => ({
    name,
    paths: of.map((folder) => `test/${folder}/`),
    serial,
    config: 'vitest.config.ts',
    limitMs: LIMIT_MS,
  });
  const chosenLight = light.filter((folder) => chosen.includes(folder));
  return [
    ...(chosenLight.length > 0 ? [part('unit', chosenLight, false)] : []),
    ...[...HEAVY].filter((folder) => chosen.includes(folder)).map((folder) => part(folder, [folder], true)),
  ];
}

function isTestFile(path: string | Buffer): boolean {
  return String(path).endsWith('.test.ts');
}
