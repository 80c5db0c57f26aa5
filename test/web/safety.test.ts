import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld, type World } from '../../sandbox/world.js';
import { listening } from '../api/listening.js';
import { PageStack } from './page-stack.js';
import { CONTRACT, visitorsOf } from './visitors.js';

/** Does harm where it is read as markup. */
const MARKUP = '<img src=x onerror="globalThis.harmed=true"><script>globalThis.harmed=true</script>';
/** Turns the letters after it around, so that a name reads like another. */
const TURNED = 'invoice\u202egnp.exe';

let stack: PageStack;
beforeAll(async () => {
  stack = await PageStack.start(hostileWorld());
});
afterAll(() => stack.stop());
const visitors = visitorsOf(() => stack);

/** Somebody at data protection has given himself a name. */
function hostileWorld(): World {
  const world = makeWorld();
  return {
    ...world,
    people: world.people.map((person) =>
      person.key === 'chi' ? { ...person, displayName: MARKUP } : person,
    ),
  };
}

async function planned(): Promise<string> {
  const id = await stack.ask();
  await stack.plan(id);
  return id;
}

describe('hostile names', () => {
  it('are text and nothing else, wherever they come from', async () => {
    const id = await stack.ask({ reason: `${MARKUP} ${TURNED}` });
    const personal = await stack.ledger.worker.keepPersonal(id, [`invited ${MARKUP}`]);
    await stack.plan(id, (plan) => ({
      ...plan,
      effects: plan.effects.map((effect) => ({
        ...effect,
        detail: `detail ${MARKUP}`,
        irreversible: MARKUP,
      })),
      invitees: personal,
      notes: [`note ${MARKUP}`, TURNED],
    }));
    const ben = await visitors.open('ben', `/r/${id}`);
    for (const [name, text] of Object.entries(CONTRACT)) await ben.locator(`#procurement-${name}`).fill(text);
    await ben.getByLabel('Comment').fill(`comment ${MARKUP}`);
    await ben.getByRole('button', { name: 'Approve …' }).click();
    await ben.getByRole('dialog').getByText(`comment ${MARKUP}`).waitFor();
    await ben.getByRole('button', { name: 'Yes, approve' }).click();
    await ben.locator('blockquote').waitFor();
    await stack.begin(id);
    await stack.ledger.worker.startTarget(id, { target: 'harbour-01/dev' });
    await stack.ledger.worker.endTarget(id, {
      target: 'harbour-01/dev',
      outcome: 'failed',
      failure: {
        step: 'ensureValues',
        system: 'gitlab',
        operation: 'commit',
        object: MARKUP,
        message: `message ${MARKUP}`,
        remedy: `remedy ${MARKUP}`,
        scope: 'target',
      },
    });
    await ben.locator('#failures').waitFor();

    const chi = await visitors.open('chi', `/r/${id}`);
    await chi.locator('#failures').waitFor();
    await chi.locator('#totals').waitFor();
    await chi.locator('blockquote').waitFor();
    for (const page of [ben, chi]) {
      await page.getByRole('button', { name: 'Open all' }).click();
      const text = await page.locator('main').innerText();
      for (const part of ['detail', 'note', 'invited', 'comment', 'message', 'remedy']) {
        expect(text).toContain(`${part} ${MARKUP}`);
      }
      expect(text).toContain('invoice\\u202egnp.exe');
      expect(text).not.toContain('\u202e');
      expect(await page.locator('main img, main script, main iframe').count()).toBe(0);
      expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
    }
    expect(await chi.locator('#me').innerText()).toContain(MARKUP);
  });

  it('could do nothing even as markup: scripts in the page are refused by the browser', async () => {
    const page = await visitors.open('ben', '/');
    const made = await page.evaluate(
      `(() => { try { document.body.innerHTML = '<img src=x onerror="globalThis.harmed=true">'; return 'made'; } catch (error) { return error.name; } })()`,
    );
    expect(made).toBe('TypeError');
    const attribute = await page.evaluate(
      `(() => { try { document.body.setAttribute('onclick', 'globalThis.harmed = true'); return 'made'; } catch (error) { return error.name; } })()`,
    );
    expect(attribute).toBe('TypeError');
    expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
  });
});

describe('a link', () => {
  it('decides nothing and fills nothing in', async () => {
    const id = await planned();
    const query =
      'decision=approve&confirm=yes&comment=x&contractNumber=C-1&licences=99&validUntil=2099-12-31';
    const page = await visitors.open('ben', `/r/${id}?${query}#approve`);
    await page.locator('form.decision').waitFor();
    for (const field of ['contractNumber', 'licences', 'validUntil', 'comment']) {
      expect(await page.locator(`#procurement-${field}`).inputValue()).toBe('');
    }
    expect(await page.getByRole('dialog').count()).toBe(0);
    for (const path of [
      `/v1/requests/${id}/gates/procurement/decisions`,
      `/v1/requests/${id}/gates/procurement/decisions?${query}`,
      `/v1/requests/${id}/gates/procurement?${query}`,
      `/v1/requests/${id}?${query}`,
    ]) {
      await page.request.get(`${stack.url}${path}`);
    }
    expect(await stack.decisions(id)).toEqual([]);
  });
});

describe('another site', () => {
  it('decides nothing with the session of somebody who visits it', async () => {
    const id = await planned();
    const { planDigest } = (await stack.ledger.api.entriesOf(id)).flatMap((entry) =>
      entry.type === 'plan.recorded' ? [{ planDigest: entry.body.digest }] : [],
    )[0] ?? { planDigest: '' };
    const target = `${stack.url}/v1/requests/${id}/gates/procurement/decisions`;
    const body = JSON.stringify({ decision: 'approve', epoch: 1, planDigest, evidence: CONTRACT });
    // another port of the same host: the browser sends the cookie along, so only our own checks are left
    const site = await listening(
      createServer((_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(
          `<form method="post" action="${target}" enctype="text/plain"><input name='${body.slice(0, -1)},"x":"' value='"}'></form>`,
        );
      }),
    );
    try {
      const page = await visitors.open('ben', '/');
      await page.goto(site.url);
      // the browser keeps the answer back from the other site; the call itself goes out
      await page.evaluate(
        `fetch(${JSON.stringify(target)}, { method: 'POST', mode: 'no-cors', credentials: 'include', body: ${JSON.stringify(body)} }).catch(() => undefined)`,
      );
      const asked = await page.evaluate(
        `fetch(${JSON.stringify(target)}, { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json', 'x-gatehouse-page': '1' }, body: ${JSON.stringify(body)} }).then(() => 'sent', () => 'refused')`,
      );
      expect(asked).toBe('refused');
      const answered = page.waitForResponse(target);
      await page.evaluate('document.forms[0].submit()');
      expect((await answered).status()).toBe(403);
    } finally {
      await site.close();
    }
    expect(await stack.decisions(id)).toEqual([]);
    // with the cookie the caller is known, so the refusal is for the place that he calls from
    await stack.app.close();
    expect(await stack.refusals()).toContain('foreign-origin');
  });
});
