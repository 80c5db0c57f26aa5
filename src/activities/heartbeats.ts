/**
 * Heartbeats of activities: a lost worker is noticed, and a system that takes its time is none. What an activity has reported
 * last is repeated while it works, since a single look may take longer than Temporal is patient.
 */
import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Share of the heartbeat time-out after which the last report is repeated. */
const REPEATED_AFTER = 0.4;

const reported = new WeakMap<Context, unknown>();

/** Tells Temporal how far this activity is, for the Temporal UI. Call inside an activity. */
export function report(details: unknown): void {
  const context = Context.current();
  reported.set(context, details);
  context.heartbeat(details);
}

/** Repeats what was reported last, for activities with a heartbeat time-out. */
export class Heartbeats implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const context = Context.current();
    const { heartbeatTimeoutMs = 0, heartbeatDetails } = context.info;
    if (heartbeatTimeoutMs === 0) return await next(input);
    const timer = setInterval(
      () => context.heartbeat(reported.has(context) ? reported.get(context) : heartbeatDetails),
      heartbeatTimeoutMs * REPEATED_AFTER,
    );
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  }
}
