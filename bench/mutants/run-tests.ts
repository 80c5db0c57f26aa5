/** Runs named tests of a tree to their first failure. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { CommandError, runCommand } from '../../sandbox/stack/run-command.js';

/** A mutant may make a test wait for what never comes: then the test has noticed, by its own limit. */
const TEST_LIMIT_MS = 120_000;
/** No set of tests of a mutant takes as long, on a busy machine neither. */
const RUN_LIMIT_MS = 900_000;

const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  testResults: Type.Array(
    Type.Object({
      message: Type.String(),
      assertionResults: Type.Array(Type.Object({ status: Type.String(), fullName: Type.String() })),
    }),
  ),
});

export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  /** full name of the first test that failed */
  readonly firstFailure?: string;
}

/** The tests could not be run, so they have said nothing. */
export class TestsNotRun extends Error {
  override readonly name = 'TestsNotRun';
}

interface Chosen {
  readonly tests: readonly string[];
  readonly named?: string | undefined;
}

/** A server that did not come up on a busy machine says nothing of the source: so often it is tried. */
const TRIES = 3;

/** @throws TestsNotRun when none was run, or when a file failed outside of its tests, each time */
export async function runTests(tree: string, chosen: Chosen): Promise<TestRun> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await runOnce(tree, chosen);
    } catch (error) {
      if (!(error instanceof TestsNotRun) || tried === TRIES) throw error;
    }
  }
}

async function runOnce(tree: string, { tests, named }: Chosen): Promise<TestRun> {
  const output = join(tree, 'mutant-report.json');
  rmSync(output, { force: true });
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--bail=1',
    `--testTimeout=${TEST_LIMIT_MS}`,
    '--reporter=json',
    `--outputFile=${output}`,
    ...(named === undefined ? [] : ['--testNamePattern', named]),
    ...tests,
  ];
  let said = '';
  try {
    await runCommand(process.execPath, args, { cwd: tree, timeoutMs: RUN_LIMIT_MS });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    said = error.message;
  }
  const report: unknown = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : undefined;
  if (!Value.Check(Report, report)) throw new TestsNotRun(`${tests.join(' ')}: ${said}`);
  const { numPassedTests: passed, numFailedTests: failed, testResults } = report;
  if (passed + failed === 0) {
    const messages = testResults.map(({ message }) => message).filter((message) => message !== '');
    throw new TestsNotRun(
      `${tests.join(' ')} ran no test${named === undefined ? '' : ` named ${named}`}: ${messages.join('\n')}`,
    );
  }
  const first = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  return { passed, failed, ...(first === undefined ? {} : { firstFailure: first.fullName }) };
}
