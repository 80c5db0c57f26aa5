/** One kill of the worker for a batch of runs, each held at a point of its own. */
import type { CrashStack } from './crash-stack.js';
import type { Arm, Job, Run } from './job.js';
import { callsOf, holdOf, type KillPoint, type Subject } from './kill-points.js';

/** How often the stand-ins are asked who is held. */
const POLL_MS = 50;
/** A held call gives up after 10 s and its activity goes on: the kill comes before, whoever is not held yet has another turn. */
const HOLD_MS = 7_000;
/** When nobody was held for so long the points do not come any more. */
const NOBODY_MS = 90_000;
const GONE_MS = 30_000;

export interface Planned<S extends Subject> {
  readonly point: KillPoint;
  readonly subject: S;
}

export interface Killed<S extends Subject> extends Planned<S> {
  /** false: its call was not under way at the kill, so the point has not been tried */
  readonly held: boolean;
  readonly requestId: string;
  readonly status: string;
  readonly message: string;
  /** from the kill to the next external call of this run, in milliseconds; absent when there was none */
  readonly resumedMs?: number;
}

/**
 * Runs all of the batch, kills the worker while they are held, starts a new one and waits for all.
 * @param enough as many as have to be held for the kill; unset: all that have not ended
 */
export async function killBatch<S extends Subject>(
  crash: CrashStack,
  job: Job<S>,
  batch: readonly Planned<S>[],
  enough = batch.length,
): Promise<readonly Killed<S>[]> {
  const runs = await Promise.all(batch.map((planned) => start(crash, job, planned)));
  const ended = new Set<string>();
  const allEnds = Promise.all(
    runs.map(async (run) => {
      const end = await run.carryOn();
      ended.add(run.subject.id);
      return end;
    }),
  );

  const held = await heldTogether(crash, batch, ended, enough);
  const killedAt = await crash.killWorker();
  await nobodyHeld(crash);
  await crash.removeFaults();
  // what the dead process had sent has arrived by now: every later call comes from the new one
  const before = await crash.lastEvents();
  await crash.startWorker();

  const ends = await allEnds;
  const events = await crash.events(before);
  return batch.map((planned, i) => {
    const { requestId } = at(runs, i);
    const [next] = callsOf(events, planned.subject, requestId);
    return {
      ...planned,
      held: held.has(holdOf(planned.point, planned.subject, '').id),
      requestId,
      ...at(ends, i),
      ...(next === undefined ? {} : { resumedMs: Date.parse(next.at) - killedAt }),
    };
  });
}

/** A mail's caller holds the request's id, which is known only once the request is accepted; planning takes longer. */
function start<S extends Subject>(
  crash: CrashStack,
  job: Job<S>,
  { point, subject }: Planned<S>,
): Promise<Run<S>> {
  const byRequest = point.caller.includes('{request}');
  const arm: Arm = async (requestId) => {
    if (byRequest !== (requestId !== undefined)) return;
    await crash.control(point.system).addFault(holdOf(point, subject, requestId ?? ''));
  };
  return job.begin(subject, arm);
}

async function heldTogether<S extends Subject>(
  crash: CrashStack,
  batch: readonly Planned<S>[],
  ended: ReadonlySet<string>,
  enough: number,
): Promise<ReadonlySet<string>> {
  const startedAt = Date.now();
  let firstAt: number | undefined;
  for (;;) {
    const held = new Set(await crash.held());
    if (held.size > 0) firstAt ??= Date.now();
    const open = batch.filter(({ subject }) => !ended.has(subject.id)).length;
    const overdue =
      firstAt === undefined ? Date.now() - startedAt > NOBODY_MS : Date.now() - firstAt > HOLD_MS;
    if (held.size >= Math.min(open, enough) || overdue) return held;
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

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
}
