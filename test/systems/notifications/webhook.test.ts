import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { WebhookSender } from '../../../src/systems/notifications/webhook.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import type { SeenRequest } from '../http/vendor-server.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const EVENT = {
  id: 'req-1:ended',
  type: 'request.ended',
  timestamp: '2027-03-01T12:00:00Z',
  data: { status: 'done', who: 'Dora Jäger-Müller' },
};

function senderTo(
  url: string,
  more: { timeoutMs?: number; secret?: string; now?: () => number } = {},
): WebhookSender {
  const secret = async () => new Secret(more.secret ?? SECRET);
  return new WebhookSender({
    endpoints: { tickets: { url, secret } },
    timeoutMs: more.timeoutMs ?? 10_000,
    ...(more.now ? { now: more.now } : {}),
  });
}

function verified(asked: SeenRequest | undefined, secret: string): unknown {
  const headers = Object.fromEntries(
    Object.entries(asked?.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  return new Webhook(secret).verify(asked?.body ?? '', headers);
}

const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, SECRET);

describe('WebhookSender', () => {
  it('posts what a receiver can verify by the convention', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(200).end('ok'));
    await senderTo(`${server.url}/hooks?x=1`).send('tickets', EVENT);
    expect(server.asked[0]).toMatchObject({ method: 'POST', target: '/hooks?x=1' });
    expect(verified(server.asked[0], SECRET)).toEqual({
      type: EVENT.type,
      timestamp: EVENT.timestamp,
      data: EVENT.data,
    });
    expect(() => verified(server.asked[0], `whsec_${randomBytes(32).toString('base64')}`)).toThrow(
      'No matching signature',
    );
  });

  it('keeps the event id when it is sent again, and signs the new time', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(204).end());
    const times = [1_900_000_000_900, 1_900_000_060_000];
    const sender = senderTo(server.url, { now: () => times.shift() ?? 0 });
    await sender.send('tickets', EVENT);
    await sender.send('tickets', EVENT);
    expect(server.asked.map(({ headers }) => [headers['webhook-id'], headers['webhook-timestamp']])).toEqual([
      ['req-1:ended', '1900000000'],
      ['req-1:ended', '1900000060'],
    ]);
    expect(server.asked[0]?.headers['webhook-signature']).not.toBe(
      server.asked[1]?.headers['webhook-signature'],
    );
  });

  it('follows no redirect', async () => {
    await using other = await answeringServer((_, response) => response.writeHead(200).end());
    await using server = await answeringServer((_, response) =>
      response.writeHead(308, { location: other.url }).end(),
    );
    expect(await troubleFrom(senderTo(server.url).send('tickets', EVENT))).toMatchObject({
      kind: 'invalid',
      status: 308,
    });
    expect(other.asked).toHaveLength(0);
  });

  it.each([
    [429, 'throttled'],
    [500, 'unavailable'],
    [401, 'unauthenticated'],
    [404, 'not-found'],
    [410, 'invalid'],
  ])('makes one attempt and turns %d into %s', async (status, kind) => {
    await using server = await answeringServer((_, response) =>
      response.writeHead(status, { 'retry-after': '3' }).end(),
    );
    expect(await troubleFrom(senderTo(server.url).send('tickets', EVENT))).toMatchObject({
      system: 'notifications',
      object: 'tickets',
      kind,
      status,
      retryAfterMs: 3000,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('ends a call that nobody answers', async () => {
    await using server = await answeringServer(() => undefined);
    expect(await troubleFrom(senderTo(server.url, { timeoutMs: 100 }).send('tickets', EVENT))).toMatchObject({
      kind: 'unavailable',
      code: 'TIMEOUT',
    });
  });

  it('knows configured receivers only, whatever a request says', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(200).end());
    for (const name of ['chat', server.url, '__proto__', 'constructor']) {
      expect(await troubleFrom(senderTo(server.url).send(name, EVENT))).toMatchObject({ kind: 'not-found' });
    }
    expect(server.asked).toHaveLength(0);
  });

  it.each([
    'http://tickets.example.com/hook',
    'https://user:pass@tickets.example.com',
    'file:///etc/passwd',
    'tickets',
  ])('refuses the address %j when it is configured', (url) => {
    expect(() => senderTo(url)).toThrow(TypeError);
  });

  it('refuses an id that would forge the signed text, and a secret of another form', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(200).end());
    expect(await troubleFrom(senderTo(server.url).send('tickets', { ...EVENT, id: 'a.b' }))).toMatchObject({
      kind: 'invalid',
    });
    expect(
      await troubleFrom(senderTo(server.url, { secret: 'not base64!' }).send('tickets', EVENT)),
    ).toMatchObject({ kind: 'unauthenticated' });
    expect(server.asked).toHaveLength(0);
  });
});
