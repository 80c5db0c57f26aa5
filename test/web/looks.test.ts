import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageStack } from './page-stack.js';
import { CONTRACT, fillEvidence, visitorsOf } from './visitors.js';

const CONTRAST = readFileSync(new URL('contrast.js', import.meta.url), 'utf8');
const LONG = 'Gesellschaft-fuer-wirklich-sehr-lange-Namen-ohne-eine-einzige-Luecke-'.repeat(3);

let stack: PageStack;
let planned: string;
let running: string;
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
