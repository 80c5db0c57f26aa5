/** Promotions that wait for their turn, where the path says so: by the API's answers, and what its own calls may do. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TURNS } from '../../src/api/limits.js';
import { OutboxDispatcher } from '../../src/api/outbox-dispatcher.js';
import { Gatehouse } from './gatehouse.js';
import { PlayedPromotion, promotionDeps, webRelease } from './promotions.js';

const LINE = 'promotion/shop/prod';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps('      whileOpen: queue\n'));
});
afterAll(() => gatehouse.stop());
afterEach(async () => {
  for (const { requestId } of await gatehouse.ledger.api.openRequests(LINE)) await end(requestId);
});

async function end(requestId: string): Promise<void> {
  await gatehouse.ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });
}

const ask = (letter: string, more: object = {}) =>
  gatehouse.as('ada', 'POST', '/v1/requests', {
    kind: 'Promotion',
    application: 'shop',
    to: 'prod',
    release: { commit: letter.repeat(40) },
    ...more,
  });
const status = (id: string) => gatehouse.as('ada', 'GET', `/v1/requests/${id}`);
const command = (id: string, name: string) => gatehouse.as('olga', 'POST', `/v1/requests/${id}/${name}`);

describe('a release that is asked for while another one is open', () => {
  it('is accepted, says for whom it waits, and is planned when its turn has come', async () => {
    const first = (await ask('a')).text('id');
    const answer = await ask('b');
    const second = answer.text('id');
    const third = (await ask('c')).text('id');
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      status: 'waiting',
      waitingFor: [{ condition: `waits for ${first}`, who: `whoever ${first} waits for` }],
      times: { stages: [{ stage: 'turn', kind: 'waiting' }] },
    });
    expect((await status(third)).at('waitingFor.0.condition')).toBe(
      `waits for ${first} and 1 more before it: ${second}`,
    );
    expect(await gatehouse.entries(first, 'command.given')).toEqual([]);
    await end(first);
    expect((await status(second)).body).toMatchObject({
      status: 'planning',
      waitingFor: [{ condition: 'the plan is being computed' }],
    });
    expect((await status(third)).at('waitingFor.0.condition')).toBe(`waits for ${second}`);
  });

  it('is the open one when the same is asked again', async () => {
    await ask('a');
    const second = (await ask('b')).text('id');
    const again = await ask('b');
    expect([again.status, again.text('id')]).toEqual([200, second]);
  });

  it('can be cancelled at once: no run is told of it, people are', async () => {
    const first = (await ask('a')).text('id');
    const second = (await ask('b')).text('id');
    gatehouse.workflows.commands.length = 0;
    const answer = await command(second, 'cancel');
    expect(answer.body).toMatchObject({ message: expect.stringContaining('nothing of it was begun') });
    expect((await status(second)).body).toMatchObject({
      status: 'cancelled',
      message: 'cancelled while it waited for its turn',
    });
    expect(gatehouse.workflows.commands).toEqual([]);
    const carrier = new OutboxDispatcher(gatehouse.ledger.api, gatehouse.workflows, { warn: () => {} });
    while ((await carrier.deliverDue()) > 0);
    expect(gatehouse.workflows.started.filter(({ requestId }) => requestId === second)).toEqual([
      { workflowId: `end/${second}`, workflowType: 'endNotice', requestId: second },
    ]);
    expect((await gatehouse.ledger.api.openRequests(LINE)).map(({ requestId }) => requestId)).toEqual([
      first,
    ]);
  });

  it('can be revoked, and takes no other command before its turn', async () => {
    await ask('a');
    const second = (await ask('b')).text('id');
    for (const name of ['pause', 'retry']) {
      expect((await command(second, name)).body).toMatchObject({
        type: 'urn:gatehouse:problem:command-refused',
        remedy: expect.stringContaining(`gatehouse cancel ${second}`),
      });
    }
    expect((await command(second, 'revoke')).status).toBeLessThan(300);
    expect((await status(second)).at('status')).toBe('revoked');
  });

  it('goes before the others when it goes round the normal way', async () => {
    const first = (await ask('a')).text('id');
    const second = (await ask('b')).text('id');
    const glass = (await ask('c', { exception: 'break-glass', reason: 'it burns' })).text('id');
    expect((await status(glass)).at('waitingFor.0.condition')).toBe(`waits for ${first}`);
    expect((await status(second)).at('waitingFor.0.condition')).toContain(glass);
  });

  it('is refused when too many wait already', async () => {
    for (let index = 0; index <= TURNS.mostWaiting; index += 1) {
      expect((await ask('a', { release: { commit: index.toString(16).padStart(40, '0') } })).status).toBe(
        202,
      );
    }
    const answer = await ask('f');
    expect(answer.body).toMatchObject({ status: 409, type: 'urn:gatehouse:problem:open-request' });
    expect(answer.text('detail')).toContain(`${TURNS.mostWaiting} requests wait`);
  });
});

describe('what runs where', () => {
  it('tells the one in work from those that wait', async () => {
    const first = (await ask('a')).text('id');
    await (await PlayedPromotion.of(gatehouse, first)).plan(webRelease('a'));
    const second = (await ask('b')).text('id');
    const found = await gatehouse.as('omar', 'GET', '/v1/environments/shop');
    expect(found.at('environments.1.open.requestId')).toBe(first);
    expect(found.at('environments.1.queued')).toMatchObject([{ requestId: second }]);
  });
});
