/**
 * 100 services are promoted at once, all of them in one repository and on one branch. Counted afterwards in Git itself: what
 * of it is there, and whether anything that was there before is gone; and how many promotions had to ask a person a second
 * time because of one another.
 */
import { entriesOfType } from '../src/domain/record.js';
import { atMost, type Bench, counted, type Figure } from './bench.js';
import { machine, say, startBenchStack } from './fleet/bench-stack.js';
import { agree, askForPromotion, endOf, outcomeOf } from './promotion/promote.js';
import {
  PROD_PROJECT,
  seedServices,
  serviceFiles,
  serviceNames,
  servicePathsText,
} from './promotion/services.js';
import { filesOf } from './repositories/git-content.js';

const SERVICES = 100;

export const bench: Bench = {
  describe: `${SERVICES} services promoted at once on one repository: lost updates, conflicts that reached a person`,
  async run(): Promise<readonly Figure[]> {
    const services = serviceNames(SERVICES);
    const bench = await startBenchStack({
      clusters: 2,
      installation: { timing: 'brisk', stabilisationMs: 0, path: servicePathsText(services) },
    });
    try {
      const { stack } = bench;
      await seedServices(stack, services, { dev: '1.1.0', prod: '1.0.0' });
      const before = await filesOf(stack, PROD_PROJECT);
      const startedAt = Date.now();
      const requests = await Promise.all(services.map((service) => askForPromotion(bench, service)));
      say(`all are asked for after ${seconds(startedAt)} s; ${machine()}`);
      const agreedAt = Date.now();
      await Promise.all(requests.map((requestId) => agree(bench, requestId)));
      const ends = await Promise.all(requests.map((requestId) => endOf(bench, requestId)));
      const wallS = seconds(agreedAt);
      say(machine());

      const after = await filesOf(stack, PROD_PROJECT);
      const wanted = new Map([
        ...before,
        ...services.flatMap((service) => Object.entries(serviceFiles(stack, service, '1.1.0'))),
      ]);
      const lost = [...wanted].filter(([path, content]) => after.get(path) !== content);
      const stray = [...after.keys()].filter((path) => !wanted.has(path));
      for (const [path] of lost) say(`lost: ${path}`);
      for (const path of stray) say(`stray: ${path}`);
      const askedTwice = ends.filter((entries) => entriesOfType(entries, 'gate.opened').length > 1);
      const failed = ends.filter((entries) => outcomeOf(entries) !== 'done');
      return [
        atMost('lost updates', lost.length + stray.length, 'files', 0),
        atMost('conflicts that reached a person', askedTwice.length, 'promotions', 0),
        atMost('not done', failed.length, 'promotions', 0),
        counted('from the approvals to the last end', wallS, 's'),
        counted('promotions', services.length, 'promotions'),
      ];
    } finally {
      await bench.dispose();
    }
  },
};

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 100) / 10;
}
