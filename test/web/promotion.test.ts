import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PlayedPromotion, webRelease } from '../api/promotions.js';
import { PageStack } from './page-stack.js';
import { visitorsOf } from './visitors.js';

const CONTRAST = readFileSync(new URL('contrast.js', import.meta.url), 'utf8');
const PLACE = 'shop/prod/prod';

let stack: PageStack;
beforeAll(async () => {
  stack = await PageStack.start();
});
afterEach(() => stack.endPromotions());
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

/** Merged, and the place has failed. */
async function failed(): Promise<PlayedPromotion> {
  const played = await stack.promote();
  await played.plan();
  await played.agree();
  await played.startPlace(PLACE);
  await played.merge(PLACE);
  await played.fail(PLACE);
  return played;
}

describe('a promotion that waits for its owner', () => {
  it('is listed, and shows release, rendered difference, checks, merge request and change record', async () => {
    const played = await stack.promote();
    await played.plan(webRelease('a'), { risk: 'high' });
    const inbox = await visitors.open('ben', '/');
    const item = inbox.locator('#inbox .item', { hasText: 'Promote shop to prod' });
    expect(await item.innerText()).toContain('Ticket CHG0050');
    await item.getByRole('link').click();

    await inbox.locator('#release').waitFor();
    const head = await inbox.locator('.request-head').innerText();
    for (const part of ['Promote shop to prod', 'From dev to prod', 'web@sha256:', 'CHG0031415']) {
      expect(head).toContain(part);
    }
    const plan = await inbox.locator('#plan').innerText();
    for (const part of ['a'.repeat(64), 'apps/shop/web.yaml changed', 'dev runs it: Synced', 'High risk']) {
      expect(plan).toContain(part);
    }
    const added = inbox.locator('.diff .added');
    expect((await added.allInnerTexts()).join('')).toContain('image: web@sha256:new');
    expect(await inbox.locator('#places').innerText()).toContain('Merge request !42');
    expect(await inbox.locator('#places a').getAttribute('href')).toContain('/merge_requests/42');
    expect(await inbox.locator('#gate-owner').innerText()).toContain('nor the authors of what is promoted');
  });

  it('is decided on as everything else, and repeats the release before it counts', async () => {
    const played = await stack.promote();
    await played.plan();
    const page = await visitors.open('ben', `/r/${played.requestId}`);
    await page.getByRole('button', { name: 'Approve …' }).click();
    const question = await page.getByRole('dialog').innerText();
    for (const part of ['Promote shop to prod', 'web@sha256:', '1 file in 1 place']) {
      expect(question).toContain(part);
    }
    await page.getByRole('button', { name: 'Yes, approve' }).click();
    await page.locator('#notices', { hasText: 'Your approval at the gate Owner is recorded' }).waitFor();
    expect(await stack.decisions(played.requestId)).toMatchObject([{ gate: 'owner', decision: 'approve' }]);
  });
});

describe('a promotion on its way', () => {
  it('shows live how far each place is, and why it waits', async () => {
    const played = await stack.promote();
    await played.plan();
    const page = await visitors.open('emil', `/r/${played.requestId}`);
    await page.getByText('Live', { exact: true }).waitFor();
    await played.agree();
    await played.startPlace(PLACE);
    await page.getByText('the change record CHG0031415').waitFor();
    await played.merge(PLACE);
    await page.locator('#places .way .now', { hasText: 'Deliver' }).waitFor();
    expect(await page.locator('#now').innerText()).toContain('not proven to run yet: Argo CD on harbour-03');
    await played.sees(PLACE, 'other-revision: application argocd/shop-prod: it compares 4f2a');
    await page.locator('#now', { hasText: 'other-revision: application argocd/shop-prod' }).waitFor();
    await played.prove(PLACE);
    await played.end('done');
    await page.locator('#places .pill', { hasText: 'Proven' }).waitFor();
    // whoever only asked may do nothing about it
    await expect.poll(() => page.locator('#steering').count()).toBe(0);
  });

  it('is taken back by an owner, who is asked once more', async () => {
    const played = await failed();
    const page = await visitors.open('chi', `/r/${played.requestId}`);
    const steering = page.locator('#steering');
    await steering.waitFor();
    expect(await steering.getByRole('button').allInnerTexts()).toEqual(['Take it back …']);
    expect(await page.locator('#failures').innerText()).toContain(
      `gatehouse retry ${played.requestId} --place ${PLACE}`,
    );
    await steering.getByRole('button', { name: 'Take it back …' }).click();
    await page.getByRole('button', { name: 'Go back' }).click();
    expect(stack.workflows.commands).toEqual([]);
    await steering.getByRole('button', { name: 'Take it back …' }).click();
    await page.getByRole('button', { name: 'Yes, take it back' }).click();
    await page.locator('#notices', { hasText: 'Gatehouse was told' }).waitFor();
    expect(stack.workflows.commands).toMatchObject([{ command: 'rollback' }]);
    await page.getByText('Taking back').first().waitFor();
    await played.effect(`${PLACE}:revert`, { iid: 99, url: 'https://gitlab.example.com/99' });
    await page.getByText('Taken back by !99').waitFor();
  });

  it('is tried again by an operator; the words of the API are shown when it is refused', async () => {
    const played = await failed();
    const page = await visitors.open('olga', `/r/${played.requestId}`);
    await page.locator('#steering').getByRole('button', { name: 'Try again …' }).click();
    stack.workflows.outcome = { state: 'answered', answer: { accepted: false, message: 'nothing failed' } };
    await page.getByRole('button', { name: 'Yes, try again' }).click();
    await page.locator('#notices', { hasText: 'The workflow refused the command' }).waitFor();
    expect(await page.locator('#notices').innerText()).toContain('nothing failed');
  });
});

describe('what runs where', () => {
  it('stands side by side, with what is open and held', async () => {
    const first = await stack.promote();
    await first.plan(webRelease('a'));
    await first.bring();
    const second = await stack.promote({ release: { commit: 'b'.repeat(40) } });
    await second.plan(webRelease('b'));
    await stack.ledger.worker.placeHold(null, { holdId: 'hold-friday', scope: { application: 'shop' } });

    const page = await visitors.open('ivo', '/');
    await page.getByRole('link', { name: 'Environments' }).click();
    await page.locator('#applications').getByRole('link', { name: 'shop' }).click();
    const table = page.locator('#environments');
    await table.waitFor();
    expect(await table.locator('thead th').allInnerTexts()).toEqual(['dev', 'prod']);
    const rows = await table.locator('tbody tr').allInnerTexts();
    expect(rows.join('\n')).toContain('sha256:bbbbbbbbbbbb');
    expect(rows.join('\n')).toContain('sha256:aaaaaaaaaaaa');
    expect(await page.locator('#differences').innerText()).toContain('dev and prod differ in image web.');
    const remarks = await page.locator('#remarks').innerText();
    expect(remarks).toContain('gate owner: 0 of 1 approvals');
    // an auditor reads how; an operator does it here
    expect(remarks).toContain('gatehouse release hold-friday');
    const operator = await visitors.open('olga', '/environments/shop');
    await operator.getByRole('button', { name: 'Release …' }).first().click();
    await operator.getByRole('button', { name: 'Yes, release it' }).click();
    await expect.poll(() => operator.getByText('is held since').count()).toBe(0);
    expect(await stack.ledger.api.holds()).toEqual([]);
  });

  it('is not there for who may not see it', async () => {
    const page = await visitors.open('dora', '/environments/shop');
    await page.getByRole('heading', { name: 'There is nothing here for you' }).waitFor();
  });
});

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it.each([
    { width: 360, height: 780 },
    { width: 1400, height: 900 },
  ])('everything is readable and fits a window of $width pixels', async (viewport) => {
    const played = await failed();
    for (const [path, there] of [
      [`/r/${played.requestId}`, '#steering'],
      ['/environments/shop', '#environments'],
    ] as const) {
      const page = await visitors.open('olga', path, { viewport, colorScheme });
      await page.locator(there).waitFor();
      expect(await page.evaluate(CONTRAST)).toEqual([]);
      expect(
        await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
      ).toBe(0);
    }
  });
});
