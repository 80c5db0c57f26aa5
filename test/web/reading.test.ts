import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld } from '../../sandbox/world.js';
import { PageStack } from './page-stack.js';
import { signIn, visitorsOf } from './visitors.js';

let stack: PageStack;
beforeAll(async () => {
  stack = await PageStack.start(makeWorld({ clusters: 25 }));
});
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

describe('signing in', () => {
  it('leads over the login page of the company back to the request that was wanted', async () => {
    const id = await stack.ask();
    await stack.plan(id);
    const page = await visitors.stranger(`/r/${id}`);
    await page.getByRole('heading', { name: 'Example Company' }).waitFor();
    await signIn(page, 'ben');
    await page.waitForURL(`${stack.url}/r/${id}`);
    await page.getByRole('heading', { name: 'Set up otterize on 2 clusters' }).waitFor();
    expect(await page.locator('#me').innerText()).toContain('Ben Okafor');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await page.context().cookies(stack.url)).not.toContainEqual(
      expect.objectContaining({ name: 'gatehouse-session' }),
    );
  });
});

describe('what waits for me', () => {
  it('is listed, with what is asked and until when, and leads to the request', async () => {
    const id = await stack.ask({ fleet: 'listed' });
    await stack.plan(id);
    const page = await visitors.open('ben', '/');
    const item = page.locator('#inbox .item', { hasText: 'Fleet listed' });
    const text = await item.innerText();
    for (const part of ['Set up otterize on 2 clusters', 'Procurement', 'CHG0042', 'Due ', 'Asked by Ada']) {
      expect(text).toContain(part);
    }
    for (const part of ['For emil@example.com', 'The shop teams want to see who calls whom']) {
      expect(text).toContain(part);
    }
    await item.getByRole('link').click();
    await page.waitForURL(`${stack.url}/r/${id}`);
  });

  it('can be narrowed to the rows with some words', async () => {
    for (const fleet of ['north', 'south', 'east', 'west', 'up', 'down']) {
      await stack.plan(await stack.ask({ fleet: `far-${fleet}` }));
    }
    const page = await visitors.open('ben', '/');
    await page.getByLabel('Only with these words').fill('FAR-WEST emil');
    await expect
      .poll(() => page.locator('#inbox > li:visible').allInnerTexts())
      .toEqual([expect.stringContaining('Fleet far-west')]);
  });

  it('says so when it is nothing, and lists what may be seen all the same', async () => {
    const id = await stack.ask();
    await stack.plan(id);
    const page = await visitors.open('ada', '/');
    await page.getByText('Nothing waits for you.').waitFor();
    await page.locator(`#see-${id}`).click();
    await page.getByRole('heading', { name: 'What it will do' }).waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  });
});

describe('a request', () => {
  it('says what is asked, by whom and for whom, and exactly what it will do on 25 clusters', async () => {
    const id = await stack.ask({ clusters: 25, fleet: 'harbour', reason: 'Before the season starts' });
    const taken = 'the name harbour-09-prod is taken';
    await stack.plan(id, (plan, target) =>
      target.key !== 'harbour-09/prod'
        ? plan
        : {
            ...plan,
            effects: plan.effects.map(({ irreversible: _, ...effect }) =>
              effect.object === 'organisation' ? { ...effect, action: 'conflict', detail: taken } : effect,
            ),
          },
    );
    const page = await visitors.open('ivo', `/r/${id}`);
    await page.locator('#totals').waitFor();
    const asked = await page.locator('#asked').innerText();
    for (const part of [
      'emil@example.com',
      'CHG0042',
      'Before the season starts',
      'harbour',
      `person ${await stack.personId('ada')}`,
    ]) {
      expect(asked).toContain(part);
    }
    expect(asked).toContain('prod 8: harbour-03');

    expect(await page.locator('#totals dd').allInnerTexts()).toEqual(['224', '25', '0', '1']);
    expect(await page.locator('#irreversible').innerText()).toContain(
      'An organisation cannot be deleted later (24 clusters)',
    );
    expect(await page.locator('#conflicts').innerText()).toContain(`harbour-09/prod: organisation: ${taken}`);
    expect(await page.locator('#invitees li').allInnerTexts()).toContainEqual(
      expect.stringContaining('dora.jaeger-mueller@example.com'),
    );
    expect(await page.locator('#notes').innerText()).toContain('Gina Rossi');
    // what is unlike the rest stands alone, and first
    expect(await page.locator('#clusters h4').allInnerTexts()).toEqual(['1 cluster', '24 clusters alike']);

    const cluster = page.locator('details', { hasText: 'harbour-02/stg' });
    expect(await cluster.getByRole('table').isVisible()).toBe(false);
    await cluster.locator('summary').click();
    const rows = await cluster.getByRole('row').allInnerTexts();
    expect(rows).toHaveLength(7);
    expect(rows.join('\n')).toContain('in kv-harbour-02-stg in Azure Key Vault');
    expect(rows.join('\n')).toContain('Cannot be taken back: an organisation cannot be deleted later');
    await page.getByRole('button', { name: 'Open all' }).click();
    expect(await page.locator('#clusters .group').nth(1).getByRole('table').count()).toBe(24);
  });

  it('is not there for somebody who may not see it', async () => {
    const id = await stack.ask();
    await stack.plan(id);
    const page = await visitors.open('dora', `/r/${id}`);
    await page.getByRole('heading', { name: 'There is nothing here for you' }).waitFor();
    expect(await page.locator('main').innerText()).not.toContain('otterize');
  });

  it('says that it is being planned, and shows the plan as soon as it is there', async () => {
    const id = await stack.ask();
    const page = await visitors.open('ada', `/r/${id}`);
    await page.getByText('working out what it would do').waitFor();
    await stack.plan(id);
    await page.locator('#totals').waitFor();
    await page.locator('#gate-data-protection').waitFor();
  });

  it('shows the rollout live: what works, what failed and what to do about it', async () => {
    const id = await stack.ask({ clusters: 3 });
    await stack.plan(id);
    const page = await visitors.open('olga', `/r/${id}`);
    await page.getByText('Live', { exact: true }).waitFor();
    const { worker } = stack.ledger;
    await stack.begin(id);
    await page.getByText('0 of 3 clusters done · 3 not started').waitFor();
    await worker.startTarget(id, { target: 'harbour-01/dev' });
    await worker.endTarget(id, { target: 'harbour-01/dev', outcome: 'done' });
    await worker.startTarget(id, { target: 'harbour-02/stg' });
    await worker.endTarget(id, {
      target: 'harbour-02/stg',
      outcome: 'failed',
      failure: {
        step: 'ensureSecrets',
        system: 'key-vault',
        operation: 'set secret',
        object: 'otterize-cloud-client-id',
        message: 'The secret is soft-deleted.',
        remedy: 'Recover or purge it.',
        scope: 'target',
      },
    });
    await page.getByText('1 of 3 clusters done · 1 failed · 1 not started').waitFor();
    const failure = await page.locator('#failures').innerText();
    expect(failure).toContain('The secret is soft-deleted.');
    expect(failure).toContain('What to do: Recover or purge it.');
    // who may not steer can pass on what does
    const asker = await visitors.open('ada', `/r/${id}`);
    await asker.locator('#failures').waitFor();
    expect(await asker.locator('#failures').innerText()).toContain(
      `gatehouse retry ${id} --cluster harbour-02/stg`,
    );
    // that it is hers she learns by a reading of its own
    await expect.poll(() => asker.locator('#steering button').allInnerTexts()).toEqual(['Cancel …']);
    await expect
      .poll(() => page.locator('#steering button').allInnerTexts())
      .toEqual(['Try again …', 'Give up what failed …', 'Pause …', 'Cancel …', 'Revoke …']);
    await page.getByRole('button', { name: 'Give up what failed … harbour-02/stg' }).click();
    expect(await page.getByRole('dialog').innerText()).toContain('It is about harbour-02/stg.');
    await page.getByRole('button', { name: 'Yes, give it up' }).click();
    await page.locator('#notices', { hasText: 'Gatehouse was told' }).waitFor();
    expect(stack.workflows.commands).toMatchObject([
      { command: 'skip', body: { targets: ['harbour-02/stg'] } },
    ]);
    expect(await page.locator('#times dt').allInnerTexts()).toEqual(['Waited for people', 'Worked']);
    await worker.endRequest(id, { outcome: 'failed', message: 'One cluster was given up.' });
    await page.getByText('One cluster was given up.').waitFor();
    await page.locator('#connection', { hasText: 'Ended' }).waitFor();
  });
});
