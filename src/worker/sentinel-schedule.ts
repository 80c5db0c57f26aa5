/** The Schedule that starts the sentinel: made once, and put right when a newer version wants it otherwise. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';

/** Id of the Schedule, and beginning of the ids of its runs. */
export const SENTINEL_ID = 'sentinel';

export interface SentinelScheduleOptions {
  /** where workflow tasks are served */
  readonly taskQueue: string;
  readonly everyMs: number;
}

/**
 * @param client whoever may write to the namespace can remove the Schedule; the next worker that starts makes it again
 * @returns what was done
 */
export async function ensureSentinelSchedule(
  client: Client,
  { taskQueue, everyMs }: SentinelScheduleOptions,
): Promise<'created' | 'changed' | 'unchanged'> {
  const spec = { intervals: [{ every: everyMs }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'sentinel',
    workflowId: SENTINEL_ID,
    taskQueue,
    args: [],
    // a look that hangs must not keep the next ones away for ever
    workflowRunTimeout: Math.max(everyMs, SHORTEST_MS),
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP };
  try {
    await client.schedule.create({ scheduleId: SENTINEL_ID, spec, action, policies });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  const handle = client.schedule.getHandle(SENTINEL_ID);
  const known = await handle.describe();
  const isAsWanted =
    known.spec.intervals?.length === 1 &&
    known.spec.intervals[0]?.every === everyMs &&
    known.action.workflowType === action.workflowType &&
    known.action.taskQueue === taskQueue;
  if (isAsWanted) return 'unchanged';
  await handle.update((before) => ({ ...before, spec, action, policies }));
  return 'changed';
}

/** One look at all branches, with GitLab slow, in milliseconds. */
const SHORTEST_MS = 30 * 60_000;
