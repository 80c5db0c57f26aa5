/**
 * The positive control: a worker of the real activities of promotions in Git behind a guard that always says yes. It exists in
 * the tests only; the product has no switch for it.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createPromotionGitActivities } from '../../src/activities/gitlab/promotion.js';
import { Authority } from '../../src/activities/guard/authority.js';
import { selectPlace } from '../../src/activities/guard/select-place.js';
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
import { GuardThatSaysYes } from './guard-that-says-yes.js';

const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
const ledger = new PgWorkerLedger(
  new LedgerDatabase({ connectionString: setting('GATEHOUSE_LEDGER_URL'), applicationName: 'unguarded' }),
);
const systems = installedSystems(installation);
const { promotion } = systems;
const { inventory, policyFor } = readInstalledFiles(installation);
const authority = new Authority(ledger, await KeyRing.read(installation.keys.ring));
const membership = { isMember: () => Promise.resolve(true), personIdOf: () => Promise.resolve(null) };
const places = new GuardThatSaysYes(ledger, authority, {
  select: selectPlace,
  policyFor,
  inventory,
  membership,
});
const { connection: options, namespace } = temporalConfig();
const worker = await Worker.create({
  connection: await NativeConnection.connect(options),
  namespace,
  taskQueue: taskQueue(installation.taskQueuePrefix, 'gitlab'),
  activities: createPromotionGitActivities({
    ledger,
    places,
    systems: {
      gitlab: systems.gitlab,
      repositories: promotion.repositories,
      directory: systems.directory,
      registry: promotion.registry,
      harbor: promotion.harbor,
      kustomize: promotion.kustomize,
      runs: () => Promise.resolve({ isProven: true, message: '' }),
    },
    mergeRequests: promotion.mergeRequests,
    readinessOf: () => Promise.resolve({ state: 'ready', clause: '' }),
    publicUrl: installation.page.publicUrl,
  }),
  dataConverter: createDataConverter({
    keys: CodecKeys.parse(readSecret(installation.keys.codec)),
    namespace,
  }),
});
process.stdout.write(`${JSON.stringify({ ready: 'unguarded' })}\n`);
await worker.run();
process.exit(0);
