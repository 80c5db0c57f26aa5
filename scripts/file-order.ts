/**
 * Files that take longest on a quiet machine: they begin first, so that no processor waits for one of them at the end. What
 * `npm test` prints as its slowest files belongs here.
 */
const LONGEST_FIRST: readonly string[] = [
  'test/hostile/hostile.test.ts',
  'test/crash/promotion.test.ts',
  'test/hostile/promotions.test.ts',
  'test/weather/promotion-trouble.test.ts',
  'test/crash/crash.test.ts',
  'test/demo/demo.test.ts',
  'test/weather/restarts.test.ts',
  'test/e2e/flux-promotion.test.ts',
  'test/e2e/fleets.test.ts',
  'test/docs/cli.test.ts',
  'test/weather/vendor-trouble.test.ts',
  'test/e2e/sentinel.test.ts',
  'test/e2e/promotion-ends.test.ts',
  'test/leak/leak.test.ts',
  'test/e2e/promotion.test.ts',
  'test/activities/effects/promotion-effects.test.ts',
  'test/workflows/promotion.test.ts',
  'test/workflows/continue-as-new.test.ts',
  'test/config/worker-version.test.ts',
  'test/replay/replay.test.ts',
  'test/activities/delivery/delivery.test.ts',
  'test/cli/installation.test.ts',
  'test/activities/effects/fleet-effects.test.ts',
  'test/build/command-file.test.ts',
  'test/security/growth.test.ts',
  'test/cli/requests.test.ts',
  'test/cli/promotions.test.ts',
  'test/sandbox/framework/main.test.ts',
  'test/systems/argocd/with-real-commits.test.ts',
  'test/activities/verification/run-checks.test.ts',
  'test/cli/login.test.ts',
];

/**
 * The order in which test files begin: long ones first, then all others shuffled, so that no file comes to need another.
 * @param paths from the root of the repository, with `/`
 * @param seed the same seed gives the same order, whatever the order of `paths`
 */
export function inOrder(paths: readonly string[], seed: number): string[] {
  const next = randomFrom(seed);
  const weighed = [...paths].sort().map((path) => ({ path, rank: rankOf(path), draw: next() }));
  return weighed.sort((a, b) => a.rank - b.rank || a.draw - b.draw).map(({ path }) => path);
}

function rankOf(path: string): number {
  const rank = LONGEST_FIRST.indexOf(path);
  return rank === -1 ? LONGEST_FIRST.length : rank;
}

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
