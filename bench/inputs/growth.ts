/** How much longer work takes on a larger input, in CPU time of this process, so that a busy machine does not count. */

/** Work shorter than this, in microseconds, is repeated: a clock tick must not count. */
const SHORTEST_US = 4_000;
const TRIES = 3;

function cpuOf(work: () => void, repeats: number): number {
  const before = process.cpuUsage();
  for (let repeat = 0; repeat < repeats; repeat += 1) work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

export interface Growth {
  /** time at the larger input against time at the smaller one */
  readonly ratio: number;
  /** microseconds for one run at the larger input */
  readonly largeUs: number;
}

/**
 * @param prepare gives the work on an input of a size
 * @param times how much larger the larger input is
 * @param enough a growth that is no larger is not measured again
 */
export function growthOf(
  prepare: (size: number) => () => void,
  size: number,
  times: number,
  enough: number,
): Growth {
  const [small, large] = [prepare(size), prepare(size * times)];
  small();
  large();
  let repeats = 1;
  while (cpuOf(small, repeats) < SHORTEST_US && repeats < 4_096) repeats *= 2;
  let ratio = Number.POSITIVE_INFINITY;
  let largeUs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && ratio > enough; attempt += 1) {
    const smallUs = Math.max(1, cpuOf(small, repeats));
    const measured = cpuOf(large, repeats);
    ratio = Math.min(ratio, measured / smallUs);
    largeUs = Math.min(largeUs, measured / repeats);
  }
  return { ratio, largeUs };
}
