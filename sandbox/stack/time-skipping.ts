import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  TestWorkflowEnvironment,
  type TimeSkippingTestWorkflowEnvironmentOptions,
} from '@temporalio/testing';
import { alone, cacheFolder } from './cache.js';
import { CommandError, runCommand } from './run-command.js';

/** What a machine lacks to run the time-skipping server, with what to install. Tests report it as "not run". */
export class TimeSkippingUnavailable extends Error {
  override readonly name = 'TimeSkippingUnavailable';
}

const RECIPE = fileURLToPath(new URL('../../third_party/builds/time-skipping/', import.meta.url));
const MAVEN_TIMEOUT_MS = 10 * 60_000;

/**
 * An environment on Temporal's time-skipping server, in which months pass in seconds. One for a test file, and its
 * tests one after another: the clock is common to the whole environment. Call `teardown()` at the end.
 * @throws TimeSkippingUnavailable without Java 17, or without Maven when the jars are not in the cache yet
 */
export async function timeSkippingEnvironment(
  o: Pick<TimeSkippingTestWorkflowEnvironmentOptions, 'client'> = {},
): Promise<TestWorkflowEnvironment> {
  await requireProgram('java', ['-version'], 'Java 17 or later');
  // Read by the wrapper script, which the SDK starts with our environment.
  process.env.GATEHOUSE_TIME_SKIPPING_JARS = await jars();
  const start = () =>
    TestWorkflowEnvironment.createTimeSkipping({
      ...o,
      server: { executable: { type: 'existing-path', path: join(RECIPE, 'temporal-test-server.sh') } },
    });
  // The SDK waits 5 s for the JVM, which a loaded machine may miss: later its files are in memory.
  return start().catch(start).catch(start).catch(start);
}

async function jars(): Promise<string> {
  const pom = await readFile(join(RECIPE, 'pom.xml'));
  const folder = cacheFolder('time-skipping', createHash('sha256').update(pom).digest('hex').slice(0, 16));
  const ready = join(folder, 'complete');
  const there = () =>
    readFile(ready).then(
      () => true,
      () => false,
    );
  if (await there()) return folder;
  return alone('time-skipping', async () => {
    if (await there()) return folder;
    await requireProgram('mvn', ['--version'], 'Maven');
    process.stderr.write(
      `Fetching the jars of Temporal's time-skipping server into ${folder} (once, 36 MB)\n`,
    );
    const unfinished = `${folder}.${process.pid}`;
    await mkdir(dirname(folder), { recursive: true });
    await runCommand(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        join(RECIPE, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${unfinished}`,
      ],
      {
        timeoutMs: MAVEN_TIMEOUT_MS,
      },
    ).catch((error: unknown) => {
      throw new TimeSkippingUnavailable(
        `Maven could not fetch the jars: ${error instanceof Error ? error.message : error}`,
      );
    });
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
    await writeFile(ready, '');
    return folder;
  });
}

async function requireProgram(name: string, args: readonly string[], words: string): Promise<void> {
  await runCommand(name, args, { timeoutMs: 60_000 }).catch((error: unknown) => {
    const missing = error instanceof CommandError && error.systemCode === 'ENOENT';
    const reason = missing ? `"${name}" is not on the PATH` : `"${name}" does not work`;
    throw new TimeSkippingUnavailable(`The time-skipping server needs ${words}, and ${reason}.`);
  });
}
