/** A worker process: serves all task queues or chosen ones, until it is told to stop. */

import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { ACTIVITY_INTERCEPTORS } from '../activities/interceptors.js';
import { readInstallation, readKeyFile } from '../config/installation.js';
import { logLevel } from '../config/log-level.js';
import { optionalSetting, setting } from '../config/settings.js';
import { temporalConfig } from '../config/temporal.js';
import { QUEUES, type QueueName, taskQueue } from '../domain/task-queues.js';
import { LedgerDatabase } from '../ledger/database.js';
import { PgWorkerLedger } from '../ledger/pg-worker.js';
import { readInstalledFiles } from '../manifests/installed-files.js';
import { CodecKeys } from '../security/codec-keys.js';
import { createDataConverter } from '../security/data-converter.js';
import { KeyRing } from '../security/keyring.js';
import { createLogger } from '../security/logger.js';
import { Scrubber } from '../security/redaction.js';
import { installedSystems } from '../systems/installed.js';
import { activitiesByQueue } from './activities.js';
import { WORKFLOW_INTERCEPTORS, WORKFLOWS_PATH } from './bundle.js';
import { deploymentOptions } from './deployment.js';
import { temporalLogger } from './log.js';
import { ensureSentinelSchedule } from './sentinel-schedule.js';
import { SENTINEL_EVERY_MS, SHUTDOWN, STICKY_TIMEOUT, WORKER_TUNING } from './tuning.js';

const scrubber = new Scrubber();
const logger = createLogger({ name: 'worker', level: logLevel(optionalSetting('LOG_LEVEL')), scrubber });

/** An option of the SDK that its types do not list for callers (source: its `WorkerOptionsWithDefaults`). */
const LONG_LOOKS = { isolateExecutionTimeout: WORKER_TUNING.workflowTaskAtMost };

async function main(): Promise<void> {
  const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
  const queues = chosenQueues(optionalSetting('GATEHOUSE_QUEUES') ?? '');
  const buildId = optionalSetting('GATEHOUSE_BUILD_ID') ?? '';
  const metrics = optionalSetting('GATEHOUSE_METRICS_LISTEN') ?? '';
  Runtime.install({
    logger: temporalLogger(logger),
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(metrics === '' ? {} : { metrics: { prometheus: { bindAddress: metrics } } }),
    },
    shutdownSignals: ['SIGTERM', 'SIGINT'],
  });

  const ledgerUrl = setting('GATEHOUSE_LEDGER_URL');
  scrubber.remember(new URL(ledgerUrl).password);
  scrubber.remember(decodeURIComponent(new URL(ledgerUrl).password));
  const database = new LedgerDatabase({ connectionString: ledgerUrl, applicationName: 'gatehouse-worker' });
  const { inventory, paths, policyFor } = readInstalledFiles(installation);
  const byQueue = activitiesByQueue({
    installation,
    ledger: new PgWorkerLedger(database),
    ring: await KeyRing.read(installation.keys.ring),
    systems: installedSystems(installation),
    inventory,
    paths: paths.map(({ manifest }) => manifest),
    policyFor,
  });

  const { connection: connectOptions, namespace } = temporalConfig();
  const connection = await connect(connectOptions);
  const dataConverter = createDataConverter({
    keys: CodecKeys.parse(readKeyFile(installation.keys.codec)),
    namespace,
  });
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    dataConverter,
    shutdownGraceTime: SHUTDOWN[installation.timing].grace,
    shutdownForceTime: SHUTDOWN[installation.timing].force,
  };
  const workers: Worker[] = [];
  for (const queue of queues) {
    const name = taskQueue(installation.taskQueuePrefix, queue);
    const own: Omit<WorkerOptions, 'taskQueue'> =
      queue === 'workflows'
        ? {
            ...workflowSource(optionalSetting('GATEHOUSE_WORKFLOW_BUNDLE') ?? ''),
            ...deploymentOptions(buildId),
            ...LONG_LOOKS,
            maxConcurrentWorkflowTaskExecutions: WORKER_TUNING.workflowTasksAtOnce,
            maxCachedWorkflows: WORKER_TUNING.cachedWorkflows,
            stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT[installation.timing],
          }
        : {
            activities: byQueue[queue],
            interceptors: { activity: ACTIVITY_INTERCEPTORS },
            maxConcurrentActivityTaskExecutions:
              queue === 'plan' ? WORKER_TUNING.plansAtOnce : WORKER_TUNING.activitiesAtOnce,
          };
    workers.push(await Worker.create({ ...common, ...own, taskQueue: name }));
  }

  const running = Promise.all(workers.map((worker) => worker.run()));
  if (queues.includes('workflows') && paths.length > 0) {
    await ensureSentinelSchedule(new Client({ connection, namespace, dataConverter }), {
      taskQueue: taskQueue(installation.taskQueuePrefix, 'workflows'),
      everyMs: SENTINEL_EVERY_MS[installation.timing],
    });
  }
  logger.info({ queues, namespace }, 'worker is running');
  process.stdout.write(`${JSON.stringify({ ready: 'worker', queues })}\n`);
  await running;
  await connection.close();
  await database.close();
}

function chosenQueues(list: string): readonly QueueName[] {
  if (list.trim() === '') return QUEUES;
  return list.split(',').map((item) => {
    const queue = QUEUES.find((name) => name === item.trim());
    if (queue === undefined) {
      throw new Error(`GATEHOUSE_QUEUES names "${item.trim()}". Queues are: ${QUEUES.join(', ')}.`);
    }
    return queue;
  });
}

function workflowSource(
  bundle: string,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  return bundle === ''
    ? { workflowsPath: WORKFLOWS_PATH, interceptors: { workflowModules: WORKFLOW_INTERCEPTORS } }
    : { workflowBundle: { codePath: bundle } };
}

/** A worker that cannot connect tries for a minute, then ends with an error, so that somebody notices. */
async function connect(options: ReturnType<typeof temporalConfig>['connection']): Promise<NativeConnection> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await NativeConnection.connect(options);
    } catch (error) {
      if (attempt >= WORKER_TUNING.connectTries) throw error;
      logger.warn({ attempt }, 'Temporal cannot be reached yet, trying again');
      await new Promise((resolve) => setTimeout(resolve, WORKER_TUNING.connectPauseMs));
    }
  }
}

main().catch((error: unknown) => {
  logger.fatal(error, 'the worker ended with an error');
  process.exitCode = 1;
  setImmediate(() => process.exit(1));
});
