import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutboxDispatcher } from '../../src/api/outbox-dispatcher.js';
import { Gatehouse } from './gatehouse.js';
import { PlayedPromotion, promotionDeps } from './promotions.js';

let gatehouse: Gatehouse;
let requestId: string;
beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps());
  const answer = await gatehouse.as('ada', 'POST', '/v1/requests', {
    kind: 'Promotion',
    application: 'shop',
    to: 'prod',
  });
  requestId = answer.text('id');
  const played = await PlayedPromotion.of(gatehouse, requestId);
  await played.plan();
  await played.agree();
  await played.startPlace('shop/prod/prod');
});
afterAll(() => gatehouse.stop());

const place = (person: 'olga' | 'omar' | 'ada', scope: object, headers: Record<string, string> = {}) =>
  gatehouse.as(person, 'POST', '/v1/holds', { scope, reason: 'the till is down' }, headers);

/** Who is told of news by the outbox, apart from starts and commands. */
async function told(): Promise<readonly string[]> {
  const outbox = new OutboxDispatcher(gatehouse.ledger.api, gatehouse.workflows, { warn: () => undefined });
  while ((await outbox.deliverDue()) > 0);
  return gatehouse.workflows.toldNews.splice(0);
}

describe('a hold', () => {
  it('stops what it names, says so where it is waited for, and tells the open promotions', async () => {
    await told();
    const placed = await place('olga', { application: 'shop', environment: 'prod' });
    expect(placed.body).toMatchObject({
      holdId: expect.stringMatching(/^hold-[a-z2-7]{26}$/),
      scope: { application: 'shop', environment: 'prod' },
      reason: 'the till is down',
    });
    const holdId = placed.text('holdId');
    expect(await told()).toEqual(['promotion/shop/prod', 'place/shop/prod/prod']);
    const waiting = await gatehouse.as('ada', 'GET', `/v1/requests/${requestId}`);
    expect(waiting.at('waitingFor.0')).toMatchObject({
      condition: 'shop/prod/prod: changes of shop/prod are held: the till is down',
      who: 'an operator or an owner',
      next: `gatehouse release ${holdId}, then it is merged`,
    });
    expect((await gatehouse.as('ivo', 'GET', '/v1/holds')).at('holds.holdId')).toEqual([holdId]);

    const released = await gatehouse.as('olga', 'POST', `/v1/holds/${holdId}/release`);
    expect(released.text('message')).toContain('changes of shop/prod go on');
    expect(await told()).toEqual(['promotion/shop/prod', 'place/shop/prod/prod']);
    expect((await gatehouse.as('olga', 'POST', `/v1/holds/${holdId}/release`)).status).toBe(200);
    expect((await gatehouse.as('ivo', 'GET', '/v1/holds')).at('holds')).toEqual([]);
    const on = await gatehouse.as('ada', 'GET', `/v1/requests/${requestId}`);
    expect(on.text('waitingFor.0.condition')).toContain('change record');
  });

  it('is seen by whoever watches a promotion that it stops', async () => {
    const address = await gatehouse.app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${address}/v1/requests/${requestId}/events`, {
      headers: { authorization: `Bearer ${await gatehouse.token('ada')}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) throw new Error(`the stream ended before it told of ${text}`);
        seen += value;
      }
    };
    await until('"status":"running"');
    const holdId = (await place('olga', { application: 'shop' })).text('holdId');
    await until('the till is down');
    seen = '';
    await gatehouse.as('olga', 'POST', `/v1/holds/${holdId}/release`);
    await until('change record');
    await reader?.cancel();
  });

  it('keeps its reason out of the chain', async () => {
    const holdId = (await place('olga', { application: 'shop' })).text('holdId');
    const chain = JSON.stringify(await gatehouse.ledger.api.storedEntriesAfter(0, 1_000));
    expect(chain).toContain(holdId);
    expect(chain).not.toContain('the till is down');
    await gatehouse.as('olga', 'POST', `/v1/holds/${holdId}/release`);
  });

  it('of the same Idempotency-Key is one hold', async () => {
    const headers = { 'idempotency-key': 'incident-7' };
    const first = await place('olga', { application: 'shop' }, headers);
    const again = await place('olga', { application: 'shop' }, headers);
    expect(again.text('holdId')).toBe(first.text('holdId'));
    const other = await place('olga', { application: 'basket' }, headers);
    expect(other.text('type')).toBe('urn:gatehouse:problem:key-reused');
    expect((await gatehouse.as('olga', 'GET', '/v1/holds')).at('holds')).toHaveLength(1);
    await gatehouse.as('olga', 'POST', `/v1/holds/${first.text('holdId')}/release`);
  });

  it('names only what there is', async () => {
    const wrong = await place('olga', { application: 'shpo' });
    expect(wrong.body).toMatchObject({ status: 400, faults: [{ place: 'body.scope.application' }] });
    const environment = await place('olga', { application: 'shop', environment: 'prd' });
    expect(environment.at('faults.0.message')).toContain('did you mean "prod"?');
  });

  it('is for operators, and for owners of the application; others are refused on record', async () => {
    const own = await place('omar', { application: 'shop' });
    expect(own.status).toBe(201);
    expect((await gatehouse.as('omar', 'POST', `/v1/holds/${own.text('holdId')}/release`)).status).toBe(200);
    for (const [person, scope] of [
      ['omar', {}],
      ['omar', { environment: 'prod' }],
      ['ada', { application: 'shop' }],
    ] as const) {
      expect([person, scope, (await place(person, scope)).status]).toEqual([person, scope, 403]);
    }
    const everything = (await place('olga', {})).text('holdId');
    expect((await gatehouse.as('omar', 'POST', `/v1/holds/${everything}/release`)).status).toBe(403);
    expect((await gatehouse.as('stranger', 'POST', `/v1/holds/${everything}/release`)).status).toBe(404);
    expect((await gatehouse.as('stranger', 'GET', '/v1/holds')).at('holds')).toEqual([]);
    expect((await gatehouse.as('omar', 'GET', '/v1/holds')).at('holds.holdId')).toEqual([everything]);
    const refusals = await gatehouse.refusals();
    expect(refusals.map(({ route, reason, by }) => [route, reason, by?.id])).toEqual(
      expect.arrayContaining([
        ['POST /v1/holds', 'forbidden', 'p-omar'],
        ['POST /v1/holds', 'forbidden', 'p-ada'],
        ['POST /v1/holds/:holdId/release', 'forbidden', 'p-omar'],
      ]),
    );
    await gatehouse.as('olga', 'POST', `/v1/holds/${everything}/release`);
  });

  it('of everything stops every promotion; of an environment those into it', async () => {
    await told();
    const everything = (await place('olga', {})).text('holdId');
    expect(await told()).toContain('promotion/shop/prod');
    const staging = (await place('olga', { environment: 'stg' })).text('holdId');
    expect(await told()).toEqual([]);
    const found = await gatehouse.as('olga', 'GET', '/v1/environments/shop');
    expect(found.at('environments.1.holds.holdId')).toEqual([everything]);
    for (const holdId of [everything, staging])
      await gatehouse.as('olga', 'POST', `/v1/holds/${holdId}/release`);
  });
});
