import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import {
  basic,
  bearer,
  JsonRequester,
  type JsonRequesterOptions,
} from '../../../src/systems/http/json-requester.js';
import { TokenBucket } from '../../../src/systems/http/token-bucket.js';
import { Secret } from '../../../src/systems/secret.js';
import { troubleFrom } from './trouble-of.js';
import { startVendor, type Vendor, type VendorServer } from './vendor-server.js';

const TOKEN = 'canary-token-51f0';
const open: VendorServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function against(vendor: Vendor, options: Partial<JsonRequesterOptions> = {}) {
  const server = await startVendor(vendor);
  open.push(server);
  const http = new JsonRequester({
    system: 'otterize',
    baseUrl: `${server.url}/api/v1`,
    credential: async () => bearer(TOKEN),
    readError: (body) => ({ message: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...options,
  });
  return { server, http };
}

const CALL = { method: 'GET', path: 'things', operation: 'list things', object: 'all' } as const;

describe('a call', () => {
  it('goes out once, below the base address, with the credential, and brings JSON back', async () => {
    const { server, http } = await against(() => ({ status: 201, body: { id: 'a' } }));
    const answer = await http.send({
      ...CALL,
      method: 'POST',
      path: ['things', 'a/b#c?d e'],
      query: { mail: "o'neill+x@example.com", unset: undefined },
      body: { name: 'x' },
    });
    expect(answer).toMatchObject({ status: 201, body: { id: 'a' } });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      target: '/api/v1/things/a%2Fb%23c%3Fd%20e?mail=o%27neill%2Bx%40example.com',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{"name":"x"}',
    });
  });

  it('sends a form when it is given one', async () => {
    const { server, http } = await against(() => ({ body: {} }));
    await http.send({ ...CALL, method: 'POST', form: { a: '1 & 2' } });
    expect(server.seen[0]).toMatchObject({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=1+%26+2',
    });
  });

  it('has no body to show after 204', async () => {
    const { http } = await against(() => ({ status: 204 }));
    expect((await http.send(CALL)).body).toBeUndefined();
  });

  it.each([['..'], ['.'], ['']])('is not sent with the path part "%s"', async (part) => {
    const { server, http } = await against(() => ({ body: {} }));
    expect(await troubleFrom(http.send({ ...CALL, path: ['things', part] }))).toMatchObject({
      kind: 'invalid',
    });
    expect(server.seen).toHaveLength(0);
  });

  it.each([
    ['another host', 'http://evil.example/api/v1/things'],
    ['another host without a scheme', '//evil.example/api/v1/things'],
    ['a place above the base address', '../../admin'],
  ])('does not follow a link to %s', async (_where, path) => {
    const { server, http } = await against(() => ({ body: {} }));
    expect(await troubleFrom(http.send({ ...CALL, path }))).toMatchObject({ kind: 'malformed' });
    expect(server.seen).toHaveLength(0);
  });

  it('waits for the bucket of its credential', async () => {
    const waits: number[] = [];
    const bucket = new TokenBucket({ perSecond: 1 }, { now: () => 0, sleep: async (ms) => waits.push(ms) });
    const { http } = await against(() => ({ body: {} }), { bucket });
    await Promise.all([http.send(CALL), http.send(CALL), http.send(CALL)]);
    expect(waits).toEqual([1000, 2000]);
  });
});

describe('trouble', () => {
  it.each([
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [408, 'unavailable'],
    [409, 'conflict'],
    [422, 'invalid'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ] as const)('%i is %s, after one attempt', async (status, kind) => {
    const { server, http } = await against(() => ({ status, body: { message: 'no' } }));
    const trouble = await troubleFrom(http.send(CALL));
    expect(trouble).toMatchObject({
      system: 'otterize',
      operation: 'list things',
      object: 'all',
      kind,
      status,
    });
    expect(trouble.remedy).not.toBe('');
    expect(server.seen).toHaveLength(1);
  });

  it('carries the time to wait of 429, and of 503, which then is throttling', async () => {
    const { http } = await against((request) => ({
      status: request.target.endsWith('429') ? 429 : 503,
      headers: { 'retry-after': '2.128' },
      body: 'Retry later',
    }));
    for (const path of ['429', '503']) {
      expect(await troubleFrom(http.send({ ...CALL, path }))).toMatchObject({
        kind: 'throttled',
        retryAfterMs: 2128,
      });
    }
  });

  it('is final for a redirect, which is not followed', async () => {
    const other = await startVendor(() => ({ body: {} }));
    open.push(other);
    const { http } = await against(() => ({ status: 302, headers: { location: other.url } }));
    expect(await troubleFrom(http.send(CALL))).toMatchObject({ kind: 'invalid', status: 302 });
    expect(other.seen).toHaveLength(0);
  });

  it('is a malformed answer when a success is not JSON, and does not quote it', async () => {
    const { http } = await against(() => ({ body: '<html>secret-page</html>' }));
    const trouble = await troubleFrom(http.send(CALL));
    expect(trouble.kind).toBe('malformed');
    expect(JSON.stringify(trouble)).not.toContain('secret-page');
  });

  it('is a malformed answer when it is larger than any page of a vendor', async () => {
    const { http } = await against(() => ({ body: `"${'x'.repeat(9 * 1024 * 1024)}"` }));
    expect(await troubleFrom(http.send(CALL))).toMatchObject({ kind: 'malformed' });
  });

  it('is unavailability when the connection is cut before or within the answer', async () => {
    const { http } = await against((request, raw) => {
      if (request.target.endsWith('within')) {
        raw.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        raw.write('{"id":');
      }
      setImmediate(() => raw.destroy());
      return undefined;
    });
    for (const path of ['before', 'within']) {
      const trouble = await troubleFrom(http.send({ ...CALL, path }));
      expect(trouble).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('unknown') });
    }
  });

  it('is unavailability with the network code when nobody listens', async () => {
    const { server, http } = await against(() => ({ body: {} }));
    await server.close();
    expect(await troubleFrom(http.send(CALL))).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' });
  });

  it('is unavailability when no answer comes in time', async () => {
    const { http } = await against(() => undefined, { timeoutMs: 50 });
    expect(await troubleFrom(http.send(CALL))).toMatchObject({ kind: 'unavailable', code: 'TIMEOUT' });
  });

  it('is a missing credential when none can be had', async () => {
    const { server, http } = await against(() => ({ body: {} }), {
      credential: async () => {
        throw new Error(`the token file of ${TOKEN} is gone`);
      },
    });
    const trouble = await troubleFrom(http.send(CALL));
    expect(trouble.kind).toBe('unauthenticated');
    expect(JSON.stringify(trouble)).not.toContain(TOKEN);
    expect(server.seen).toHaveLength(0);
  });
});

describe('cancelling', () => {
  it('ends a call under way with the reason of the signal', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled by an operator');
    const { http } = await against(() => {
      abort.abort(reason);
      return undefined;
    });
    await expect(http.send({ ...CALL, signal: abort.signal })).rejects.toBe(reason);
  });

  it('keeps a call from being sent', async () => {
    const { server, http } = await against(() => ({ body: {} }));
    const reason = new Error('cancelled');
    await expect(http.send({ ...CALL, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.seen).toHaveLength(0);
  });
});

describe('an error', () => {
  it('never shows the token, a secret that was sent, or a cause, however it is printed', async () => {
    const { http } = await against((request) => ({
      status: 400,
      body: { message: `bad\nvalue ${request.body} by ${request.headers.authorization}` },
    }));
    const value = new Secret('canary-value-93ab');
    const error = await http
      .send({ ...CALL, method: 'POST', body: { value: value.reveal() }, withhold: [value] })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SystemError);
    expect(error).not.toHaveProperty('cause');
    const shown = `${inspect(error, { depth: null, showHidden: true })} ${JSON.stringify(error)} ${error}`;
    expect(shown).toContain('[secret]');
    expect(shown).not.toContain(TOKEN);
    expect(shown).not.toContain(value.reveal());
  });

  it('does not show a password that the vendor read out of the header', async () => {
    const password = new Secret('canary-password-07c4');
    const { server, http } = await against(
      () => ({ status: 401, body: { message: `no user with ${password.reveal()}` } }),
      { credential: async () => basic('someone', password) },
    );
    const { message } = await troubleFrom(http.send(CALL));
    expect(message).toContain('[secret]');
    expect(message).not.toContain(password.reveal());
    const sent = Buffer.from(server.seen[0]?.headers.authorization?.slice(6) ?? '', 'base64').toString();
    expect(sent).toBe(`someone:${password.reveal()}`);
  });

  it('quotes no more than a line of the vendor', async () => {
    const { http } = await against(() => ({
      status: 400,
      body: `first\r\nsecond\u0007 ${'x'.repeat(1000)}`,
    }));
    const { message } = await troubleFrom(http.send(CALL));
    expect(message).toMatch(/^answered 400: first second x+…$/);
    expect(message.length).toBeLessThan(250);
  });
});

it.each([
  ['ftp://example.com'],
  ['http://user:password@example.com'],
  ['http://example.com/?tenant=1'],
  ['example.com'],
])('the address %s is refused', (baseUrl) => {
  expect(() => new JsonRequester({ system: 'otterize', baseUrl })).toThrow(TypeError);
});
