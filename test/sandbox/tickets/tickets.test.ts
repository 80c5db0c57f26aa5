import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import { startTickets } from '../../../sandbox/tickets/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';
import { signWebhook, verifyWebhook } from '../../../src/security/webhook.js';

const world = makeWorld({ clusters: 1 });
let folder: string;
let tickets: RunningStandIn;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tickets-stand-in-'));
  tickets = await startTickets({ world, folder, port: 0, originOf: () => undefined });
});
afterAll(async () => {
  await tickets.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${tickets.origin}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

async function hook(id: string, event: unknown, secret = world.webhooks.outgoingSecret, at = new Date()) {
  const body = JSON.stringify(event);
  const answer = await fetch(`${tickets.origin}/hooks/gatehouse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signWebhook([secret], id, at, body) },
    body,
  });
  return answer.status;
}

describe('tickets', () => {
  it('are made, read and changed', async () => {
    const made = await call('POST', '/tickets', { title: 'Otterize', requestedFor: 'ada@example.com' });
    expect(made).toMatchObject({ status: 201, body: { id: 'CHG0042', status: 'new' } });
    expect((await call('POST', '/tickets', { name: 'x' })).status).toBe(400);
    const changed = await call('PATCH', '/tickets/CHG0042', { status: 'in progress', comment: 'started' });
    expect(changed.body).toMatchObject({ status: 'in progress', comments: [{ text: 'started' }] });
    expect((await call('PATCH', '/tickets/CHG0042', { status: 'nonsense' })).status).toBe(400);
    expect((await call('GET', '/tickets/CHG9999')).status).toBe(404);
    expect((await call('GET', '/tickets')).body).toHaveLength(1);
  });
});

describe('webhooks of Gatehouse', () => {
  it('are taken once each, and only with a good and recent signature', async () => {
    const event = { type: 'request.ended', data: { ticket: 'CHG0042' } };
    expect(await hook('msg_1', event)).toBe(202);
    expect(await hook('msg_1', event)).toBe(200);
    expect(await hook('msg_2', event, world.webhooks.incomingSecret)).toBe(401);
    expect(await hook('msg_3', event, undefined, new Date(Date.now() - 3_600_000))).toBe(401);
    expect((await call('POST', '/hooks/gatehouse', event)).status).toBe(401);
    expect((await call('GET', '/_sandbox/deliveries')).body).toMatchObject([
      { id: 'msg_1', body: event, times: 2 },
    ]);
    const { body } = await call('GET', '/tickets/CHG0042');
    expect(JSON.stringify(body)).toContain('Gatehouse: request.ended');
  });
});

describe('webhooks to Gatehouse', () => {
  it('are signed so that our own check takes them, and can be forged on purpose', async () => {
    const seen: string[] = [];
    const receiver = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        try {
          const body = Buffer.concat(chunks);
          seen.push(verifyWebhook([world.webhooks.incomingSecret], request.headers, body, new Date()).id);
          response.writeHead(202).end();
        } catch {
          response.writeHead(401).end();
        }
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    try {
      const address = receiver.address();
      const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/hook`;
      const control = new ControlClient(tickets.origin);
      const send = async (more: Record<string, unknown>): Promise<unknown> =>
        JSON.parse(await control.post('/send', { url, body: { a: 1 }, ...more }));
      expect(await send({ id: 'in_1' })).toMatchObject({ id: 'in_1', status: 202 });
      expect(await send({ secret: world.webhooks.outgoingSecret })).toMatchObject({ status: 401 });
      expect(await send({ tamperedBody: { a: 2 } })).toMatchObject({ status: 401 });
      expect(await send({ timestamp: 1_000 })).toMatchObject({ status: 401 });
      expect(seen).toEqual(['in_1']);
    } finally {
      await new Promise((resolve) => receiver.close(resolve));
    }
  });
});
