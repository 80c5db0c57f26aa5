/**
 * How much later than its controller Gatehouse knows that a release runs. A merge is noted by GitLab, the first refresh and
 * the new pods by the cluster's event log, the proof by the ledger; all clocks are this machine's. The controller's own time
 * is from the refresh to the pods; everything else between merge and proof is Gatehouse's: overhead.
 */
import { GitlabState } from '../sandbox/gitlab/state.js';
import { effectKey } from '../src/domain/plan.js';
import { PROMOTION_CHECK } from '../src/domain/promotion/request.js';
import { type Bench, counted, type Figure } from './bench.js';
import { type BenchStack, machine, say, startBenchStack } from './fleet/bench-stack.js';
import { BenchFailed } from './fleet/onboard.js';
import { agree, askForPromotion, completedAt, endOf } from './promotion/promote.js';
import { applicationOf, seedServices, serviceNames, servicePathsText } from './promotion/services.js';
import { percentile } from './statistics/percentile.js';

const SERVICES = 40;
/** Promotions whose deliveries are waited for side by side. */
const AT_ONCE = 4;
/** What a controller takes from the refresh to healthy pods. */
const SYNC_MS = 5_000;
const GOAL_MS = 2_000;

interface Delivery {
  readonly controllerMs: number;
  readonly overheadMs: number;
}

export const bench: Bench = {
  describe: `from the merge to "proven running", less the controller's own time, over ${SERVICES} deliveries`,
  async run(): Promise<readonly Figure[]> {
    const services = serviceNames(SERVICES);
    const bench = await startBenchStack({
      clusters: 2,
      installation: { stabilisationMs: 0, path: servicePathsText(services) },
    });
    try {
      await seedServices(bench.stack, services, { dev: '1.1.0', prod: '1.0.0' });
      await bench.control('kubernetes').settings({ syncMs: SYNC_MS });
      const deliveries: Delivery[] = [];
      for (let from = 0; from < services.length; from += AT_ONCE) {
        const batch = services.slice(from, from + AT_ONCE);
        const requests = await Promise.all(batch.map((service) => askForPromotion(bench, service)));
        const measured = requests.map(async (requestId, index) => {
          await agree(bench, requestId);
          return await measure(bench, batch[index] ?? '', requestId);
        });
        deliveries.push(...(await Promise.all(measured)));
        say(`${deliveries.length} of ${services.length}; ${machine()}`);
      }
      const overheads = deliveries.map(({ overheadMs }) => overheadMs);
      const p95 = percentile(overheads, 0.95);
      return [
        { name: 'overhead, p95', value: p95, unit: 'ms', goal: `< ${GOAL_MS}`, met: p95 < GOAL_MS },
        counted('overhead, median', percentile(overheads, 0.5), 'ms'),
        counted('overhead, longest', percentile(overheads, 1), 'ms'),
        counted(
          'controller alone, median',
          percentile(
            deliveries.map(({ controllerMs }) => controllerMs),
            0.5,
          ),
          'ms',
        ),
        counted('deliveries', deliveries.length, 'deliveries'),
      ];
    } finally {
      await bench.dispose();
    }
  },
};

async function measure(bench: BenchStack, service: string, requestId: string): Promise<Delivery> {
  const entries = await endOf(bench, requestId);
  const { mergeRequests } = await bench.control('gitlab').objects(GitlabState);
  const merged = mergeRequests.find(({ sourceBranch }) => sourceBranch.includes(requestId));
  const mergedAt = Date.parse(merged?.mergedAt ?? '');
  const events = (await bench.control('kubernetes').events()).map((event) => ({
    ...event,
    atMs: Date.parse(event.at),
  }));
  const application = `/applications/${applicationOf(service, 'prod')}`;
  const kickedAt = events.find(
    ({ atMs, method, path, phase }) =>
      phase === 'request' && method === 'PATCH' && path.endsWith(application) && atMs >= mergedAt,
  )?.atMs;
  const runsAt = events.findLast(
    ({ effect, object = '', atMs }) =>
      effect === 'created' && /^pod /i.test(object) && object.includes(service) && atMs >= mergedAt,
  )?.atMs;
  const provenAt = completedAt(
    entries,
    effectKey(`${service}/prod/prod`, PROMOTION_CHECK.delivered(applicationOf(service, 'prod'))),
  );
  if (kickedAt === undefined || runsAt === undefined || Number.isNaN(provenAt - mergedAt)) {
    throw new BenchFailed(`${service}: merged ${mergedAt}, refreshed ${kickedAt}, runs ${runsAt}`);
  }
  return {
    controllerMs: runsAt - kickedAt,
    overheadMs: kickedAt - mergedAt + Math.max(0, provenAt - runsAt),
  };
}
