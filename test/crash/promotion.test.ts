import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { killBatch } from '../../bench/crash/batch.js';
import { tryAll } from '../../bench/crash/campaign.js';
import { cleanRun } from '../../bench/crash/clean-run.js';
import { CrashStack, LABEL_CALLS } from '../../bench/crash/crash-stack.js';
import { describePoint, type KillPoint } from '../../bench/crash/kill-points.js';
import {
  type CrashService,
  crashPathOptions,
  crashService,
  openCheckPage,
  promoting,
  takingBack,
} from '../../bench/crash/promotion.js';
import {
  type PromotedService,
  promotionFindings,
  readPromotionObjects,
} from '../../bench/crash/promotion-findings.js';
import { closeTemporal } from '../../bench/crash/temporal-closed.js';
import { seedServices, serviceNames, servicePathsText } from '../../bench/promotion/services.js';
import { QUEUES } from '../../src/domain/task-queues.js';
import { sharedParts } from '../support/stack.js';
import { startOwnWorker } from '../support/start-own-worker.js';

/** Points of the samples; the bench `promotion-crash` does them all. */
const FORTH = [
  { operation: 'create change request', when: 'after' },
  { operation: 'createCommit', when: 'after' },
  { operation: 'createMergeRequest', when: 'after' },
  { operation: 'acceptMergeRequest', when: 'before' },
  { operation: 'acceptMergeRequest', when: 'after' },
  { operation: 'get page', when: 'after' },
] as const;
const BACK = [
  { operation: 'createCommit', when: 'after' },
  { operation: 'createMergeRequest', when: 'after' },
  { operation: 'acceptMergeRequest', when: 'after' },
] as const;

/** A point that a busy machine misses is tried again with another service, a few times. */
const SERVICES = 4 * (FORTH.length + BACK.length);
/** See `LOOKS` of the bench. */
const LOOKS = 2;
/** Each point may need workers of its own: only a hang meets this. */
const LIMIT_MS = 600_000;
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

const CARELESS_WORKER = new URL('./careless-promotion-worker.ts', import.meta.url);

describe('a worker killed by kill -9 in the middle of a call of a promotion', () => {
  let crash: CrashStack;
  let services: CrashService[];
  let points: readonly KillPoint[];
  const promoted: PromotedService[] = [];

  beforeAll(async () => {
    const names = serviceNames(SERVICES);
    crash = await CrashStack.start({
      clusters: 2,
      ...(await sharedParts('promotion-crash')),
      installation: { path: servicePathsText(names, crashPathOptions) },
    });
    await seedServices(crash.stack, names, { dev: '1.1.0', prod: '1.0.0' });
    await openCheckPage(crash);
    services = names.map(crashService);
  });

  afterAll(async () => {
    await closeTemporal(crash.stack);
    await crash.dispose();
  });

  /** A service that nothing was done to yet. */
  function next(): CrashService {
    const service = services.shift();
    if (service === undefined) throw new RangeError('Give the world more services.');
    return service;
  }

  function pointOf(operation: string, when: KillPoint['when']): KillPoint {
    const point = points.find((one) => one.operation === operation && one.when === when);
    if (point === undefined) throw new Error(`the clean run made no call ${operation}`);
    return point;
  }

  it.each([
    { name: 'forth', job: promoting, sample: FORTH, wanted: 'done' },
    { name: 'back', job: takingBack, sample: BACK, wanted: 'rolled-back' },
  ] as const)('goes on where it was, $name: one merge request, one commit, one merge', async (way) => {
    const job = way.job(crash);
    await crash.freshWorker();
    const clean = await cleanRun(crash, job, next(), way.wanted, LOOKS);
    points = clean.points;
    promoted.push({ service: clean.subject, requestId: clean.requestId, wanted: way.wanted });
    const sample = way.sample.map(({ operation, when }) => pointOf(operation, when));
    const { kills, all } = await tryAll(crash, job, sample, next, () => undefined);
    promoted.push(
      ...all.map(({ subject, requestId }) => ({ service: subject, requestId, wanted: way.wanted })),
    );
    for (const one of kills) {
      const name = describePoint(one.point);
      expect(one.held, `${name} was under way at the kill`).toBe(true);
      expect(`${one.status} ${one.message}`, name).toMatch(new RegExp(`^${way.wanted} `));
      expect(one.resumedMs, `${name} was resumed`).toBeDefined();
    }
    expect(promotionFindings(crash, await readPromotionObjects(crash), promoted)).toEqual([]);
  });

  it('is noticed when an activity creates without looking: the same check finds the double', async () => {
    const clean = await cleanRun(crash, promoting(crash), next(), 'done', LOOKS);
    points = clean.points;
    const real = await crash.stack.startWorker({
      queues: QUEUES.filter((queue) => queue !== 'change-records'),
      env: LABEL_CALLS,
    });
    const careless = await crash.withWorker((stack) => startOwnWorker(stack, CARELESS_WORKER, LABEL_CALLS));
    const point = pointOf('create change request', 'after');
    const service = next();
    const [killed] = await killBatch(careless, promoting(careless), [{ point, subject: service }]);
    await real.stop();
    expect(killed).toMatchObject({ held: true });
    const found = promotionFindings(careless, await readPromotionObjects(careless), [
      { service, requestId: killed?.requestId ?? '', wanted: 'done' },
    ]);
    await careless.dispose();
    expect(found).toContainEqual({
      kind: 'duplicate',
      target: service.name,
      what: 'change records: 2, not 1',
    });
  });
});
