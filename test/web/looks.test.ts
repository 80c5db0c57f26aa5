import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webRelease } from '../api/promotions.js';
import { PageStack } from './page-stack.js';
import { CONTRACT, fillEvidence, visitorsOf } from './visitors.js';

const CONTRAST = readFileSync(new URL('contrast.js', import.meta.url), 'utf8');
const LONG = 'Gesellschaft-fuer-wirklich-sehr-lange-Namen-ohne-eine-einzige-Luecke-'.repeat(3);

let stack: PageStack;
let planned: string;
let running: string;
let promoted: string;
/** Longer than any window is wide, with nothing to break it at. */
const WIDE = `registry.example.com/${'shop-'.repeat(60)}web`;
beforeAll(async () => {
  stack = await PageStack.start();
  planned = await stack.ask({ reason: LONG, clusters: 25 });
  await stack.plan(planned, (plan, target) => ({
    ...plan,
    effects: plan.effects.map((effect) =>
      target.key === 'harbour-03/prod' && effect.object === 'values'
        ? { ...effect, action: 'conflict', detail: `${LONG} does not exist` }
        : effect,
    ),
  }));
  running = await stack.ask();
  await stack.plan(running);
  await stack.begin(running);
  await stack.ledger.worker.startTarget(running, { target: 'harbour-01/dev' });
  await stack.ledger.worker.endTarget(running, {
    target: 'harbour-01/dev',
    outcome: 'failed',
    failure: {
      step: 'ensureValues',
      system: 'gitlab',
      operation: 'commit',
      object: LONG,
      message: LONG,
      remedy: LONG,
      scope: 'target',
    },
  });
});
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

describe('what an approver of a promotion signs', () => {
  beforeAll(async () => {
    const played = await stack.promote();
    await played.plan(webRelease('a'), {
      diff: `~ Deployment shop/web\n-  image: ${WIDE}:1\n+  image: ${WIDE}:2\n`,
    });
    promoted = played.requestId;
  });
  afterAll(() => stack.endPromotions());

  it.each([360, 390, 820, 1280, 1400])('can be read to the end of each line at %d pixels', async (width) => {
    const page = await visitors.open('ben', `/r/${promoted}`, { viewport: { width, height: 900 } });
    await page.locator('.diff span').first().waitFor();
    const hidden = await page.evaluate(`(() => {
      const right = document.documentElement.clientWidth;
      const wider = document.documentElement.scrollWidth - right;
      const lines = [...document.querySelectorAll('.diff span')].filter((line) => {
        const box = line.closest('.diff').getBoundingClientRect();
        const range = document.createRange();
        range.selectNodeContents(line);
        return [...range.getClientRects()].some((part) => part.right > Math.min(right, box.right) + 1);
      });
      const card = document.querySelector('#plan').getBoundingClientRect();
      const diff = document.querySelector('.diff').getBoundingClientRect();
      return { wider, lines: lines.length, below: diff.right > card.right };
    })()`);
    expect(hidden).toEqual({ wider: 0, lines: 0, below: false });
    expect((await page.locator('.diff').innerText()).split(WIDE)).toHaveLength(3);
  });
});

describe('the form of a decision', () => {
  it('has its buttons in sight, and neither scrolls inside itself nor comes after every cluster', async () => {
    const page = await visitors.open('ben', `/r/${planned}`, { viewport: { width: 1400, height: 900 } });
    await page.keyboard.press('Tab');
    const jump = page.getByRole('link', { name: 'To your decision: Procurement' }).first();
    await jump.focus();
    await page.keyboard.press('Enter');
    const box = await page.getByRole('button', { name: 'Approve …' }).first().boundingBox();
    expect(box === null ? undefined : box.y + box.height).toBeLessThanOrEqual(900);
    const scrolling = await page.evaluate(
      `[...document.querySelectorAll('.aside, .aside *')].filter((one) => one.scrollHeight > one.clientHeight + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowY) && one.tagName !== 'TEXTAREA').length`,
    );
    expect(scrolling).toBe(0);
    // how many stops of the keyboard lie before the way to the decision
    const before = await page.evaluate(`(() => {
      const stops = [...document.querySelectorAll('a[href], button, summary, input, textarea')];
      return stops.indexOf(document.querySelector('.jump a'));
    })()`);
    expect(before).toBeLessThanOrEqual(6);
  });
});

const places = [
  { name: 'inbox', path: () => '/', there: '#inbox' },
  { name: 'request', path: () => `/r/${planned}`, there: 'form.decision' },
  { name: 'rollout', path: () => `/r/${running}`, there: '#failures' },
] as const;

describe.each(places)('the $name', ({ path, there }) => {
  it.each([
    { width: 360, height: 780 },
    { width: 1400, height: 900 },
  ])('fits a window of $width pixels', async (viewport) => {
    const page = await visitors.open('ben', path(), { viewport });
    await page.locator(there).waitFor();
    const wider = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(wider).toBe(0);
  });

  it.each(['light', 'dark'] as const)('is readable in %s colours', async (colorScheme) => {
    const page = await visitors.open('ben', path(), { colorScheme });
    await page.locator(there).waitFor();
    expect(await page.evaluate(CONTRAST)).toEqual([]);
  });

  it('gives every field and button a name', async () => {
    const page = await visitors.open('ben', path());
    await page.locator(there).waitFor();
    const nameless = await page.evaluate(
      `[...document.querySelectorAll('button, a, summary')].filter((element) => element.innerText.trim() === '' && !element.ariaLabel).length
       + [...document.querySelectorAll('input, textarea')].filter((field) => field.labels.length === 0).length`,
    );
    expect(nameless).toBe(0);
  });
});

describe('the check of contrast', () => {
  it('finds what is hard to read', async () => {
    const page = await visitors.open('ben', '/');
    await page.locator('h1').waitFor();
    await page.evaluate(`document.querySelector('h1').style.color = '#b9b7b0'`);
    expect(await page.evaluate(CONTRAST)).toEqual([expect.stringContaining('H1')]);
  });
});

describe.each(['light', 'dark'] as const)('the last question in %s colours', (colorScheme) => {
  it('is readable, and its buttons are in sight on a small screen', async () => {
    const page = await visitors.open('ben', `/r/${planned}`, {
      colorScheme,
      viewport: { width: 360, height: 640 },
    });
    await fillEvidence(page, 'procurement', { ...CONTRACT, licences: '25' });
    await page.getByRole('button', { name: 'Approve …' }).click();
    const yes = page.getByRole('button', { name: 'Yes, approve' });
    await yes.waitFor();
    const box = await yes.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    expect(await page.evaluate(CONTRAST)).toEqual([]);
  });
});
