import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { failureText, type ReportedError } from '../../scripts/failure-text.js';
import type { Failure, RunResult } from '../../scripts/run-result.js';

/** Writes the result of a vitest run to the file named by `GATEHOUSE_RUN_RESULT`, for `scripts/run-part.ts`. */
export default class RunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env.GATEHOUSE_RUN_RESULT;
    if (file === undefined) return;
    let passed = 0;
    const failed: Failure[] = [];
    const fail = (test: string, of: readonly ReportedError[] | undefined): void => {
      failed.push({ test, why: failureText(of ?? [], process.cwd()) });
    };
    const notRun: { test: string; reason: string }[] = [];
    for (const module of modules) {
      const path = relative(process.cwd(), module.moduleId);
      // A file that can't be loaded has no tests to fail, so it counts as one itself.
      if (module.errors().length > 0) fail(path, module.errors());
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) fail(`${path} > ${suite.fullName}`, suite.errors());
      }
      for (const test of module.children.allTests()) {
        const name = `${path} > ${test.fullName}`;
        const state = test.result().state;
        if (state === 'passed') passed += 1;
        else if (state === 'failed') fail(name, test.result().errors);
        else notRun.push({ test: name, reason: reasonOf(test) });
      }
    }
    for (const error of errors) fail('outside of any test', [error]);
    const result: RunResult = { passed, failed, notRun };
    writeFileSync(file, JSON.stringify(result));
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  return test.options.mode === 'todo' ? 'not written yet' : 'skipped without a reason';
}
