/**
 * What a rollout costs in Temporal: events in the real histories, and Actions as Temporal Cloud bills them, counted by the
 * server. 25 clusters under the latencies of `fleet-25`, since waiting costs heartbeats. From the request to its end; the
 * fleet's own share (plan, gates, notices) is divided among its clusters too. docs/cost.md says why each activity is there.
 */
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../sandbox/stack/ports.js';
import { temporalServer } from '../sandbox/stack/temporal.js';
import { workflowIdOf } from '../src/domain/request.js';
import { atMost, type Bench, counted, type Figure } from './bench.js';
import { actionsBetween, readActions, sumOf } from './fleet/actions.js';
import { type BenchStack, machine, say, startBenchStack } from './fleet/bench-stack.js';
import { countHistory, type HistoryCount } from './fleet/histories.js';
import { onboard } from './fleet/onboard.js';
import { describeWorld, slowDown } from './fleet/slow-world.js';

const CLUSTERS = 25;
const SEED = 1;
const NAMESPACE = 'bench';
const FLEET = 'bench';
const SERVICE = 'otterize';
/** The server publishes its counts once in a while. */
const COUNTS_SETTLE_MS = 3_000;

const average = (sum: number): number => Math.round((sum / CLUSTERS) * 10) / 10;

async function histories(bench: BenchStack): Promise<readonly HistoryCount[]> {
  const connection = await Connection.connect({ address: bench.stack.temporal.address });
  try {
    const client = new Client({ connection, namespace: NAMESPACE });
    const ids = [
      workflowIdOf.fleet(SERVICE, FLEET),
      ...bench.stack.world.clusters.map(({ name, stage }) =>
        workflowIdOf.cluster(SERVICE, { cluster: name, stage }),
      ),
    ];
    return await Promise.all(ids.map((id) => countHistory(client, id)));
  } finally {
    await connection.close();
  }
}

function show(counts: readonly HistoryCount[]): void {
  const totals = new Map<string, number>();
  for (const { activities } of counts) {
    for (const [name, times] of activities) totals.set(name, (totals.get(name) ?? 0) + times);
  }
  for (const [name, times] of [...totals].sort((a, b) => b[1] - a[1])) say(`  ${name}: ${times}`);
}

export const bench: Bench = {
  describe: `history events and Temporal Actions per cluster, in a rollout of ${CLUSTERS}`,
  async run(): Promise<readonly Figure[]> {
    say(`${machine()}; ${describeWorld(SEED)}`);
    const metricsPort = await freePort();
    const temporal = await temporalServer({ own: true, metricsPort });
    try {
      const bench = await startBenchStack({ clusters: CLUSTERS, temporal, namespace: NAMESPACE });
      try {
        await slowDown(bench, SEED);
        const before = await readActions(metricsPort, NAMESPACE);
        await onboard(bench, FLEET, bench.stack.world.clusters);
        await new Promise((resolve) => setTimeout(resolve, COUNTS_SETTLE_MS));
        const actions = actionsBetween(before, await readActions(metricsPort, NAMESPACE));
        const [fleet, ...clusters] = await histories(bench);
        say('Actions by kind, in all:');
        for (const [kind, count] of actions) if (count > 0) say(`  ${kind}: ${count}`);
        say('Activities scheduled, by the histories:');
        show(fleet === undefined ? clusters : [fleet, ...clusters]);
        return [
          atMost(
            'Actions per cluster, the share of the fleet included',
            average(sumOf(actions)),
            'actions',
            60,
          ),
          counted('Actions of the whole rollout', sumOf(actions), 'actions'),
          counted('history events of the fleet', fleet?.events ?? 0, 'events'),
          counted(
            'history events per cluster',
            average(clusters.reduce((sum, { events }) => sum + events, 0)),
            'events',
          ),
          counted(
            'most history events of a cluster',
            Math.max(...clusters.map(({ events }) => events)),
            'events',
          ),
        ];
      } finally {
        await bench.dispose();
      }
    } finally {
      await temporal.dispose();
    }
  },
};
