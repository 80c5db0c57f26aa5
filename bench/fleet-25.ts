/**
 * 25 clusters against one, under the same latencies: every call to a stand-in takes a log-normal time (median 200 ms, p99
 * 1 s, seeded), Argo CD needs 20 s for a sync, the vendor sees a cluster CONNECTED 10 s after its stack signed in.
 *
 * - wall time: from the last approval to the end of the request, both as the ledger's database noted them. Planning and
 *   asking run before it and are printed apart.
 * - critical path of one cluster: a rollout of one cluster alone, on a world with one cluster. Of its wall time only those
 *   moments count in which a system outside of Gatehouse was at work for it: a call in flight, the sync, the connecting;
 *   what overlaps counts once. So everything that Gatehouse itself adds (its database, Temporal, pauses between two looks
 *   at a state, the processor) counts against the figure. Median of several runs with different seeds, since single draws
 *   vary; measured in the same run of the bench, before the fleet.
 *
 * The plain wall time of one cluster is printed beside it. The slowest of 25 clusters decides the fleet's wall time, so
 * even an engine that costs nothing would not reach 1.0.
 */
import { atMost, type Bench, counted, type Figure } from './bench.js';
import { machine, SYSTEMS, say, startBenchStack } from './fleet/bench-stack.js';
import { callsOf, coveredMs, delaysOf } from './fleet/critical-path.js';
import { onboard } from './fleet/onboard.js';
import { DELAYS, describeWorld, slowDown } from './fleet/slow-world.js';

const CLUSTERS = 25;
const ONE_CLUSTER_SEEDS = [1, 101, 201] as const;
const FLEET_SEED = 1;

interface Measured {
  readonly planningMs: number;
  readonly wallMs: number;
  readonly criticalMs: number;
}

/** One rollout on a fresh stack. */
async function measure(clusters: number, seed: number): Promise<Measured> {
  const bench = await startBenchStack({ clusters });
  try {
    say(describeWorld(seed));
    await slowDown(bench, seed);
    const { planningMs, approvedAt, endedAt } = await onboard(bench, 'bench', bench.stack.world.clusters);
    const logs = await Promise.all(SYSTEMS.map((system) => bench.control(system).events()));
    const outside = [...logs.flatMap(callsOf), ...delaysOf(await bench.control('otterize').events(), DELAYS)];
    const criticalMs = coveredMs(outside, [approvedAt, endedAt]);
    const measured = { planningMs, wallMs: endedAt - approvedAt, criticalMs };
    say(
      `${clusters} clusters: planning ${planningMs} ms, wall ${measured.wallMs} ms, outside at work ${criticalMs} ms; ${machine()}`,
    );
    return measured;
  } finally {
    await bench.dispose();
  }
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const ratio = (a: number, b: number): number => Math.round((a / b) * 1_000) / 1_000;

export const bench: Bench = {
  describe: `wall time of ${CLUSTERS} clusters against the critical path of one, under the same latencies`,
  async run(): Promise<readonly Figure[]> {
    say(machine());
    const ones: Measured[] = [];
    for (const seed of ONE_CLUSTER_SEEDS) ones.push(await measure(1, seed));
    const fleet = await measure(CLUSTERS, FLEET_SEED);
    const critical = medianOf(ones.map((one) => one.criticalMs));
    const wall = medianOf(ones.map((one) => one.wallMs));
    return [
      atMost(
        'wall of the fleet against the critical path of one cluster',
        ratio(fleet.wallMs, critical),
        'ratio',
        1.3,
      ),
      counted('wall of the fleet against the wall of one cluster', ratio(fleet.wallMs, wall), 'ratio'),
      counted('wall of the fleet', fleet.wallMs, 'ms'),
      counted('critical path of one cluster, median', critical, 'ms'),
      counted('wall of one cluster, median', wall, 'ms'),
      counted('planning of the fleet', fleet.planningMs, 'ms'),
      counted('planning of one cluster, median', medianOf(ones.map((one) => one.planningMs)), 'ms'),
    ];
  },
};
