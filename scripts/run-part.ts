import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elapsed } from '../sandbox/stack/progress.js';
import { parseRunResult, type RunResult } from './run-result.js';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** One run of vitest over some folders. */
export interface Part {
  readonly name: string;
  /** Folders or files, from the root of the repository; options of vitest may follow. */
  readonly paths: readonly string[];
  /** Test files at once. Default: that of the config. */
  readonly atOnce?: number;
  /** Config file of vitest. */
  readonly config: string;
  /** The part is ended and counts as failed after this time. */
  readonly limitMs: number;
}

/**
 * Runs a part.
 * @param folder where the result is put meanwhile
 * @param env added to our environment
 * @param output whether vitest's own output is shown, or a file descriptor that gets it
 */
export async function runPart(
  part: Part,
  folder: string,
  env: Readonly<Record<string, string>>,
  output: 'inherit' | 'ignore' | number = 'inherit',
): Promise<RunResult> {
  const resultFile = join(folder, `${part.name}.result.json`);
  await rm(resultFile, { force: true });
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const args = [
    'run',
    '--config',
    part.config,
    '--reporter=default',
    '--reporter=./test/support/run-reporter.ts',
  ];
  if (part.atOnce !== undefined) args.push(`--maxWorkers=${part.atOnce}`);
  const child = spawn(process.execPath, [vitest, ...args, ...part.paths], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env, GATEHOUSE_RUN_RESULT: resultFile },
  });
  let cutOff = false;
  const timer = setTimeout(() => {
    cutOff = child.kill('SIGKILL');
  }, part.limitMs);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal }));
    },
  );
  clearTimeout(timer);
  const written = await readFile(resultFile, 'utf8').catch(() => undefined);
  const result = written === undefined ? undefined : parseRunResult(written);
  if (result !== undefined && (code === 0 || (code !== null && result.failed.length > 0))) return result;
  const end = cutOff
    ? `cut off after ${elapsed(part.limitMs)}`
    : `vitest ended with ${signal ?? `code ${code}`}`;
  const { passed, failed, notRun, running, open, files } = result ?? NOTHING;
  const why = running.map((test) => `while it ran ${test}`);
  return {
    passed,
    failed: [...failed, { test: `part ${part.name}: ${end}`, why }],
    notRun: [
      ...notRun,
      ...open.map((test) => ({ test, reason: `part ${part.name}: ${end} before it had ended` })),
    ],
    running,
    open,
    files,
  };
}

const NOTHING: RunResult = { passed: 0, failed: [], notRun: [], running: [], open: [], files: [] };
