import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { killBatch } from '../../bench/crash/batch.js';
import { tryAll } from '../../bench/crash/campaign.js';
import { cleanRun } from '../../bench/crash/clean-run.js';
import { CrashStack, LABEL_CALLS } from '../../bench/crash/crash-stack.js';
import { type Finished, findingsOf } from '../../bench/crash/findings.js';
import type { Job } from '../../bench/crash/job.js';
import { describePoint, type KillPoint } from '../../bench/crash/kill-points.js';
import { readObjects } from '../../bench/crash/objects.js';
import { type CrashCluster, crashCluster, onboarding } from '../../bench/crash/onboarding.js';
import { closeTemporal } from '../../bench/crash/temporal-closed.js';
import { QUEUES } from '../../src/domain/task-queues.js';
import { sharedParts } from '../support/stack.js';
import { startOwnWorker } from '../support/start-own-worker.js';

/** Points of the sample; the bench `crash-cluster` does them all. */
const SAMPLE = [
  { operation: 'createOrganization_mutation', when: 'before' },
  { operation: 'createOrganization_mutation', when: 'after' },
  { operation: 'createInvite_mutation', when: 'after' },
  { operation: 'createEnvironment_mutation', when: 'after' },
  { operation: 'createKubernetesIntegration_mutation', when: 'after' },
  { operation: 'SetSecret', when: 'after' },
  { operation: 'createCommit', when: 'before' },
  { operation: 'createCommit', when: 'after' },
] as const;

/** A point that a busy machine misses is tried again with another cluster, a few times. */
const CLUSTERS = 4 * SAMPLE.length;
/** Each point may need workers of its own: only a hang meets this. */
const LIMIT_MS = 600_000;
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

const NAIVE_WORKER = new URL('./naive-worker.ts', import.meta.url);

describe('a worker killed by kill -9 in the middle of a call', () => {
  let crash: CrashStack;
  let job: Job<CrashCluster>;
  let clusters: CrashCluster[];
  let points: readonly KillPoint[];
  let reference: Finished;
  const finished: Finished[] = [];

  beforeAll(async () => {
    crash = await CrashStack.start({
      clusters: CLUSTERS,
      ...(await sharedParts('crash')),
    });
    job = onboarding(crash);
    clusters = crash.stack.world.clusters.map(crashCluster);
    const clean = await cleanRun(crash, job, next());
    points = clean.points;
    reference = { cluster: clean.subject, requestId: clean.requestId };
    finished.push(reference);
  });

  afterAll(async () => {
    await closeTemporal(crash.stack);
    await crash.dispose();
  });

  /** A cluster that nothing was done to yet. */
  function next(): CrashCluster {
    const cluster = clusters.shift();
    if (cluster === undefined) throw new RangeError('Give the world more clusters.');
    return cluster;
  }

  function pointOf(operation: string, when: KillPoint['when']): KillPoint {
    const point = points.find((one) => one.operation === operation && one.when === when);
    if (point === undefined) throw new Error(`the clean run made no call ${operation}`);
    return point;
  }

  it('goes on where it was: every object once, every secret current, the ledger whole', async () => {
    const { kills, all } = await tryAll(
      crash,
      job,
      SAMPLE.map(({ operation, when }) => pointOf(operation, when)),
      next,
      () => undefined,
    );
    finished.push(...all.map(({ subject, requestId }) => ({ cluster: subject, requestId })));
    for (const one of kills) {
      const name = describePoint(one.point);
      expect(one.held, `${name} was under way at the kill`).toBe(true);
      expect(`${one.status} ${one.message}`, name).toMatch(/^done /);
      expect(one.resumedMs, `${name} was resumed`).toBeDefined();
    }
    expect(findingsOf(await readObjects(crash), reference, finished)).toEqual([]);
  });

  it('is noticed when an activity creates without looking: the same check finds the double', async () => {
    const real = await crash.stack.startWorker({
      queues: QUEUES.filter((queue) => queue !== 'otterize'),
      env: LABEL_CALLS,
    });
    const naive = await crash.withWorker((stack) => startOwnWorker(stack, NAIVE_WORKER, LABEL_CALLS));
    const point = pointOf('createOrganization_mutation', 'after');
    const cluster = next();
    const [killed] = await killBatch(naive, onboarding(naive), [{ point, subject: cluster }]);
    await real.stop();
    expect(killed).toMatchObject({ held: true, status: 'done' });
    finished.push({ cluster, requestId: killed?.requestId ?? '' });
    const findings = findingsOf(await readObjects(naive), reference, finished);
    await naive.dispose();
    expect(findings).toContainEqual({
      kind: 'duplicate',
      target: `${cluster.name}/${cluster.stage}`,
      what: 'organisations: 2, not 1',
    });
  });
});
