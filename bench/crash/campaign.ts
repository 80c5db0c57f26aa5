/** Tries every kill point: in batches first; then alone, on a fresh worker, what a batch could not hold in time; then beside others. */
import { type Killed, killBatch, type Planned } from './batch.js';
import type { CrashStack } from './crash-stack.js';
import type { Job } from './job.js';
import { describePoint, type KillPoint, type Subject } from './kill-points.js';

/** Runs that one kill hits: as many as two cores carry to their points within the time that a call may be held. */
const BATCH = 12;
/** Runs that one kill hits after they have taken turns, which sets them apart: as many as still arrive within that time. */
const BATCH_AFTER_TURNS = 4;
/** Tries alone. What other runs of the batch had in a cache is called again by a worker that has just started. */
const TRIES_ALONE = 3;
/** Tries with others beside it, at the same point. Some calls are made only when others change the same branch meanwhile. */
const TRIES_BESIDE_OTHERS = 3;
const OTHERS = 2;

export interface Campaign<S extends Subject> {
  /** one for each point: the kill that hit it, or the last try */
  readonly kills: readonly Killed<S>[];
  /** everything that was run on the way, points that were missed too */
  readonly all: readonly Killed<S>[];
}

/** @param next gives a subject that nothing was done to yet */
export async function tryAll<S extends Subject>(
  crash: CrashStack,
  job: Job<S>,
  points: readonly KillPoint[],
  next: () => S,
  say: (line: string) => void,
): Promise<Campaign<S>> {
  const all: Killed<S>[] = [];
  const hit: Killed<S>[] = [];
  const alone: KillPoint[] = [];
  const attempt = async (
    planned: readonly Planned<S>[],
    enough = planned.length,
  ): Promise<readonly Killed<S>[]> => {
    const killed = await killBatch(crash, job, planned, enough);
    all.push(...killed);
    for (const one of killed) {
      const resumed = one.resumedMs === undefined ? 'not resumed' : `resumed after ${one.resumedMs} ms`;
      say(`  ${one.held ? 'killed' : 'missed'} ${describePoint(one.point)}: ${one.status}, ${resumed}`);
    }
    return killed;
  };

  for (const batch of batches(points, job)) {
    if (batch.length === 1) {
      alone.push(...batch);
      continue;
    }
    say(`${batch.length} of ${points.length} points`);
    const killed = await attempt(batch.map((point) => ({ point, subject: next() })));
    for (const one of killed) {
      if (one.held) hit.push(one);
      else alone.push(one.point);
    }
  }
  for (const [i, point] of alone.entries()) {
    say(`alone: ${i + 1} of ${alone.length}`);
    for (let turn = 1; turn <= TRIES_ALONE + TRIES_BESIDE_OTHERS; turn += 1) {
      await crash.freshWorker();
      const beside = turn > TRIES_ALONE ? OTHERS : 0;
      const planned = Array.from({ length: 1 + beside }, () => ({ point, subject: next() }));
      const killed = await attempt(planned, 1);
      const found = killed.find(({ held }) => held) ?? killed.at(-1);
      if (found !== undefined && (found.held || turn === TRIES_ALONE + TRIES_BESIDE_OTHERS)) hit.push(found);
      if (found?.held === true) break;
    }
  }
  return { kills: hit, all };
}

/** Points that one kill may hit together, in the order of the calls. */
function batches<S extends Subject>(
  points: readonly KillPoint[],
  job: Job<S>,
): readonly (readonly KillPoint[])[] {
  const found: KillPoint[][] = [];
  let largest = BATCH;
  let open: KillPoint[] = [];
  for (const point of points) {
    const inTurns = job.inTurns(point);
    if (inTurns) largest = BATCH_AFTER_TURNS;
    if (inTurns || open.length === 0 || open.length >= largest) {
      open = [];
      found.push(open);
    }
    open.push(point);
    if (inTurns) open = [];
  }
  return found;
}
