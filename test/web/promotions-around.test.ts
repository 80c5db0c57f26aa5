/** What stands around a promotion: those before it, what was changed round the path, and one that only looks on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHADOW_CHECK } from '../../src/domain/promotion/shadow.js';
import type { Stray } from '../../src/domain/promotion/strays.js';
import { webRelease } from '../api/promotions.js';
import { PageStack } from './page-stack.js';
import { visitorsOf } from './visitors.js';

const PLACE = 'shop/prod/prod';
const COMMIT = 'd'.repeat(40);

let stack: PageStack;
beforeAll(async () => {
  stack = await PageStack.start();
});
afterEach(() => stack.endPromotions());
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

describe('a promotion that waits for its turn', () => {
  it('says for whom, and goes on before the reader’s eyes when its turn has come', async () => {
    const first = await stack.promote();
    await first.plan();
    const second = await stack.promote({ release: { commit: 'b'.repeat(40) } });
    const page = await visitors.open('emil', `/r/${second.requestId}`);
    await page.locator('#now', { hasText: `waits for ${first.requestId}` }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await first.end('cancelled');
    await page.locator('#now', { hasText: 'The plan is being computed' }).waitFor();
    await second.plan(webRelease('b'));
    await page.locator('#now', { hasText: 'Waits for the group shop-owners' }).waitFor();
  });

  it('stands in line where people see what runs where', async () => {
    const first = await stack.promote();
    await first.plan();
    const second = await stack.promote({ release: { commit: 'b'.repeat(40) } });
    const page = await visitors.open('ivo', '/environments/shop');
    const remarks = page.locator('#remarks');
    await remarks.waitFor();
    expect(
      await remarks.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toContain(`/r/${second.requestId}`);
  });
});

describe('a change around the path', () => {
  it('is told where people see what runs where, with who did it', async () => {
    const stray: Stray = {
      project: 'shop-prod/ops',
      branch: 'main',
      commit: COMMIT,
      at: '2026-11-26T08:00:00.000Z',
      files: ['yaml/deployment.yaml'],
      places: [PLACE],
    };
    await stack.ledger.worker.judgeRef({ project: stray.project, branch: stray.branch, commit: COMMIT }, [
      { alarm: 'changed-around-the-path', detail: 'somebody pushed', count: 1, stray },
    ]);
    const page = await visitors.open('ivo', '/environments/shop');
    await page.locator('#remarks .changed-around').waitFor();
    const told = await page.locator('#remarks .changed-around').innerText();
    for (const part of [
      'prod was changed around the path by somebody',
      'shop-prod/ops main',
      COMMIT.slice(0, 12),
    ]) {
      expect(told).toContain(part);
    }
    expect(told).toContain('yaml/deployment.yaml');
  });
});

describe('a promotion in shadow', () => {
  it('asks nobody, and shows what it would have done and what it saw others do', async () => {
    const played = await stack.promote({ shadow: true });
    await played.recordPlan();
    await played.shadowSaw(PLACE, SHADOW_CHECK.forecast, { heldBy: 'the window stocktaking is closed' });
    const page = await visitors.open('ben', `/r/${played.requestId}`);
    const shadow = page.locator('#shadow');
    await shadow.waitFor();
    expect(await page.locator('.request-head').innerText()).toContain('In shadow: nothing is changed');
    const before = await shadow.innerText();
    for (const part of [
      'Would ask 1 of group shop-owners at the gate owner',
      'Would open a change record',
      'Would write apps/shop/web.yaml',
      'Would be held: the window stocktaking is closed',
      'Nobody has brought it by hand yet',
    ]) {
      expect(before).toContain(part);
    }
    // an owner who looks is asked for nothing
    expect(await page.getByRole('button', { name: 'Approve …' }).count()).toBe(0);

    await page.getByText('Live', { exact: true }).waitFor();
    await played.shadowSaw(PLACE, SHADOW_CHECK.arrived, { commit: COMMIT });
    await shadow.getByText(COMMIT.slice(0, 12)).waitFor();
    for (const { name } of played.deliveriesOf(PLACE)) {
      await played.shadowSaw(PLACE, SHADOW_CHECK.delivered(name), {
        outcome: 'failed',
        message: 'hook-failed: PostSync smoke failed',
      });
    }
    await shadow.getByText('would have failed: hook-failed: PostSync smoke failed').waitFor();
  });
});
