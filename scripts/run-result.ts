/** What failed, and what it said. */
export interface Failure {
  /** Name of a failed test, or of a file or suite that failed outside a test. */
  readonly test: string;
  /** The beginning of its error, line by line; empty when there was none. */
  readonly why: readonly string[];
}

/** How long a test file that has ended took, with loading and hooks. */
export interface FileTime {
  /** From the root of the repository. */
  readonly file: string;
  readonly ms: number;
  readonly passed: number;
}

/** What a run of vitest came to. */
export interface RunResult {
  readonly passed: number;
  readonly failed: readonly Failure[];
  /** Tests that could not be run here, and why. */
  readonly notRun: readonly { readonly test: string; readonly reason: string }[];
  /** Names of tests that had begun and not ended: empty but for a run that was cut short. */
  readonly running: readonly string[];
  /** Files that had not ended, those that had not begun among them: empty but for a run that was cut short. */
  readonly open: readonly string[];
  readonly files: readonly FileTime[];
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
    value.failed.every(isFailure) &&
    'notRun' in value &&
    Array.isArray(value.notRun) &&
    'running' in value &&
    Array.isArray(value.running) &&
    'open' in value &&
    Array.isArray(value.open) &&
    'files' in value &&
    Array.isArray(value.files) &&
    value.files.every(isFileTime)
  );
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false;
  return 'test' in value && typeof value.test === 'string' && 'why' in value && Array.isArray(value.why);
}

function isFileTime(value: unknown): value is FileTime {
  if (typeof value !== 'object' || value === null) return false;
  if (!('file' in value) || typeof value.file !== 'string') return false;
  return (
    'ms' in value && typeof value.ms === 'number' && 'passed' in value && typeof value.passed === 'number'
  );
}
