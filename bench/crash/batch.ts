/** One kill of the worker for a batch of clusters, each held at a point of its own. */
import type { CrashStack } from './crash-stack.js';
import { type CrashCluster, callsOf, holdOf, type KillPoint } from './kill-points.js';
import { type Onboarding, onboard } from './onboarding.js';

/** How often the stand-ins are asked who is held. */
const POLL_MS = 50;
/** A held call gives up after 10 s and its activity goes on: the kill comes before, whoever is not held yet has another turn. */
const HOLD_MS = 7_000;
/** When nobody was held for so long the points do not come any more. */
const NOBODY_MS = 90_000;
const GONE_MS = 30_000;

export interface Planned {
  readonly point: KillPoint;
  readonly cluster: CrashCluster;
}

export interface Killed extends Planned {
  /** false: its call was not under way at the kill, so the point has not been tried */
  readonly held: boolean;
  readonly requestId: string;
  readonly status: string;
  readonly message: string;
  /** from the kill to the next external call of this run, in milliseconds; absent when there was none */
  readonly resumedMs?: number;
}

/** Onboards all clusters of the batch, kills the worker while they are held, starts a new one and waits for all. */
export async function killBatch(crash: CrashStack, batch: readonly Planned[]): Promise<readonly Killed[]> {
  const runs = await Promise.all(batch.map((planned) => start(crash, planned)));
  const ended = new Set<string>();
  for (const { cluster, ended: end } of runs) void end.then(() => ended.add(cluster.name));

  const held = await heldTogether(crash, batch, ended);
  const killedAt = await crash.killWorker();
  await nobodyHeld(crash);
  await crash.removeFaults();
  // what the dead process had sent has arrived by now: every later call comes from the new one
  const before = await lastEvents(crash);
  await crash.startWorker();

  const ends = await Promise.all(runs.map((run) => run.ended));
  const events = await crash.events(before);
  return batch.map((planned, i) => {
    const { requestId } = at(runs, i);
    const [next] = callsOf(events, planned.cluster, requestId);
    return {
      ...planned,
      held: held.has(holdOf(planned.point, planned.cluster, '').id),
      requestId,
      ...at(ends, i),
      ...(next === undefined ? {} : { resumedMs: Date.parse(next.at) - killedAt }),
    };
  });
}

/** A mail's caller holds the request's id, which is known only once the request is accepted; planning takes longer. */
async function start(crash: CrashStack, { point, cluster }: Planned): Promise<Onboarding> {
  const arm = (requestId: string): Promise<void> =>
    crash.control(point.system).addFault(holdOf(point, cluster, requestId));
  const byRequest = point.caller.includes('{request}');
  if (!byRequest) await arm('');
  const run = await onboard(crash, cluster);
  if (byRequest) await arm(run.requestId);
  return run;
}

async function heldTogether(
  crash: CrashStack,
  batch: readonly Planned[],
  ended: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const startedAt = Date.now();
  let firstAt: number | undefined;
  for (;;) {
    const held = new Set(await crash.held());
    if (held.size > 0) firstAt ??= Date.now();
    const open = batch.filter(({ cluster }) => !ended.has(cluster.name)).length;
    const overdue =
      firstAt === undefined ? Date.now() - startedAt > NOBODY_MS : Date.now() - firstAt > HOLD_MS;
    if (held.size >= open || overdue) return held;
    await pause();
  }
}

/** The connections of the killed process are gone: what was held before its effect never happens. */
async function nobodyHeld(crash: CrashStack): Promise<void> {
  const deadline = Date.now() + GONE_MS;
  while ((await crash.held()).length > 0) {
    if (Date.now() > deadline) throw new Error('calls of a killed process are still held');
    await pause();
  }
}

async function lastEvents(crash: CrashStack): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  for (const { system, seq } of await crash.events()) last.set(system, Math.max(seq, last.get(system) ?? 0));
  return last;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
}
