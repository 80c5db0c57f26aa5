/** Task queues: one for workflows, one for the ledger, one per external system with its own rate limit (design, section 4). */

export const QUEUES = [
  'workflows',
  'ledger',
  'plan',
  'otterize',
  'gitlab',
  'argocd',
  'external-secrets',
  'registry',
  'change-records',
  'delivery',
  'verification',
  'notifications',
] as const;
export type QueueName = (typeof QUEUES)[number];

/** Queues that only promotions use. */
const OF_PROMOTIONS: ReadonlySet<QueueName> = new Set([
  'registry',
  'change-records',
  'delivery',
  'verification',
]);

/** Queues that workers have to serve. @param promotes whether the installation has promotion paths */
export function neededQueues(promotes: boolean): readonly QueueName[] {
  return QUEUES.filter((queue) => promotes || !OF_PROMOTIONS.has(queue));
}

/** Full name of a queue, e.g. `gatehouse-otterize`. */
export function taskQueue(prefix: string, queue: QueueName): string {
  return `${prefix}-${queue}`;
}

/** Prefix of an installation from the name of its workflow queue. */
export function prefixOf(workflowQueue: string): string {
  const suffix = '-workflows';
  return workflowQueue.endsWith(suffix) ? workflowQueue.slice(0, -suffix.length) : workflowQueue;
}
