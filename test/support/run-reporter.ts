import { renameSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, TestSpecification } from 'vitest/node';
import { failureText, type ReportedError } from '../../scripts/failure-text.js';
import type { Failure, FileTime, RunResult } from '../../scripts/run-result.js';

const pathOf = (module: Pick<TestModule, 'moduleId'>): string => relative(process.cwd(), module.moduleId);
const nameOf = (test: TestCase): string => `${pathOf(test.module)} > ${test.fullName}`;

class Tally {
  passed = 0;
  readonly failed: Failure[] = [];
  readonly notRun: { test: string; reason: string }[] = [];

  add(test: TestCase): void {
    const { state, errors } = test.result();
    const tries = test.diagnostic()?.retryCount ?? 0;
    // what holds only now and then does not hold
    if (state === 'passed' && tries > 0) this.fail(nameOf(test), [triedAgain(tries)]);
    else if (state === 'passed') this.passed += 1;
    else if (state === 'failed') this.fail(nameOf(test), errors);
    else this.notRun.push({ test: nameOf(test), reason: reasonOf(test) });
  }

  fail(test: string, errors: readonly ReportedError[] = []): void {
    this.failed.push({ test, why: failureText(errors, process.cwd()) });
  }
}

/**
 * Writes the result of a vitest run to the file named by `GATEHOUSE_RUN_RESULT`, for `scripts/run-part.ts`: after every
 * test what there is, so that a run that is cut short tells how far it came.
 */
export default class RunReporter implements Reporter {
  private readonly running = new Set<string>();
  private readonly open = new Set<string>();
  private readonly soFar = new Tally();
  private readonly files: FileTime[] = [];

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    for (const file of specifications) this.open.add(pathOf(file));
    this.write(this.soFar);
  }

  onTestCaseReady(test: TestCase): void {
    this.running.add(nameOf(test));
    this.write(this.soFar);
  }

  onTestCaseResult(test: TestCase): void {
    this.running.delete(nameOf(test));
    this.soFar.add(test);
    this.write(this.soFar);
  }

  onTestModuleEnd(module: TestModule): void {
    const { environmentSetupDuration, prepareDuration, collectDuration, setupDuration, duration } =
      module.diagnostic();
    const ms = environmentSetupDuration + prepareDuration + collectDuration + setupDuration + duration;
    const passed = [...module.children.allTests('passed')].length;
    this.files.push({ file: pathOf(module), ms: Math.round(ms), passed });
    this.open.delete(pathOf(module));
    this.write(this.soFar);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const whole = new Tally();
    for (const module of modules) {
      const path = pathOf(module);
      // A file that can't be loaded has no tests to fail, so it counts as one itself.
      if (module.errors().length > 0) whole.fail(path, module.errors());
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) whole.fail(`${path} > ${suite.fullName}`, suite.errors());
      }
      for (const test of module.children.allTests()) whole.add(test);
    }
    for (const error of errors) whole.fail('outside of any test', [error]);
    this.running.clear();
    this.open.clear();
    this.write(whole);
  }

  private write({ passed, failed, notRun }: Tally): void {
    const file = process.env.GATEHOUSE_RUN_RESULT;
    if (file === undefined) return;
    const result: RunResult = {
      passed,
      failed,
      notRun,
      running: [...this.running],
      open: [...this.open],
      files: this.files,
    };
    // whoever cuts the run short finds what it wrote last, never half of it
    writeFileSync(`${file}.new`, JSON.stringify(result));
    renameSync(`${file}.new`, file);
  }
}

function triedAgain(tries: number): ReportedError {
  return { name: 'Error', message: `passed only when it was tried again (${tries} times)` };
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  return test.options.mode === 'todo' ? 'not written yet' : 'skipped without a reason';
}
