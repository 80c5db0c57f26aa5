/** Looks at the attempts of a run and of the runs below it, as Temporal knows them. Nothing of it is believed: it is only told. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { Attempt, RunLook } from '../domain/status/attempts.js';
import { TEMPORAL } from './limits.js';

type Description = WorkflowExecutionDescription['raw'];
type PendingActivity = NonNullable<Description['pendingActivities']>[number];

/** Numbers of the API's enums (temporal/api/enums/v1/workflow.proto). */
const ACTIVITY_SCHEDULED = 1;
const TASK_SCHEDULED = 1;

/** @param nowMs time of asking in milliseconds */
export async function lookAtRun(client: Client, workflowId: string, nowMs: number): Promise<RunLook> {
  try {
    return await client.withDeadline(Date.now() + TEMPORAL.pingMs, async () => {
      const whole = await describe(client, workflowId);
      const children = (whole.pendingChildren ?? []).slice(0, TEMPORAL.childrenLookedAt);
      const parts = await Promise.all(
        children.map(async ({ workflowId: id }) => {
          if (!id) return undefined;
          // one that ends while it is looked at is under way no more
          const found = await describe(client, id).catch(() => undefined);
          return found && { id, found };
        }),
      );
      return {
        state: 'running',
        attempts: [
          ...attemptsOf(whole, undefined, nowMs),
          ...parts.flatMap((part) =>
            part === undefined ? [] : attemptsOf(part.found, targetOf(part.id), nowMs),
          ),
        ],
      };
    });
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? { state: 'absent' } : { state: 'unknown' };
  }
}

async function describe(client: Client, workflowId: string): Promise<Description> {
  const { raw, status } = await client.workflow.getHandle(workflowId).describe();
  if (status.name !== 'RUNNING') throw new WorkflowNotFoundError('It has ended.', workflowId, undefined);
  return raw;
}

/** `place/shop/prod/eu` is about `shop/prod/eu`, `cluster/otterize/harbour-01-dev` about `harbour-01-dev`. */
function targetOf(workflowId: string): string {
  const [family, ...rest] = workflowId.split('/');
  return (family === 'place' ? rest : rest.slice(1)).join('/');
}

function attemptsOf(found: Description, target: string | undefined, nowMs: number): readonly Attempt[] {
  const about = target === undefined || target === '' ? {} : { target };
  const task = found.pendingWorkflowTask;
  const ownStep: Attempt[] =
    task === null || task === undefined
      ? []
      : [
          {
            what: 'workflow',
            ...about,
            number: Math.max(1, Number(task.attempt ?? 1)),
            state: Number(task.state) === TASK_SCHEDULED ? 'untaken' : 'working',
            sinceMs: msOf(task.startedTime) ?? msOf(task.scheduledTime) ?? nowMs,
          },
        ];
  return [
    ...ownStep,
    ...(found.pendingActivities ?? []).map((one) => ({ ...attemptOf(one, nowMs), ...about })),
  ];
}

function attemptOf(activity: PendingActivity, nowMs: number): Attempt {
  const common = { what: activity.activityType?.name ?? 'activity', number: Number(activity.attempt ?? 1) };
  const scheduledMs = msOf(activity.scheduledTime) ?? nowMs;
  const nextMs = msOf(activity.nextAttemptScheduleTime);
  if (Number(activity.state) !== ACTIVITY_SCHEDULED) {
    const startedMs = msOf(activity.lastStartedTime) ?? scheduledMs;
    const heardMs = msOf(activity.lastHeartbeatTime);
    const { startToCloseTimeout, heartbeatTimeout } = activity.activityOptions ?? {};
    const beatMs = msOf(heartbeatTimeout);
    const patientMs = beatMs ?? msOf(startToCloseTimeout);
    const fromMs = beatMs === undefined ? startedMs : Math.max(startedMs, heardMs ?? 0);
    return {
      ...common,
      state: 'working',
      sinceMs: startedMs,
      ...(heardMs === undefined || heardMs < startedMs ? {} : { heardMs }),
      ...(patientMs === undefined ? {} : { nextMs: fromMs + patientMs }),
    };
  }
  if (nextMs !== undefined && nextMs > nowMs) {
    return {
      ...common,
      state: 'pausing',
      sinceMs: msOf(activity.lastAttemptCompleteTime) ?? nowMs,
      nextMs,
    };
  }
  return { ...common, state: 'untaken', sinceMs: nextMs ?? scheduledMs };
}

/** Of a time or a length of time. The field may be there and zero, which means that there is none. */
function msOf(time: Parameters<typeof tsToMs>[0]): number | undefined {
  if (time === null || time === undefined) return undefined;
  const ms = tsToMs(time);
  return ms > 0 ? ms : undefined;
}
