import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/api/app.js';
import { generateWebhookSecret } from '../../src/security/key-generation.js';
import { signWebhook } from '../../src/security/webhook.js';
import { askBody, Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

function ticket(fleet: string): string {
  const { manifest, requestedFor } = askBody(fleet);
  return JSON.stringify({ event: 'request.create', ticket: 'CHG0042', requestedFor, manifest });
}

function signed(body: string, id = randomUUID(), at = new Date(), secret = gatehouse.keys.webhooks.incoming) {
  return { ...signWebhook([secret], id, at, body), 'content-type': 'application/json' };
}

const send = (payload: string, headers: object) =>
  gatehouse.call({ method: 'POST', url: '/v1/webhooks/tickets', payload, headers: { ...headers } });

describe('a ticket', () => {
  it('asks, signed by the ticket system', async () => {
    const answer = await send(ticket('signed'), signed(ticket('signed')));
    expect(answer.status).toBe(202);
    const [accepted] = await gatehouse.entries(answer.text('id'), 'request.accepted');
    expect(JSON.parse(accepted?.body.document ?? '')).toMatchObject({
      requester: { kind: 'machine', id: 'ticket-hook' },
      ticket: 'CHG0042',
    });
  });

  it('delivered again with a fresh signature is the same request', async () => {
    const id = randomUUID();
    const body = ticket('delivered-twice');
    const first = await send(body, signed(body, id, new Date(Date.now() - 20_000)));
    const again = await send(body, signed(body, id));
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.text('id')).toBe(first.text('id'));
  });

  it('sent again as it is, written in another order or with a mark before it is the same request, and no refusal', async () => {
    const id = randomUUID();
    const body = ticket('sent-again');
    const headers = signed(body, id);
    const first = await send(body, headers);
    expect(first.status).toBe(202);
    const refusedBefore = (await gatehouse.refusals()).length;
    const turned = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body)).reverse()));
    const marked = `\uFEFF${body}`;
    for (const [sent, how] of [
      [body, headers],
      [turned, signed(turned, id)],
      [marked, signed(marked, id)],
    ] as const) {
      const again = await send(sent, how);
      expect([again.status, again.text('id')]).toEqual([200, first.text('id')]);
    }
    expect(await gatehouse.entries(first.text('id'), 'request.accepted')).toHaveLength(1);
    expect(await gatehouse.refusals()).toHaveLength(refusedBefore);
    const other = ticket('sent-again-as-another');
    expect((await send(other, signed(other, id))).status).toBe(422);
  });

  it('sent twice at the same moment is one request', async () => {
    const body = ticket('at-once');
    const headers = signed(body);
    const answers = await Promise.all([send(body, headers), send(body, headers), send(body, headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 202]);
    expect(new Set(answers.map((answer) => answer.text('id'))).size).toBe(1);
  });

  it('late, early, unsigned or forged learns nothing but 401', async () => {
    const body = ticket('refused');
    const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);
    const cases: readonly (readonly [string, string, object])[] = [
      ['late', body, signed(body, randomUUID(), minutes(-6))],
      ['early', body, signed(body, randomUUID(), minutes(6))],
      ['unsigned', body, { 'content-type': 'application/json' }],
      ['of another body', body, signed(`${body} `)],
      ['of another secret', body, signed(body, randomUUID(), new Date(), generateWebhookSecret())],
      ['under another id', body, { ...signed(body), 'webhook-id': randomUUID() }],
      ['not even JSON', '{', signed(body)],
    ];
    const bodies = new Set<string>();
    for (const [title, sent, headers] of cases) {
      const answer = await send(sent, headers);
      expect([title, answer.status]).toEqual([title, 401]);
      const { instance: _, ...rest } = Object(answer.body);
      bodies.add(JSON.stringify(rest));
    }
    expect(bodies.size).toBe(1);
    expect(await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/refused')).toBeNull();
    expect(await gatehouse.refusals()).toContainEqual({
      route: 'POST /v1/webhooks/tickets',
      status: 401,
      reason: 'unauthenticated',
    });
  });

  it('copied to another process, or after a restart, is the same request all the same', async () => {
    const body = ticket('copied-elsewhere');
    const headers = signed(body);
    expect((await send(body, headers)).status).toBe(202);
    const other = await buildApp(gatehouse.deps);
    try {
      const request = { method: 'POST', url: '/v1/webhooks/tickets', payload: body } as const;
      expect((await other.inject({ ...request, headers })).statusCode).toBe(200);
      expect((await other.inject({ ...request, headers: signed(body) })).statusCode).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('that is signed and of the wrong shape is told what is wrong', async () => {
    for (const body of [
      '{',
      '{"event":"request.create"}',
      JSON.stringify({ ...JSON.parse(ticket('x')), approve: true }),
      JSON.stringify({ ...JSON.parse(ticket('x')), reason: 'x\0y' }),
    ]) {
      expect((await send(body, signed(body))).status).toBe(400);
    }
  });
});
