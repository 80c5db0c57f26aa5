/**
 * Attacks on promotions by whoever may write to the Temporal namespace: production's branch, the merge requests, the change
 * record and the rollback are out of reach. Real Temporal, real ledger, real API and workers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PromotionStart } from '../../src/activities/promotion-contracts.js';
import { startOwnWorker } from '../support/start-own-worker.js';
import { CONFIRMED, PASSED } from './forged-results.js';
import { type PromotionBait, PromotionScene, type Scheduled } from './promotion-scene.js';

/** Workers are stopped and started within a test, and a busy machine takes its time for that: only a hang meets this. */
const LIMIT_MS = 240_000;
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

const MERGE: Scheduled = { queue: 'gitlab', activity: 'ensureMerge' };
const REVERT: Scheduled = { queue: 'gitlab', activity: 'ensureRevert' };
const CLOSE: Scheduled = { queue: 'gitlab', activity: 'closeMergeRequest' };
const CLOSE_CHANGE: Scheduled = {
  queue: 'change-records',
  activity: 'ensureChangeRecordEnd',
  about: 'environment',
};
const TAGS: Scheduled = { queue: 'registry', activity: 'ensureTags' };
const HOLD: Scheduled = { queue: 'ledger', activity: 'holdEnvironment', about: 'request' };
const SOAK: Scheduled = { queue: 'ledger', activity: 'passSoak', input: { revert: false } };

let scene: PromotionScene;
beforeAll(async () => {
  scene = await PromotionScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.startAll());

function forgedStart({ service, target }: PromotionBait): PromotionStart {
  return {
    application: service,
    environment: 'prod',
    maxInFlight: 1,
    waves: [],
    maxFailures: 0,
    watchMs: 0,
    onFailure: 'hold',
    targets: [{ key: target }],
    ended: {},
    paused: false,
    held: [],
    rollingBack: false,
    merged: [],
    deliveries: {},
  };
}

describe('activities scheduled past the workflow', () => {
  it('while the owner has not agreed: no merge, no tags, no revert, and nothing proposed is closed', async () => {
    const bait = await scene.askAndOpen();
    for (const scheduled of [MERGE, REVERT, TAGS, CLOSE, CLOSE_CHANGE, HOLD, SOAK]) {
      const mark = await scene.mark();
      expect(await scene.attempt(bait, scheduled), scheduled.activity).toBe('EffectRefused');
      await scene.expectNothing(mark, bait);
    }
  });

  it('after the success: a run started by hand takes nothing back', async () => {
    const bait = await scene.done();
    const mark = await scene.mark();
    const { requestId, target } = bait;
    await scene.attacker.startByHand('placePromotion', bait.placeId, {
      requestId,
      target,
      timing: 'brisk',
      revert: true,
    });
    await scene.expectAlarmAndNoEffect(mark, 'effect-refused', bait, /has ended/);
    expect(await scene.production(bait)).toBe('after');
  });
});

describe('results forged by activity id', () => {
  it('gates as passed: the merge is refused', async () => {
    const bait = await scene.askAndOpen();
    await scene.stop('ledger');
    const mark = await scene.mark();
    await scene.attacker.signal(bait.promotionId, { jti: 'wake-up', envelope: 'x' });
    await scene.attacker.forge(bait.promotionId, 'advanceGates', PASSED);
    await scene.attacker.forge(bait.promotionId, 'confirmPromotion', CONFIRMED);
    await scene.attacker.forge(bait.promotionId, 'startPromotion', forgedStart(bait));
    await scene.attacker.forge(bait.placeId, 'startPlace', { deliveries: ['x'], checks: 0, soakMs: 0 });
    await scene.expectNothing(mark, bait);
    await scene.attacker.terminate(bait.promotionId);
  });

  it('a delivery as proven: the promotion does not end as done', async () => {
    const bait = await scene.askAndOpen();
    await scene.stop('delivery');
    await scene.approve(bait);
    await scene.approveChange(bait);
    await scene.attacker.forge(bait.placeId, 'readReadiness', { state: 'ready', clause: '' });
    await scene.eventually('the merge', async () =>
      (await scene.production(bait)) === 'after' ? true : undefined,
    );
    const mark = await scene.mark();
    await scene.attacker.forge(bait.placeId, 'waitForDelivery', { readBack: { revision: 'forged' } });
    await scene.attacker.pending(bait.placeId, 'passSoak');
    expect((await scene.api.status(bait.requestId)).endedAt).toBeUndefined();
    expect((await scene.entriesSince(mark)).filter(({ type }) => type === 'check.passed')).toEqual([]);
    expect(await scene.effectsSince(mark)).toEqual([]);
    await scene.attacker.terminate(bait.promotionId);
  });
});

describe('commands and decisions', () => {
  it('a rollback that nobody gave is refused and noted', async () => {
    const bait = await scene.askAndOpen();
    const mark = await scene.mark();
    const given = { commandId: crypto.randomUUID(), targets: [] };
    // he could not read the answer
    await scene.attacker.client.workflow
      .getHandle(bait.promotionId)
      .executeUpdate('rollback', { args: [given] })
      .catch(() => undefined);
    await scene.expectAlarmAndNoEffect(mark, 'command-not-in-ledger', bait);
    expect(await scene.production(bait)).toBe('before');
  });
});

/** The positive control: with a guard that always says yes, what is refused above changes production. */
describe('with a guard that always says yes', () => {
  it('the same attack merges', async () => {
    const bait = await scene.askAndOpen();
    await scene.stop('systems');
    const unguarded = await startOwnWorker(
      scene.stack,
      new URL('./unguarded-promotion-worker.ts', import.meta.url),
    );
    try {
      expect(await scene.attempt(bait, MERGE)).toBe('done');
      expect(await scene.production(bait)).toBe('after');
      expect(await scene.attempt(bait, CLOSE)).toBe('done');
    } finally {
      await unguarded.stop();
    }
  });
});
