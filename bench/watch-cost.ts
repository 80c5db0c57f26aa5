/**
 * What waiting costs an API server: requests to the Kubernetes APIs while promotions wait for a sync that does not end,
 * counted at the API servers over a minute, for one promotion and for many at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, counted, type Figure } from './bench.js';
import { type BenchStack, machine, say, startBenchStack } from './fleet/bench-stack.js';
import { appended } from './fleet/onboard.js';
import { agree, askForPromotion } from './promotion/promote.js';
import { seedServices, serviceNames, servicePathsText } from './promotion/services.js';

const SIZES = [1, 10, 50] as const;
const WINDOW_MS = 60_000;
/** From the start of a wait to its steady state: the refresh and the first looks are over. */
const SETTLE_MS = 15_000;
/** Longer than the whole bench. */
const NEVER_MS = 3_600_000;

export const bench: Bench = {
  describe: `requests to the Kubernetes APIs per waiting promotion and minute, ${SIZES.join(', ')} at once`,
  async run(): Promise<readonly Figure[]> {
    const total = Math.max(...SIZES);
    const services = serviceNames(total);
    const bench = await startBenchStack({
      clusters: 2,
      installation: { stabilisationMs: 0, path: servicePathsText(services) },
    });
    try {
      await seedServices(bench.stack, services, { dev: '1.1.0', prod: '1.0.0' });
      await bench.control('kubernetes').settings({ syncMs: NEVER_MS });
      const figures: Figure[] = [];
      let waiting = 0;
      for (const size of SIZES) {
        await Promise.all(services.slice(waiting, size).map((service) => untilMerged(bench, service)));
        waiting = size;
        await pause(SETTLE_MS);
        const perMinute = await countRequests(bench);
        say(`${size} waiting: ${perMinute} requests a minute; ${machine()}`);
        figures.push(
          counted(
            `per promotion and minute, ${size} waiting`,
            Math.round((10 * perMinute) / size) / 10,
            'requests',
          ),
          counted(`a minute, ${size} waiting`, perMinute, 'requests'),
        );
      }
      return figures;
    } finally {
      await bench.dispose();
    }
  },
};

async function untilMerged(bench: BenchStack, service: string): Promise<void> {
  const requestId = await askForPromotion(bench, service);
  await agree(bench, requestId);
  // the merge request, and its merge
  await appended(bench, requestId, 'effect.completed', 2, NEVER_MS);
}

async function countRequests(bench: BenchStack): Promise<number> {
  const kubernetes = bench.control('kubernetes');
  const before = (await kubernetes.events()).at(-1)?.seq ?? 0;
  await pause(WINDOW_MS);
  return (await kubernetes.events(before)).filter(({ phase }) => phase === 'request').length;
}
