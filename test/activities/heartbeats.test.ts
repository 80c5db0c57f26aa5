import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { report } from '../../src/activities/heartbeats.js';
import { ACTIVITY_INTERCEPTORS } from '../../src/activities/interceptors.js';

/** An activity that says something and then only waits, until it was heard so often. */
async function heard(times: number, says?: unknown): Promise<readonly unknown[]> {
  const environment = new MockActivityEnvironment(
    { heartbeatTimeoutMs: 100, heartbeatDetails: 'of the attempt before' },
    { logger: new DefaultLogger('ERROR'), interceptors: ACTIVITY_INTERCEPTORS },
  );
  const beats: unknown[] = [];
  const enough = new Promise<void>((resolve) => {
    environment.on('heartbeat', (details) => {
      beats.push(details);
      if (beats.length === times) resolve();
    });
  });
  await environment.run(async () => {
    if (says !== undefined) report(says);
    await enough;
  });
  return beats;
}

it('what an activity said last is repeated while a system takes its time', async () => {
  const says = { waitingFor: 'other-revision' };
  expect(await heard(3, says)).toEqual([says, says, says]);
});

it('what the attempt before said stands until there is something new', async () => {
  expect(await heard(2)).toEqual(['of the attempt before', 'of the attempt before']);
});
