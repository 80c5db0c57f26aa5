/** Whether a namespace of Temporal can carry Gatehouse's work: asked alike by the API's readiness and by `gatehouse doctor`. */
import type { Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { type QueueName, taskQueue } from '../domain/task-queues.js';
import { workerVersions } from './worker-version.js';

export interface Fitness {
  readonly subject: 'namespace' | 'search attributes' | 'workers';
  readonly isFit: boolean;
  readonly detail: string;
  /** what to do; when it is not fit */
  readonly remedy?: string;
}

export interface WorkPlace {
  readonly namespace: string;
  readonly taskQueuePrefix: string;
  /** queues that something has to serve; none: nobody asks for workers */
  readonly queues: readonly QueueName[];
}

const SET_UP = 'gatehouse setup-temporal';
/** A poll lasts a minute at most, so a worker that lives has asked since then. */
const ASKED_WITHIN_MS = 90_000;
/** Numbers of the API's enum `TaskQueueType` (temporal/api/enums/v1/task_queue.proto). */
const OF_WORKFLOWS = 1;
const OF_ACTIVITIES = 2;

/** Looks at everything; a look that fails is a fault of its subject. */
export async function temporalFitness(connection: Connection, place: WorkPlace): Promise<readonly Fitness[]> {
  const namespace = await namespaceFitness(connection, place.namespace);
  if (!namespace.isFit) return [namespace];
  const [attributes, workers] = await Promise.all([
    attributeFitness(connection, place.namespace),
    place.queues.length === 0 ? undefined : workerFitness(connection, place),
  ]);
  return [namespace, attributes, ...(workers === undefined ? [] : [workers])];
}

async function namespaceFitness(connection: Connection, namespace: string): Promise<Fitness> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return { subject: 'namespace', isFit: true, detail: namespace };
  } catch {
    return {
      subject: 'namespace',
      isFit: false,
      detail: `There is no namespace ${namespace}, or it may not be seen.`,
      remedy: `Correct TEMPORAL_NAMESPACE, or make it: ${SET_UP}`,
    };
  }
}

async function attributeFitness(connection: Connection, namespace: string): Promise<Fitness> {
  const wanted = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = wanted.filter((name) => customAttributes[name] === undefined);
    if (missing.length === 0) return { subject: 'search attributes', isFit: true, detail: wanted.join(', ') };
    const detail = `${missing.join(', ')} missing in ${namespace}.`;
    return { subject: 'search attributes', isFit: false, detail, remedy: SET_UP };
  } catch {
    return { subject: 'search attributes', isFit: false, detail: 'They cannot be read.', remedy: SET_UP };
  }
}

async function workerFitness(connection: Connection, place: WorkPlace): Promise<Fitness> {
  try {
    const versions = await workerVersions(connection, place.namespace);
    if (versions !== undefined && versions.current === undefined) {
      return {
        subject: 'workers',
        isFit: false,
        detail: 'No version of the workers is the current one, so no workflow runs.',
        remedy: 'gatehouse set-current-version <build id>',
      };
    }
    const served = await Promise.all(
      place.queues.map((queue) =>
        isServed(connection, place, queue, queue === 'workflows' ? versions?.current : undefined),
      ),
    );
    const unserved = place.queues
      .filter((_, index) => served[index] === false)
      .map((queue) => taskQueue(place.taskQueuePrefix, queue));
    const version = versions?.current === undefined ? '' : `, version ${versions.current}`;
    return unserved.length === 0
      ? { subject: 'workers', isFit: true, detail: `all ${place.queues.length} queues are served${version}` }
      : {
          subject: 'workers',
          isFit: false,
          detail: `No worker asks for work of ${unserved.join(', ')}${version}.`,
          remedy: 'Start workers for these queues (GATEHOUSE_QUEUES), of the current version.',
        };
  } catch {
    return { subject: 'workers', isFit: false, detail: 'The queues cannot be read.', remedy: 'Try again.' };
  }
}

async function isServed(
  connection: Connection,
  { namespace, taskQueuePrefix }: WorkPlace,
  queue: QueueName,
  buildId: string | undefined,
): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue(taskQueuePrefix, queue) },
    taskQueueType: queue === 'workflows' ? OF_WORKFLOWS : OF_ACTIVITIES,
  });
  return (pollers ?? []).some(
    ({ lastAccessTime, deploymentOptions }) =>
      lastAccessTime !== null &&
      lastAccessTime !== undefined &&
      Date.now() - tsToMs(lastAccessTime) < ASKED_WITHIN_MS &&
      (buildId === undefined || deploymentOptions?.buildId === buildId),
  );
}
