import { readFile } from 'node:fs/promises';
import { elapsed } from '../sandbox/stack/progress.js';
import { WHY_LINES } from './failure-text.js';
import type { Failure, FileTime, RunResult } from './run-result.js';
import { groupOf } from './test-parts.js';

/** What answered for a system in a run. */
export interface SystemLine {
  readonly system: string;
  readonly answered: string;
  readonly detail?: string;
}

export interface PartResult {
  readonly name: string;
  readonly result: RunResult;
  readonly tookMs?: number;
}

export interface SummaryOptions {
  readonly notes?: readonly string[];
  /** of the order of the files */
  readonly seed?: number;
}

/** Files that are named because they took longest. */
const SLOWEST = 10;

/** Reads the notes that tests left by `reportSystem`: each system and kind once, in the order of their names. */
export async function readSystemReport(file: string): Promise<SystemLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = new Map<string, SystemLine>();
  for (const line of text.split('\n').filter((l) => l !== '')) {
    const value: unknown = JSON.parse(line);
    if (isSystemLine(value)) lines.set(`${value.system} ${value.answered} ${value.detail ?? ''}`, value);
  }
  return [...lines.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, line]) => line);
}

/**
 * Prints the end of a run: what answered, what was not run and why, what failed, and as the last line the two numbers.
 * @returns the exit code
 */
export function printSummary(
  systems: readonly SystemLine[],
  parts: readonly PartResult[],
  { notes = [], seed }: SummaryOptions = {},
): 0 | 1 {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const width = Math.max(8, ...systems.map((s) => s.system.length));
  print('\nWhat answered');
  const lines = systems.map((s) => `  ${s.system.padEnd(width)}  ${s.answered.padEnd(8)}  ${s.detail ?? ''}`);
  for (const line of new Set(lines)) print(line.trimEnd());
  const notRun = parts.flatMap(({ result }) => result.notRun);
  print(notRun.length + notes.length === 0 ? '\nNot run: nothing' : '\nNot run');
  for (const note of notes) print(`  ${note}`);
  for (const { test, reason } of notRun) print(`  ${test}: ${reason}`);
  print('\nParts');
  for (const { name, result, tookMs } of parts) {
    const { passed, failed, notRun } = result;
    const counts = `${passed} passed, ${failed.length} failed, ${notRun.length} not run`;
    print(`  ${name}: ${counts}${tookMs === undefined ? '' : ` (${elapsed(tookMs)})`}`);
    for (const line of folderLines(result.files)) print(`    ${line}`);
  }
  print('\nSlowest files');
  for (const line of slowestFiles(parts.flatMap(({ result }) => result.files))) print(`  ${line}`);
  if (seed !== undefined) print(`\nThe same order again: npm test -- --seed ${seed}`);
  const failed = parts.flatMap(({ result }) => result.failed);
  if (failed.length > 0) print('\nFailed');
  for (const line of failedLines(failed)) print(`  ${line}`);
  const passed = parts.reduce((sum, { result }) => sum + result.passed, 0);
  print(`\n${passed} passed, ${failed.length} failed`);
  // A run in which nothing was tested proves nothing.
  return failed.length === 0 && passed > 0 ? 0 : 1;
}

/** The files of each folder together, the longest first. Files run side by side, so it is more than the time that passed. */
export function folderLines(files: readonly FileTime[]): string[] {
  const folders = new Map<string, { ms: number; passed: number }>();
  for (const { file, ms, passed } of files) {
    const group = groupOf(file);
    const sum = folders.get(group) ?? { ms: 0, passed: 0 };
    folders.set(group, { ms: sum.ms + ms, passed: sum.passed + passed });
  }
  return [...folders]
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([name, { ms, passed }]) => `${name}: ${passed} passed, ${elapsed(ms)} in its files`);
}

/** e.g. `4 min 12 s  test/hostile/hostile.test.ts` */
export function slowestFiles(files: readonly FileTime[]): string[] {
  const longest = [...files].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return longest.map(({ file, ms }) => `${elapsed(ms).padStart(11)}  ${file}`);
}

/** Lines for the errors of all failures together: with many, the names say more than the errors, and a log may be cut. */
const ALL_WHY_LINES = 100;

/** Each failed test with the beginning of its error under it, which is the shorter the more failed. */
export function failedLines(failed: readonly Failure[]): string[] {
  const each = Math.min(WHY_LINES, Math.floor(ALL_WHY_LINES / Math.max(1, failed.length)));
  return failed.flatMap(({ test, why }) => [test, ...why.slice(0, each).map((line) => `    ${line}`)]);
}

function isSystemLine(value: unknown): value is SystemLine {
  if (typeof value !== 'object' || value === null) return false;
  if (!('system' in value) || typeof value.system !== 'string') return false;
  if (!('answered' in value) || typeof value.answered !== 'string') return false;
  return !('detail' in value) || typeof value.detail === 'string';
}
