/** Tries every kill point: in batches first, and alone, on a fresh worker, what a batch could not hold in time. */
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
  const attempt = async (planned: readonly Planned<S>[]): Promise<readonly Killed<S>[]> => {
    const killed = await killBatch(crash, job, planned);
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
    for (let turn = 1; ; turn += 1) {
      await crash.freshWorker();
      const [killed] = await attempt([{ point, subject: next() }]);
      if (killed === undefined) break;
      if (killed.held || turn === TRIES_ALONE) {
        hit.push(killed);
        break;
      }
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
