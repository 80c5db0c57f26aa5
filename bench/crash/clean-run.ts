import type { CrashStack } from './crash-stack.js';
import type { Job } from './job.js';
import { type KillPoint, killPointsOf, type Subject } from './kill-points.js';

/**
 * Runs a job once without trouble, on a worker that has just started and has nothing in its caches.
 * @param wanted how it ends when it ends well
 * @param atMost see `killPointsOf`
 * @returns every point of its run at which a worker can be killed, from the moment in which the job arms
 * @throws Error when the run does not end well, or when the worker calls a system outside of activities
 */
export async function cleanRun<S extends Subject>(
  crash: CrashStack,
  job: Job<S>,
  subject: S,
  wanted = 'done',
  atMost?: number,
): Promise<{ readonly subject: S; readonly requestId: string; readonly points: readonly KillPoint[] }> {
  let before: ReadonlyMap<string, number> | undefined;
  const { requestId, carryOn } = await job.begin(subject, async () => {
    before ??= await crash.lastEvents();
  });
  const end = await carryOn();
  if (end.status !== wanted) throw new Error(`the clean run ended ${end.status}: ${end.message}`);
  const events = await crash.events(before);
  const nobodys = events.filter((event) => event.caller?.startsWith('outside') === true);
  if (nobodys.length > 0) {
    throw new Error(`calls outside of activities: ${nobodys.map((event) => event.operation).join(', ')}`);
  }
  return { subject, requestId, points: killPointsOf(events, subject, requestId, atMost) };
}
