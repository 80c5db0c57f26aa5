import type { CrashStack } from './crash-stack.js';
import type { Finished } from './findings.js';
import { type CrashCluster, type KillPoint, killPointsOf } from './kill-points.js';
import { onboard } from './onboarding.js';

/**
 * Onboards one cluster without trouble, on a worker that has just started and has nothing in its caches.
 * @returns the cluster, and every point of its run at which a worker can be killed
 * @throws Error when the run does not end well, or when the worker calls a system outside of activities
 */
export async function cleanRun(
  crash: CrashStack,
  cluster: CrashCluster,
): Promise<{ readonly finished: Finished; readonly points: readonly KillPoint[] }> {
  const { requestId, ended } = await onboard(crash, cluster);
  const end = await ended;
  if (end.status !== 'done') throw new Error(`the clean run ended ${end.status}: ${end.message}`);
  const events = await crash.events();
  const nobodys = events.filter((event) => event.caller?.startsWith('outside') === true);
  if (nobodys.length > 0) {
    throw new Error(`calls outside of activities: ${nobodys.map((event) => event.operation).join(', ')}`);
  }
  return { finished: { cluster, requestId }, points: killPointsOf(events, cluster, requestId) };
}
