/**
 * A worker of the queue `otterize` as a script would be written: it creates the organisation without looking first. For the
 * positive control of the crash test; everything else in it is real.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import type { OtterizeActivities } from '../../src/activities/contracts.js';
import { FailureMapping } from '../../src/activities/failure-mapping.js';
import { Authority } from '../../src/activities/guard/authority.js';
import { DirectoryMembership } from '../../src/activities/guard/directory-membership.js';
import { EffectGuard, selectCluster } from '../../src/activities/guard/effect-guard.js';
import { createOtterizeActivities } from '../../src/activities/otterize/activities.js';
import { readInstallation, readSecret } from '../../src/config/installation.js';
import { setting } from '../../src/config/settings.js';
import { temporalConfig } from '../../src/config/temporal.js';
import { taskQueue } from '../../src/domain/task-queues.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { readInstalledFiles } from '../../src/manifests/installed-files.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { KeyRing } from '../../src/security/keyring.js';
import { installedSystems } from '../../src/systems/installed.js';

const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
const ledger = new PgWorkerLedger(
  new LedgerDatabase({
    connectionString: setting('GATEHOUSE_LEDGER_URL'),
    applicationName: 'gatehouse-worker',
  }),
);
const systems = installedSystems(installation);
const { inventory, policyFor } = readInstalledFiles(installation);
const guard = new EffectGuard(ledger, new Authority(ledger, await KeyRing.read(installation.keys.ring)), {
  select: selectCluster,
  policyFor,
  inventory,
  membership: new DirectoryMembership(systems.directory),
});

const activities: OtterizeActivities = {
  ...createOtterizeActivities({ ledger, guard, ...systems }),
  ensureOrganisation: (ref) =>
    guard.make(ref, 'otterize', 'organisation', async (effect) => {
      const made = await systems.otterize.createOrganization(effect.target.organisation);
      return { outcome: 'created', readBack: { organisationId: made.id, name: made.name } };
    }),
};

const { connection: options, namespace } = temporalConfig();
const worker = await Worker.create({
  connection: await NativeConnection.connect(options),
  namespace,
  dataConverter: createDataConverter({
    keys: CodecKeys.parse(readSecret(installation.keys.codec)),
    namespace,
  }),
  taskQueue: taskQueue(installation.taskQueuePrefix, 'otterize'),
  activities: { ...activities },
  interceptors: { activity: [() => ({ inbound: new FailureMapping() })] },
});
const running = worker.run();
process.stdout.write(`${JSON.stringify({ ready: 'worker' })}\n`);
await running;
