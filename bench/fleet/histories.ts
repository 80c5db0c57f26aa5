/** What stands in the histories of a rollout: how many events, and which activities. */
import type { Client } from '@temporalio/client';

/** Numbers of event types (temporal/api/enums/v1/event_type.proto). */
const ACTIVITY_SCHEDULED = 10;

export interface HistoryCount {
  readonly workflowId: string;
  readonly events: number;
  /** how often each activity was scheduled, by its name */
  readonly activities: ReadonlyMap<string, number>;
}

/** Counts the last run of a workflow, when it has ended: the notice of a request's end comes after its entry. */
export async function countHistory(client: Client, workflowId: string): Promise<HistoryCount> {
  const handle = client.workflow.getHandle(workflowId);
  while ((await handle.describe()).status.name === 'RUNNING') {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { events } = await handle.fetchHistory();
  const activities = new Map<string, number>();
  for (const event of events ?? []) {
    if (event.eventType !== ACTIVITY_SCHEDULED) continue;
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name ?? 'unknown';
    activities.set(name, (activities.get(name) ?? 0) + 1);
  }
  return { workflowId, events: events?.length ?? 0, activities };
}
