import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entriesOfType } from '../../src/domain/record.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';
import { Gatehouse, type PersonName } from './gatehouse.js';

const ORIGIN = 'https://temporal.example.com';
const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
const codec = new EncryptionCodec({ keys, namespace: 'gatehouse', binding: 'payload' });

let gatehouse: Gatehouse;
let payload: object;
beforeAll(async () => {
  gatehouse = await Gatehouse.start({ codec: { codec, namespace: 'gatehouse', origins: [ORIGIN] } });
  const [encoded] = await codec.encode([defaultPayloadConverter.toPayload('clear text')], {
    type: 'workflow',
    namespace: 'gatehouse',
    workflowId: 'fleet/a/b',
  });
  const base64 = (bytes: Uint8Array | null | undefined): string =>
    Buffer.from(bytes ?? []).toString('base64');
  payload = {
    payloads: [
      {
        metadata: Object.fromEntries(
          Object.entries(encoded?.metadata ?? {}).map(([name, value]) => [name, base64(value)]),
        ),
        data: base64(encoded?.data),
      },
    ],
  };
});
afterAll(() => gatehouse.stop());

const decode = (name: PersonName) =>
  gatehouse.as(name, 'POST', '/codec/decode', payload, { origin: ORIGIN, 'x-namespace': 'gatehouse' });

describe('the codec server', () => {
  it('decodes for operators and auditors, each time on record', async () => {
    for (const name of ['olga', 'ivo'] as const) {
      const answer = await decode(name);
      expect(answer.status).toBe(200);
      expect(Buffer.from(String(answer.at('payloads.0.data')), 'base64').toString()).toBe('"clear text"');
    }
    const decoded = entriesOfType(await gatehouse.ledger.api.entriesAfter(0, 100), 'payloads.decoded');
    expect(decoded.map(({ body }) => body)).toEqual([
      { count: 1, by: { kind: 'person', id: 'p-olga' } },
      { count: 1, by: { kind: 'person', id: 'p-ivo' } },
    ]);
  });

  it('decodes for nobody else, encodes for nobody, and answers the preflight of the Temporal UI', async () => {
    expect((await decode('ada')).status).toBe(403);
    const anonymous = await gatehouse.call({
      method: 'POST',
      url: '/codec/decode',
      payload,
      headers: { origin: ORIGIN },
    });
    expect(anonymous.status).toBe(401);
    expect((await gatehouse.as('olga', 'POST', '/codec/encode', payload)).status).toBe(404);
    const preflight = await gatehouse.call({
      method: 'OPTIONS',
      url: '/codec/decode',
      headers: { origin: ORIGIN },
    });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, ORIGIN]);
  });
});
