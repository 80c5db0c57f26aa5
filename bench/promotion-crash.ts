import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { workflowBundleCode } from '../src/worker/bundle.js';
import { atLeast, atMost, type Bench, counted, type Figure } from './bench.js';
import { tryAll } from './crash/campaign.js';
import { cleanRun } from './crash/clean-run.js';
import { CrashStack } from './crash/crash-stack.js';
import {
  type CrashService,
  crashPathOptions,
  crashService,
  openCheckPage,
  promoting,
  takingBack,
} from './crash/promotion.js';
import { type PromotedService, promotionFindings, readPromotionObjects } from './crash/promotion-findings.js';
import { closeTemporal } from './crash/temporal-closed.js';
import { seedServices, serviceNames, servicePathsText } from './promotion/services.js';

/** Twice the points and more: what a batch could not hold is tried again alone, with another service. */
const SERVICES = 360;
/** A wait looks at the same objects until it is satisfied: its first two looks are tried, later ones are like the second. */
const LOOKS = 2;
const SLOWEST_RESUME_S = 15;

export const bench: Bench = {
  describe: 'kill -9 of the worker before and after every external call of a promotion, and of a rollback',

  async run() {
    const folder = await temporaryFolder('crash-bench');
    const workflowBundle = join(folder.path, 'workflows.js');
    await writeFile(workflowBundle, await workflowBundleCode());
    const services = serviceNames(SERVICES);
    const crash = await CrashStack.start({
      clusters: 2,
      workflowBundle,
      installation: { path: servicePathsText(services, crashPathOptions) },
    });
    try {
      await seedServices(crash.stack, services, { dev: '1.1.0', prod: '1.0.0' });
      await openCheckPage(crash);
      return await campaigns(crash, services);
    } finally {
      await closeTemporal(crash.stack);
      await crash.dispose();
      await folder.remove();
    }
  },
};

async function campaigns(crash: CrashStack, services: readonly string[]): Promise<readonly Figure[]> {
  const fresh = services.map(crashService);
  const next = (): CrashService => {
    const service = fresh.shift();
    if (service === undefined) throw new RangeError(`${SERVICES} services are not enough for the points`);
    return service;
  };

  say('clean run of a promotion');
  const forth = promoting(crash);
  const cleanForth = await cleanRun(crash, forth, next(), 'done', LOOKS);
  const there = await tryAll(crash, forth, cleanForth.points, next, say);

  say('clean run of a rollback');
  const back = takingBack(crash);
  await crash.freshWorker();
  const cleanBack = await cleanRun(crash, back, next(), 'rolled-back', LOOKS);
  const returned = await tryAll(crash, back, cleanBack.points, next, say);

  const kills = [...there.kills, ...returned.kills];
  const promoted: readonly PromotedService[] = [
    { service: cleanForth.subject, requestId: cleanForth.requestId, wanted: 'done' },
    { service: cleanBack.subject, requestId: cleanBack.requestId, wanted: 'rolled-back' },
    ...there.all.map(({ subject, requestId }) => ({
      service: subject,
      requestId,
      wanted: 'done' as const,
    })),
    ...returned.all.map(({ subject, requestId }) => ({
      service: subject,
      requestId,
      wanted: 'rolled-back' as const,
    })),
  ];
  const findings = promotionFindings(crash, await readPromotionObjects(crash), promoted);
  for (const { kind, target, what } of findings) say(`${kind}: ${target}: ${what}`);
  const finished =
    there.all.filter(({ status }) => status === 'done').length +
    returned.all.filter(({ status }) => status === 'rolled-back').length;
  const runs = there.all.length + returned.all.length;
  const of = (kind: string): number => findings.filter((finding) => finding.kind === kind).length;
  // a run that never came back is as slow as can be
  const slowestMs = Math.max(...kills.map(({ resumedMs }) => resumedMs ?? Number.POSITIVE_INFINITY));
  return [
    counted('kill points of a promotion', cleanForth.points.length, 'points'),
    counted('kill points of a rollback', cleanBack.points.length, 'points'),
    atMost('points that no kill hit', kills.filter(({ held }) => !held).length, 'points', 0),
    atLeast('finished', (100 * finished) / runs, '%', 100),
    atMost('duplicates', of('duplicate'), 'objects', 0),
    atMost('lost', of('lost'), 'objects', 0),
    atMost('orphans', of('orphan'), 'objects', 0),
    atMost('slowest resume', slowestMs / 1000, 's', SLOWEST_RESUME_S),
  ];
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
