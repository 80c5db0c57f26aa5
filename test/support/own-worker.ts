/** Workers of the tests with activities of their own, on queues of Gatehouse; all else about them is real. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { Authority } from '../../src/activities/guard/authority.js';
import { ACTIVITY_INTERCEPTORS } from '../../src/activities/interceptors.js';
import { type Installation, readInstallation, readKeyFile } from '../../src/config/installation.js';
import { setting } from '../../src/config/settings.js';
import { temporalConfig } from '../../src/config/temporal.js';
import { type QueueName, taskQueue } from '../../src/domain/task-queues.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { readInstalledFiles } from '../../src/manifests/installed-files.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { KeyRing } from '../../src/security/keyring.js';
import { installedSystems } from '../../src/systems/installed.js';

/** What activities are made of, as the environment of the process says. */
export async function ownParts() {
  const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
  const ledger = new PgWorkerLedger(
    new LedgerDatabase({
      connectionString: setting('GATEHOUSE_LEDGER_URL'),
      applicationName: 'gatehouse-worker',
    }),
  );
  const { inventory, policyFor } = readInstalledFiles(installation);
  return {
    installation,
    ledger,
    systems: installedSystems(installation),
    authority: new Authority(ledger, await KeyRing.read(installation.keys.ring)),
    inventory,
    policyFor,
  };
}

/** Serves a queue until the process is told to stop; says so on standard output. */
export async function serve(installation: Installation, queue: QueueName, activities: object): Promise<void> {
  const { connection, namespace } = temporalConfig();
  const worker = await Worker.create({
    connection: await NativeConnection.connect(connection),
    namespace,
    taskQueue: taskQueue(installation.taskQueuePrefix, queue),
    activities,
    interceptors: { activity: ACTIVITY_INTERCEPTORS },
    dataConverter: createDataConverter({
      keys: CodecKeys.parse(readKeyFile(installation.keys.codec)),
      namespace,
    }),
  });
  const running = worker.run();
  process.stdout.write(`${JSON.stringify({ ready: 'worker' })}\n`);
  await running;
}
