/** The time-skipping server for a file of scripted workflows: one clock for all of its tests, which run one after the other. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { TimeSkippingUnavailable, timeSkippingEnvironment } from '../../sandbox/stack/time-skipping.js';
import { reportSystem } from '../support/report.js';
import { workflowBundle } from '../support/stack.js';
import { Script } from './script.js';

export interface Timed {
  readonly script: Script;
  readonly env: TestWorkflowEnvironment;
}

/** Declares the hooks; tests are skipped where the server cannot run. @returns what the tests work with */
export function timed(): () => Timed {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    // this server lacks a capability, of which each worker would warn
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
  let opened: Timed | undefined;
  let unavailable: string | undefined;
  beforeAll(async () => {
    try {
      const env = await timeSkippingEnvironment();
      opened = { env, script: await Script.start(env, await workflowBundle()) };
      reportSystem('temporal time-skipping server', 'real');
    } catch (error) {
      if (!(error instanceof TimeSkippingUnavailable)) throw error;
      unavailable = error.message;
    }
  });
  beforeEach((context) => {
    if (unavailable !== undefined) context.skip(unavailable);
  });
  afterEach(() => opened?.script.end());
  afterAll(async () => {
    await opened?.script.close();
    await opened?.env.teardown();
  });
  return () => {
    if (opened === undefined) throw new Error('the server has not started');
    return opened;
  };
}
