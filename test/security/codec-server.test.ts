import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/domain/request.js';
import { UNDECODABLE_JSON } from '../../src/domain/undecodable.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { codecServer } from '../../src/security/codec-server.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';

const ORIGIN = 'https://temporal.example.com';
const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
const codec = new EncryptionCodec({ keys, namespace: 'gatehouse', binding: 'payload' });
const operator: Actor = { kind: 'person', id: 'p-olga' };

let app: FastifyInstance;
let audit: { count: number; by: Actor }[];
let auditFails: boolean;
let asked: number;

beforeEach(async () => {
  audit = [];
  auditFails = false;
  asked = 0;
  app = Fastify();
  await app.register(
    codecServer({
      codec,
      namespace: 'gatehouse',
      origins: [ORIGIN],
      authenticate: async (request) => {
        asked += 1;
        if (request.headers.authorization !== 'Bearer operator') {
          throw Object.assign(new Error('Sign in.'), { statusCode: 401 });
        }
        return operator;
      },
      onDecoded: async (entry) => {
        if (auditFails) throw new Error('the ledger is down');
        audit.push(entry);
      },
    }),
    { prefix: '/codec' },
  );
});
afterEach(() => app.close());

async function body(...values: unknown[]) {
  const context = { type: 'workflow', namespace: 'gatehouse', workflowId: 'fleet/a/b' } as const;
  const payloads = await codec.encode(
    values.map((value) => defaultPayloadConverter.toPayload(value)),
    context,
  );
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
      ),
      data: base64(data),
    })),
  };
}

function post(payload: object | string, headers: Record<string, string> = {}, url = '/codec/decode') {
  return app.inject({
    method: 'POST',
    url,
    headers: { authorization: 'Bearer operator', 'content-type': 'application/json', ...headers },
    payload,
  });
}

/** The values of an answer, as text. */
function valuesOf(answer: { json: () => { payloads: { data: string }[] } }): string[] {
  return answer.json().payloads.map(({ data }) => Buffer.from(data, 'base64').toString());
}

describe('POST /decode', () => {
  it('decodes for an operator and writes who and how many into the audit', async () => {
    const answer = await post(await body('one', 'two'), { origin: ORIGIN, 'x-namespace': 'gatehouse' });
    expect(answer.statusCode).toBe(200);
    expect(valuesOf(answer)).toEqual(['"one"', '"two"']);
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(audit).toEqual([{ count: 2, by: operator }]);
  });

  it('decodes for the CLI, which sends no origin', async () => {
    const answer = await post(await body('one'));
    expect(valuesOf(answer)).toEqual(['"one"']);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers a marker for what it cannot decode, beside what it can', async () => {
    const good = await body('one', 'two');
    const [first, second] = good.payloads;
    const broken = { ...first, data: randomBytes(60).toString('base64') };
    expect(valuesOf(await post({ payloads: [broken, second] }))).toEqual([UNDECODABLE_JSON, '"two"']);
  });

  it('refuses a caller without login before it reads the body', async () => {
    const answer = await post('not JSON', { authorization: 'Bearer nobody' });
    expect(answer.statusCode).toBe(401);
    expect(audit).toEqual([]);
  });

  it.each([
    'https://evil.example.com',
    `${ORIGIN}.evil.example.com`,
    `${ORIGIN}:8443`,
    'http://temporal.example.com',
    'null',
  ])('refuses the origin %s, even with a login', async (origin) => {
    const answer = await post(await body('one'), { origin });
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.body).not.toContain('one');
    expect([asked, audit]).toEqual([0, []]);
  });

  it('refuses another namespace', async () => {
    expect((await post(await body('one'), { 'x-namespace': 'other' })).statusCode).toBe(400);
  });

  it.each([
    ['no payloads', {}],
    ['an unknown member', { payloads: [], extra: 1 }],
    ['an unknown member of a payload', { payloads: [{ metadata: {}, data: '', extra: 1 }] }],
    ['data that is not base64', { payloads: [{ data: '{}' }] }],
    ['an array', []],
  ])('refuses %s', async (_name, payload) => {
    expect((await post(payload)).statusCode).toBe(400);
    expect(audit).toEqual([]);
  });

  it('refuses more than 4 MiB', async () => {
    const data = 'A'.repeat(4 * 1024 * 1024);
    expect((await post({ payloads: [{ data }] })).statusCode).toBe(413);
  });

  it('answers nothing when the audit cannot be written', async () => {
    auditFails = true;
    const answer = await post(await body('a-value'));
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain(Buffer.from('"a-value"').toString('base64'));
  });
});

describe('everything else', () => {
  it('is not there: /encode above all', async () => {
    expect((await post(await body('one'), {}, '/codec/encode')).statusCode).toBe(404);
    expect((await app.inject({ method: 'GET', url: '/codec/decode' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'OPTIONS', url: '/codec/encode' })).statusCode).toBe(404);
  });

  it('answers the preflight of the exact origin only', async () => {
    const preflight = (origin: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/codec/decode',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const yes = await preflight(ORIGIN);
    expect(yes.statusCode).toBe(204);
    expect(yes.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, authorization-extras, content-type, x-namespace',
    });
    const no = await preflight('https://evil.example.com');
    expect(no.statusCode).toBe(403);
    expect(no.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each(['*', 'https://temporal.example.com/', 'temporal.example.com'])(
    'does not start with the origin %s',
    (origin) => {
      expect(() =>
        codecServer({
          codec,
          namespace: 'gatehouse',
          origins: [origin],
          authenticate: async () => operator,
          onDecoded: async () => {},
        }),
      ).toThrow(TypeError);
    },
  );
});
