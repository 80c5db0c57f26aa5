import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { TimeSkippingUnavailable, timeSkippingEnvironment } from '../../../sandbox/stack/time-skipping.js';
import { reportSystem } from '../../support/report.js';

Runtime.install({ logger: new DefaultLogger('WARN') });

test('ninety days pass in seconds', async (context) => {
  const env = await timeSkippingEnvironment().catch((error: unknown) => {
    if (error instanceof TimeSkippingUnavailable) return context.skip(error.message);
    throw error;
  });
  reportSystem('temporal time-skipping server', 'real');
  try {
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: 'time',
      workflowsPath: fileURLToPath(new URL('./programs/sleeper.ts', import.meta.url)),
    });
    const begin = Date.now();
    const days = await worker.runUntil(
      env.client.workflow.execute('sleepDays', { taskQueue: 'time', workflowId: 'sleeper', args: [90] }),
    );
    expect(days).toBeGreaterThanOrEqual(90);
    expect(Date.now() - begin).toBeLessThan(24 * 3_600_000);
  } finally {
    await env.teardown();
  }
});
