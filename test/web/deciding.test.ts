import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PageStack } from './page-stack.js';
import { CONTRACT, fillEvidence, signIn, visitorsOf } from './visitors.js';

let stack: PageStack;
beforeAll(async () => {
  stack = await PageStack.start();
});
afterEach(() => {
  stack.clock.aheadMs = 0;
});
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

async function planned(): Promise<string> {
  const id = await stack.ask();
  await stack.plan(id);
  return id;
}

const gate = (page: Page, name: string) => page.locator(`#gate-${name}`);
const press = (page: Page, name: string, button: 'Approve …' | 'Reject …') =>
  gate(page, name).getByRole('button', { name: button }).click();
const confirm = (page: Page, button: string) =>
  page.getByRole('dialog').getByRole('button', { name: button }).click();

describe('evidence', () => {
  it('that is missing is named at its field, before anything is sent', async () => {
    const id = await planned();
    const page = await visitors.open('ben', `/r/${id}`);
    await press(page, 'procurement', 'Approve …');
    await page.getByText('Contract number: is required').waitFor();
    const licences = page.getByLabel('Licences');
    expect(await licences.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator(':focus').getAttribute('id')).toBe('procurement-contractNumber');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await stack.decisions(id)).toEqual([]);
  });

  it('that does not suffice is named at its field in the words of the server', async () => {
    const id = await planned();
    const page = await visitors.open('ben', `/r/${id}`);
    await fillEvidence(page, 'procurement', { ...CONTRACT, licences: '1' });
    await press(page, 'procurement', 'Approve …');
    const field = page.locator('.field', { has: page.getByLabel('Licences') });
    await field.getByText('1 licences do not cover 2 clusters').waitFor();
    // before the last question, and in words that need no knowledge of the API
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await gate(page, 'procurement').innerText()).not.toContain('`faults`');
    expect(await page.getByLabel('Contract number').inputValue()).toBe(CONTRACT.contractNumber);
    expect(await stack.decisions(id)).toEqual([]);
  });
});

describe('approving', () => {
  it('is repeated before it counts, is kept in the ledger, and is read at the second gate', async () => {
    const id = await planned();
    const ben = await visitors.open('ben', `/r/${id}`);
    await fillEvidence(ben, 'procurement', CONTRACT);
    await ben.getByLabel('Comment').fill('Budget of the shop teams.');
    await press(ben, 'procurement', 'Approve …');
    const question = await ben.getByRole('dialog').innerText();
    for (const part of [
      'Approve at the gate Procurement?',
      'Set up otterize on 2 clusters, for emil@example.com, ticket CHG0042',
      '18 to create and 2 to change',
      'An organisation cannot be deleted later (2 clusters)',
      'CTR-2027-042',
      'Budget of the shop teams.',
    ]) {
      expect(question).toContain(part);
    }
    await confirm(ben, 'Go back');
    await ben.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await stack.decisions(id)).toEqual([]);

    await press(ben, 'procurement', 'Approve …');
    await confirm(ben, 'Yes, approve');
    await ben.getByText('Your approval at the gate Procurement is recorded').first().waitFor();
    await gate(ben, 'procurement').getByText('Passed').waitFor();
    expect(await stack.decisions(id)).toEqual([
      { gate: 'procurement', decision: 'approve', personId: await stack.personId('ben') },
    ]);
    expect(await gate(ben, 'procurement').getByRole('button').count()).toBe(0);

    const chi = await visitors.open('chi', `/r/${id}`);
    const earlier = await gate(chi, 'procurement').innerText();
    for (const part of [
      'Approved',
      `person ${await stack.personId('ben')}`,
      'Budget of the shop teams.',
      'CTR-2027-042',
    ]) {
      expect(earlier).toContain(part);
    }
    await fillEvidence(chi, 'data-protection', { assessmentUrl: 'https://dpo.example.com/otterize' });
    await press(chi, 'data-protection', 'Approve …');
    await confirm(chi, 'Yes, approve');
    await gate(chi, 'data-protection').getByText('Passed').waitFor();
    // the other window hears of it by itself
    await gate(ben, 'data-protection').getByText('Passed').waitFor();
    expect(await stack.decisions(id)).toHaveLength(2);
  });

  it('works with the keyboard alone', async () => {
    const id = await planned();
    const page = await visitors.open('ben', `/r/${id}`);
    await page.locator('#procurement-contractNumber').focus();
    await page.keyboard.type(CONTRACT.contractNumber);
    await page.keyboard.press('Tab');
    await page.keyboard.type(CONTRACT.licences);
    await page.getByLabel('Valid until').fill(CONTRACT.validUntil);
    await page.getByLabel('Comment').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await stack.decisions(id)).toEqual([]);
    // the focus is back on the button
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await gate(page, 'procurement').getByText('Passed').waitFor();
  });

  it('wants a fresh login where the policy does, and nothing that was typed is lost on the way', async () => {
    const id = await planned();
    const page = await visitors.stranger(`/r/${id}`);
    await signIn(page, 'chi');
    await fillEvidence(page, 'data-protection', { assessmentUrl: 'https://dpo.example.com/otterize' });
    stack.clock.aheadMs = 20 * 60_000;
    await press(page, 'data-protection', 'Approve …');
    await page.getByText('The login is too old for this gate').waitFor();
    expect(await stack.decisions(id)).toEqual([]);
    stack.clock.aheadMs = 0;
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.getByText('Please prove again who you are.').waitFor();
    await signIn(page, 'chi');
    await page.waitForURL(`${stack.url}/r/${id}`);
    await page.getByLabel('Assessment').waitFor();
    expect(await page.getByLabel('Assessment').inputValue()).toBe('https://dpo.example.com/otterize');
    await press(page, 'data-protection', 'Approve …');
    await confirm(page, 'Yes, approve');
    await gate(page, 'data-protection').getByText('Passed').waitFor();
  });
});

describe('rejecting', () => {
  it('says what it means, needs no evidence, and is kept with the comment', async () => {
    const id = await planned();
    const page = await visitors.open('chi', `/r/${id}`);
    await page.getByLabel('Comment').fill('No contract on data processing yet.');
    await press(page, 'data-protection', 'Reject …');
    expect(await page.getByRole('dialog').innerText()).toContain('The request ends here.');
    await confirm(page, 'Yes, reject');
    await gate(page, 'data-protection').getByText('No contract on data processing yet.').waitFor();
    expect(await stack.decisions(id)).toEqual([
      { gate: 'data-protection', decision: 'reject', personId: await stack.personId('chi') },
    ]);
  });
});

describe('who may not decide', () => {
  it('is told why: the other account of who asked', async () => {
    const id = await planned();
    const page = await visitors.open('adm-ada', `/r/${id}`);
    await gate(page, 'procurement').getByText('somebody else of the group must decide').waitFor();
    expect(await page.locator('form').count()).toBe(0);
  });

  it('is told why: a member of another group', async () => {
    const id = await planned();
    const page = await visitors.open('ben', `/r/${id}`);
    await gate(page, 'data-protection').getByText('Only members of the group dpo decide here.').waitFor();
    expect(await page.locator('form').count()).toBe(1);
  });
});

describe('what has changed meanwhile', () => {
  const withoutSecrets: Parameters<PageStack['plan']>[1] = (plan) => ({
    ...plan,
    effects: plan.effects.filter(({ object }) => object !== 'secrets'),
  });

  it('stops the form at once; the reader sees the difference and decides on what is asked now', async () => {
    const id = await planned();
    const page = await visitors.open('ben', `/r/${id}`);
    await page.getByText('Live', { exact: true }).waitFor();
    await fillEvidence(page, 'procurement', CONTRACT);
    await press(page, 'procurement', 'Approve …');
    await page.getByRole('dialog').waitFor();
    const second = await stack.plan(id, withoutSecrets);
    await page.getByRole('button', { name: 'Show what is asked now' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await gate(page, 'procurement').getByRole('button', { name: 'Approve …' }).isDisabled()).toBe(
      true,
    );
    await page.getByRole('button', { name: 'Show what is asked now' }).click();
    await page
      .getByText('Before: 18 to create and 2 to change. Now: 14 to create and 2 to change.')
      .waitFor();
    expect(await page.locator('#notices del').allInnerTexts()).toContain('+ 2 secrets: in kv-harbour-01-dev');
    expect(await page.locator('#totals dd').allInnerTexts()).toEqual(['14', '2', '0', '0']);
    await press(page, 'procurement', 'Approve …');
    expect(await page.getByRole('dialog').innerText()).toContain(second.planDigest.slice(0, 16));
    await confirm(page, 'Yes, approve');
    await gate(page, 'procurement').getByText('Passed').waitFor();
  });

  it('is refused by the server where the page has not heard of it, shown, and kept apart from what was typed', async () => {
    const id = await planned();
    const page = await visitors.open('ben', '/');
    await page.route('**/events', (route) => route.abort());
    await page.goto(`${stack.url}/r/${id}`);
    await fillEvidence(page, 'procurement', CONTRACT);
    await press(page, 'procurement', 'Approve …');
    await page.getByRole('dialog').waitFor();
    await stack.plan(id, withoutSecrets);
    await confirm(page, 'Yes, approve');
    await page.getByText('You read epoch 1, now epoch 2 is asked').waitFor();
    await page.getByText('Now: 14 to create').waitFor();
    expect(await page.getByLabel('Contract number').inputValue()).toBe(CONTRACT.contractNumber);
    expect(await stack.decisions(id)).toEqual([]);
  });
});
