/**
 * A worker of the queue `change-records` as a script would be written: it opens the change record without looking first. For
 * the positive control of the crash test; everything else in it is real.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { createChangeRecordActivities } from '../../src/activities/change-records/activities.js';
import { FailureMapping } from '../../src/activities/failure-mapping.js';
import { Authority } from '../../src/activities/guard/authority.js';
import { DirectoryMembership } from '../../src/activities/guard/directory-membership.js';
import { EffectGuard } from '../../src/activities/guard/effect-guard.js';
import { selectEnvironment } from '../../src/activities/guard/select-place.js';
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

const Created = Type.Object({ result: Type.Object({ sys_id: Type.String() }) });

const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
const ledger = new PgWorkerLedger(
  new LedgerDatabase({
    connectionString: setting('GATEHOUSE_LEDGER_URL'),
    applicationName: 'gatehouse-worker',
  }),
);
const systems = installedSystems(installation);
const { inventory, policyFor } = readInstalledFiles(installation);
const { changeRecords } = systems.promotion;
const { servicenow } = installation.systems;
if (changeRecords === undefined || servicenow === undefined) throw new Error('no ServiceNow is installed');
const login = `${readSecret(servicenow.usernameFile)}:${readSecret(servicenow.passwordFile)}`;

const careless: typeof changeRecords = Object.create(changeRecords, {
  open: {
    value: async (wanted: { readonly correlationId: string; readonly shortDescription: string }) => {
      const answer = await fetch(`${servicenow.url}/api/now/table/change_request`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(login).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          correlation_id: wanted.correlationId,
          short_description: wanted.shortDescription,
          type: 'normal',
        }),
      });
      const body: unknown = await answer.json();
      if (!Value.Check(Created, body)) throw new Error('nothing was created');
      return { record: await changeRecords.read(body.result.sys_id), outcome: 'created' };
    },
  },
  requestApproval: { value: (sysId: string) => changeRecords.requestApproval(sysId) },
  read: { value: (sysId: string) => changeRecords.read(sysId) },
});

const { connection: options, namespace } = temporalConfig();
const worker = await Worker.create({
  connection: await NativeConnection.connect(options),
  namespace,
  dataConverter: createDataConverter({
    keys: CodecKeys.parse(readSecret(installation.keys.codec)),
    namespace,
  }),
  taskQueue: taskQueue(installation.taskQueuePrefix, 'change-records'),
  activities: {
    ...createChangeRecordActivities({
      ledger,
      guard: new EffectGuard(ledger, new Authority(ledger, await KeyRing.read(installation.keys.ring)), {
        select: selectEnvironment,
        policyFor,
        inventory,
        membership: new DirectoryMembership(systems.directory),
      }),
      changeRecords: careless,
      publicUrl: installation.page.publicUrl,
    }),
  },
  interceptors: { activity: [() => ({ inbound: new FailureMapping() })] },
});
const running = worker.run();
process.stdout.write(`${JSON.stringify({ ready: 'worker' })}\n`);
await running;
