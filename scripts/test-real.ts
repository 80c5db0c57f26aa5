/**
 * `npm run test:real`: installs the real components once into the cache, starts them, and runs test/real. What this
 * machine can't have, or what is not built in time, is reported as not run. `npm run test:real -- test/real/flux.test.ts -t
 * suspended` runs what vitest takes by these words. The last line is `N passed, N failed`.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ComponentUnavailable,
  type RealComponent,
  type StartedComponent,
} from '../sandbox/real/component.js';
import { COMPONENTS } from '../sandbox/real/components.js';
import { installChromium } from '../sandbox/stack/chromium.js';
import { BuildError } from '../sandbox/stack/go-build.js';
import { ProcessError } from '../sandbox/stack/processes.js';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { descriptionVariable, reasonVariable } from '../test/support/real-component.js';
import { openStackBroker } from '../test/support/stack-broker.js';
import { runPart } from './run-part.js';
import type { Failure } from './run-result.js';
import { printSummary, readSystemReport } from './summary.js';

/** All of it ends in this time, so that what did not fit is still named before CI cuts the run. Default: no limit but ours. */
const MINUTES = Number(process.env.GATEHOUSE_REAL_MINUTES ?? 'Infinity');
/** What the tests themselves take at most on a busy machine. */
const TEST_MINUTES = 15;
/** Minutes after which what is not installed counts as not run. */
const INSTALL_MINUTES = Math.max(1, Math.min(50, MINUTES - TEST_MINUTES));
const TEST_LIMIT_MS = 25 * 60_000;

/** A component that runs, why it can't be had, or how it failed although it is there. */
async function bringUp(
  component: RealComponent,
  folder: string,
  time: AbortSignal,
  running: ReadonlyMap<string, StartedComponent>,
): Promise<StartedComponent | string | Failure> {
  const missing = component.needs?.find((name) => !running.has(name));
  if (missing !== undefined) return `needs ${missing}, which does not run`;
  try {
    time.throwIfAborted();
    process.stdout.write(`== ${component.name}: installing, if it is not in the cache\n`);
    await component.install(time);
    const own = join(folder, component.name);
    await mkdir(own);
    const env = Object.fromEntries([...running.values()].flatMap((one) => Object.entries(one.env)));
    const started = await component.start(own, env);
    process.stdout.write(`== ${component.name}: ${started.description} runs\n`);
    return started;
  } catch (error) {
    if (time.aborted)
      return `not there after ${INSTALL_MINUTES} minutes; run again, it goes on where it stopped`;
    if (error instanceof ComponentUnavailable || error instanceof BuildError) return error.message;
    if (!(error instanceof ProcessError)) throw error;
    return { test: `${component.name} starts`, why: error.message.split('\n') };
  }
}

/** @param args files, and options of vitest; empty for all */
async function main(args: readonly string[]): Promise<number> {
  const end = Date.now() + MINUTES * 60_000;
  const time = AbortSignal.timeout(INSTALL_MINUTES * 60_000);
  const folder = await temporaryFolder('real');
  const report = join(folder.path, 'systems.jsonl');
  const broker = await openStackBroker();
  const started = new Map<string, StartedComponent>();
  const notes: string[] = [];
  const broken: Failure[] = [];
  const env: Record<string, string> = { GATEHOUSE_STACK_BROKER: broker.url, GATEHOUSE_TEST_REPORT: report };
  try {
    const browserMissing = await installChromium();
    if (browserMissing !== undefined) notes.push(`What needs a browser: ${browserMissing}`);
    for (const component of COMPONENTS) {
      const outcome = await bringUp(component, folder.path, time, started);
      if (typeof outcome === 'string') {
        notes.push(`${component.name}: ${outcome}`);
        env[reasonVariable(component.name)] = outcome;
      } else if ('why' in outcome) {
        broken.push(outcome);
        env[reasonVariable(component.name)] = `${component.name} did not start`;
      } else {
        started.set(component.name, outcome);
        Object.assign(env, outcome.env, { [descriptionVariable(component.name)]: outcome.description });
      }
    }
    const part = {
      name: 'real',
      paths: args.some((arg) => arg.startsWith('test/real/')) ? args : ['test/real/', ...args],
      config: 'vitest.real.config.ts',
      limitMs: Math.max(1_000, Math.min(TEST_LIMIT_MS, end - Date.now())),
    };
    const result = await runPart(part, folder.path, env);
    const facts = broker.facts();
    const stack = Object.entries(facts).flatMap(([system, detail]) =>
      detail === undefined ? [] : [{ system, answered: 'real', detail }],
    );
    const components = { passed: 0, failed: broken, notRun: [], running: [], open: [], files: [] };
    const parts = [
      ...(broken.length === 0 ? [] : [{ name: 'components', result: components }]),
      { name: 'real', result },
    ];
    return printSummary([...stack, ...(await readSystemReport(report))], parts, { notes });
  } finally {
    for (const component of [...started.values()].reverse()) await component.stop();
    await broker.dispose();
    await folder.remove();
  }
}

process.exitCode = await main(process.argv.slice(2));
