import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { freePort } from '../../sandbox/stack/ports.js';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { ROOT } from '../../scripts/run-part.js';
import { sharedTemporal, uniqueName } from '../support/stack.js';
import { COMPOSE } from './compose-file.js';

test('the health check of a worker is content only while the worker asks Temporal for work', async () => {
  const port = await freePort();
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { metrics: { prometheus: { bindAddress: `127.0.0.1:${port}` } } },
  });
  const [, , script = '', url = '', metric = ''] = COMPOSE.services['worker-core']?.healthcheck?.test ?? [];
  const healthy = () =>
    runCommand(process.execPath, [join(ROOT, script), url.replace(':9464', `:${port}`), metric]).then(
      () => true,
      () => false,
    );
  const { address, namespace } = await sharedTemporal();
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: uniqueName('health'),
    activities: { async nothing() {} },
  });
  expect(await healthy()).toBe(false);
  await worker.runUntil(() => expect.poll(healthy, { timeout: 20_000 }).toBe(true));
  expect(await healthy()).toBe(false);
  await connection.close();
});
