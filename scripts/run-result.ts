/** What a run of vitest came to. */
export interface RunResult {
  readonly passed: number;
  /** Names of failed tests, and of files and suites that failed outside a test. */
  readonly failed: readonly string[];
  /** Tests that could not be run here, and why. */
  readonly notRun: readonly { readonly test: string; readonly reason: string }[];
}

/** Reads what `test/support/run-reporter.ts` wrote; undefined when it is not such a result. */
export function parseRunResult(text: string): RunResult | undefined {
  const value: unknown = JSON.parse(text);
  return isRunResult(value) ? value : undefined;
}

function isRunResult(value: unknown): value is RunResult {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'passed' in value &&
    typeof value.passed === 'number' &&
    'failed' in value &&
    Array.isArray(value.failed) &&
    'notRun' in value &&
    Array.isArray(value.notRun)
  );
}
