/**
 * The positive control: a worker of the real activities of Otterize behind a guard that always says yes. It exists in the
 * tests only; the product has no switch for it.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import type { EffectResult, TargetRef } from '../../src/activities/contracts.js';
import { Authority } from '../../src/activities/guard/authority.js';
import {
  EffectGuard,
  type GuardSettings,
  type PermittedEffect,
  selectCluster,
} from '../../src/activities/guard/effect-guard.js';
import { createOtterizeActivities } from '../../src/activities/otterize/activities.js';
import { readInstallation, readSecret } from '../../src/config/installation.js';
import { setting } from '../../src/config/settings.js';
import { temporalConfig } from '../../src/config/temporal.js';
import type { SystemName } from '../../src/domain/failure.js';
import { effectKey } from '../../src/domain/plan.js';
import { currentPlan } from '../../src/domain/record.js';
import type { ClusterTarget, FleetRequest } from '../../src/domain/request.js';
import { taskQueue } from '../../src/domain/task-queues.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import type { WorkerLedger } from '../../src/ledger/ports.js';
import { recordOf } from '../../src/ledger/record.js';
import { readInstalledFiles } from '../../src/manifests/installed-files.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { KeyRing } from '../../src/security/keyring.js';
import { installedSystems } from '../../src/systems/installed.js';

/** Asks nobody: no decision, no signature, no reservation. */
class GuardThatSaysYes extends EffectGuard {
  private readonly record: WorkerLedger;

  constructor(
    ledger: WorkerLedger,
    authority: Authority,
    settings: GuardSettings<FleetRequest, ClusterTarget>,
  ) {
    super(ledger, authority, settings);
    this.record = ledger;
  }

  override async make(
    ref: TargetRef,
    _system: SystemName,
    object: string,
    act: (effect: PermittedEffect) => Promise<EffectResult>,
  ): Promise<EffectResult> {
    const record = recordOf(await this.record.entriesOf(ref.requestId));
    const key = effectKey(ref.target, object);
    const planned = record === null ? undefined : currentPlan(record);
    const plan = planned?.plan.targets.find(({ target }) => target === ref.target);
    const effect = plan?.effects.find((item) => item.key === key);
    const selected = record === null ? undefined : selectCluster(record.request, ref.target);
    if (!planned || !plan || !effect || !selected) throw new Error('there is no such effect');
    return act({
      requestId: ref.requestId,
      key,
      epoch: planned.epoch,
      ...selected,
      whole: planned.plan,
      plan,
      planned: effect,
      reservedAtMs: Date.now(),
      resumed: false,
      history: [],
      readBackOf: () => Promise.resolve({}),
    });
  }
}

const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
const ledger = new PgWorkerLedger(
  new LedgerDatabase({ connectionString: setting('GATEHOUSE_LEDGER_URL'), applicationName: 'unguarded' }),
);
const systems = installedSystems(installation);
const { inventory, policyFor } = readInstalledFiles(installation);
const authority = new Authority(ledger, await KeyRing.read(installation.keys.ring));
const membership = { isMember: () => Promise.resolve(true), personIdOf: () => Promise.resolve(null) };
const guard = new GuardThatSaysYes(ledger, authority, {
  select: selectCluster,
  policyFor,
  inventory,
  membership,
});
const { connection: options, namespace } = temporalConfig();
const worker = await Worker.create({
  connection: await NativeConnection.connect(options),
  namespace,
  taskQueue: taskQueue(installation.taskQueuePrefix, 'otterize'),
  activities: createOtterizeActivities({ ledger, guard, ...systems }),
  dataConverter: createDataConverter({
    keys: CodecKeys.parse(readSecret(installation.keys.codec)),
    namespace,
  }),
});
process.stdout.write(`${JSON.stringify({ ready: 'unguarded' })}\n`);
await worker.run();
process.exit(0);
