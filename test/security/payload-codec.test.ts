import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload, type SerializationContext } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { isUndecodable, UNDECODABLE_JSON } from '../../src/domain/undecodable.js';
import { CodecKeys, CodecKeysError } from '../../src/security/codec-keys.js';
import {
  ENCRYPTED_ENCODING,
  EncryptionCodec,
  KEY_ID_METADATA,
  type UndecodablePayload,
  WORKFLOW_ID_METADATA,
} from '../../src/security/payload-codec.js';

const newKey = (): string => randomBytes(32).toString('base64');
const k1 = newKey();
const k2 = newKey();
const oldKeys = CodecKeys.of({ current: 'k1', keys: { k1 } });
const rotatedKeys = CodecKeys.of({ current: 'k2', keys: { k1, k2 } });
const workflow = (workflowId: string): SerializationContext => ({
  type: 'workflow',
  namespace: 'gatehouse',
  workflowId,
});
const A = workflow('fleet/otterize/a');
const B = workflow('fleet/otterize/b');

const value = { greeting: 'Grüße', nested: [1, null] };
const clear = defaultPayloadConverter.toPayload(value);
const codecOf = (keys: CodecKeys, more: Partial<ConstructorParameters<typeof EncryptionCodec>[0]> = {}) =>
  new EncryptionCodec({ keys, namespace: 'gatehouse', ...more });
const codec = codecOf(oldKeys);

async function encrypted(context: SerializationContext | undefined = A, with_ = codec): Promise<Payload> {
  const [payload] = await with_.encode([clear], context);
  if (payload === undefined) throw new Error('the codec lost the payload');
  return payload;
}

async function decoded(payload: Payload, context: SerializationContext | undefined = A, with_ = codec) {
  const payloads = await with_.decode([payload], context);
  expect(payloads).toHaveLength(1);
  return defaultPayloadConverter.fromPayload<unknown>(payloads[0] ?? {});
}

function withMetadata(payload: Payload, name: string, text: string): Payload {
  return { ...payload, metadata: { ...payload.metadata, [name]: Buffer.from(text) } };
}

describe('round trip', () => {
  it('gives the value back', async () => {
    expect(await decoded(await encrypted())).toEqual(value);
  });

  it.each([
    ['undefined', undefined],
    ['bytes', new Uint8Array([0, 255, 7])],
    ['no bytes', new Uint8Array()],
    ['null', null],
  ])('keeps %s', async (_name, some) => {
    const before = defaultPayloadConverter.toPayload(some);
    const after = await codec.decode(await codec.encode([before], A), A);
    expect(defaultPayloadConverter.fromPayload(after[0] ?? {})).toEqual(
      defaultPayloadConverter.fromPayload(before),
    );
  });

  it('keeps other metadata, which is encrypted too', async () => {
    const rich = withMetadata(clear, 'note', 'a-note-that-is-hidden');
    const [hidden] = await codec.encode([rich], A);
    expect(Buffer.from(JSON.stringify(hidden)).toString()).not.toContain('a-note');
    const [back] = await codec.decode([hidden ?? {}], A);
    expect(Buffer.from(back?.metadata?.note ?? []).toString()).toBe('a-note-that-is-hidden');
  });

  it('keeps the order of many', async () => {
    const many = Array.from({ length: 50 }, (_, i) => defaultPayloadConverter.toPayload(i));
    const back = await codec.decode(await codec.encode(many, A), A);
    expect(back.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(
      many.map((_, i) => i),
    );
    expect(await codec.decode([], A)).toEqual([]);
  });

  it('works for the activities of the workflow', async () => {
    const activity: SerializationContext = {
      type: 'activity',
      namespace: 'gatehouse',
      workflowId: 'fleet/otterize/a',
      activityId: '1',
      isLocal: false,
    };
    expect(await decoded(await encrypted(activity), A)).toEqual(value);
  });
});

describe('what Temporal gets to see', () => {
  it('is ciphertext, the id of the key and the workflow', async () => {
    const payload = await encrypted();
    const text = Object.entries(payload.metadata ?? {}).map(([name, bytes]) => [
      name,
      Buffer.from(bytes).toString(),
    ]);
    expect(Object.fromEntries(text)).toEqual({
      encoding: ENCRYPTED_ENCODING,
      [KEY_ID_METADATA]: 'k1',
      [WORKFLOW_ID_METADATA]: 'fleet/otterize/a',
    });
    expect(Buffer.from(payload.data ?? []).includes('greeting')).toBe(false);
  });

  it('differs for the same value', async () => {
    expect((await encrypted()).data).not.toEqual((await encrypted()).data);
  });
});

describe('rotation', () => {
  it('decodes with the old key what was encoded with it, and encodes with the new one', async () => {
    const rotated = codecOf(rotatedKeys);
    expect(await decoded(await encrypted(), A, rotated)).toEqual(value);
    const fresh = await encrypted(A, rotated);
    expect(Buffer.from(fresh.metadata?.[KEY_ID_METADATA] ?? []).toString()).toBe('k2');
    expect(await decoded(fresh, A, rotated)).toEqual(value);
  });

  it('gives the marker for a key that is not there any more', async () => {
    const after = codecOf(CodecKeys.of({ current: 'k2', keys: { k2 } }));
    expect(isUndecodable(await decoded(await encrypted(), A, after))).toBe(true);
  });
});

describe('what cannot be decoded becomes the marker and never throws', () => {
  it('a payload pasted from another workflow', async () => {
    expect(await decoded(await encrypted(A), B)).toEqual(JSON.parse(UNDECODABLE_JSON));
  });

  it('a pasted payload whose workflow id was changed to fit', async () => {
    const forged = withMetadata(await encrypted(A), WORKFLOW_ID_METADATA, 'fleet/otterize/b');
    expect(isUndecodable(await decoded(forged, B))).toBe(true);
    expect(isUndecodable(await decoded(forged, B, codecOf(oldKeys, { binding: 'payload' })))).toBe(true);
  });

  it('a payload of another namespace with the same keys', async () => {
    const other = codecOf(oldKeys, { namespace: 'other' });
    expect(isUndecodable(await decoded(await encrypted(A, other), A))).toBe(true);
  });

  it('a payload whose key id was changed to another known key', async () => {
    const forged = withMetadata(await encrypted(), KEY_ID_METADATA, 'k2');
    expect(isUndecodable(await decoded(forged, A, codecOf(rotatedKeys)))).toBe(true);
  });

  it('every single changed byte, and every cut', async () => {
    const payload = await encrypted();
    const data = Buffer.from(payload.data ?? []);
    for (let i = 0; i < data.length; i += 1) {
      const changed = Buffer.from(data);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      expect(isUndecodable(await decoded({ ...payload, data: changed }))).toBe(true);
      expect(isUndecodable(await decoded({ ...payload, data: data.subarray(0, i) }))).toBe(true);
    }
  });

  it('garbage that says it is encrypted', async () => {
    const encoding = Buffer.from(ENCRYPTED_ENCODING);
    const garbage: Payload[] = [
      { metadata: { encoding } },
      { metadata: { encoding }, data: null },
      { metadata: { encoding, [KEY_ID_METADATA]: Buffer.from('k1') }, data: Buffer.alloc(0) },
      { metadata: { encoding, [KEY_ID_METADATA]: Buffer.from([0xff, 0xfe]) }, data: randomBytes(100) },
      {
        metadata: {
          encoding,
          [KEY_ID_METADATA]: Buffer.from('k1'),
          [WORKFLOW_ID_METADATA]: Buffer.from(A.workflowId ?? ''),
        },
        data: randomBytes(100),
      },
    ];
    for (const payload of garbage) expect(isUndecodable(await decoded(payload))).toBe(true);
  });

  it('tells why, and stands a listener that throws', async () => {
    const seen: UndecodablePayload[] = [];
    const telling = codecOf(oldKeys, {
      onUndecodable: (payload) => {
        seen.push(payload);
        throw new Error('a broken metric');
      },
    });
    await telling.decode([await encrypted(A)], B);
    await telling.decode([withMetadata(await encrypted(A), KEY_ID_METADATA, 'k9')], A);
    await telling.decode([{ ...(await encrypted(A)), data: randomBytes(64) }], A);
    expect(seen.map(({ reason }) => reason)).toEqual(['other-workflow', 'unknown-key', 'not-authentic']);
    expect(seen[1]?.keyId).toBe('k9');
  });
});

describe('what is not encrypted', () => {
  it('passes through: encryption is not authentication', async () => {
    expect(await codec.decode([clear], A)).toEqual([clear]);
    expect(await codec.decode([{}], A)).toEqual([{}]);
  });
});

describe('without the context of a workflow', () => {
  it('decodes by the workflow id beside the payload, for codec server and replay', async () => {
    const payload = await encrypted(A);
    expect(await decoded(payload, undefined, codecOf(oldKeys, { binding: 'payload' }))).toEqual(value);
    expect(await decoded(payload, workflow('fake'), codecOf(oldKeys, { binding: 'payload' }))).toEqual(value);
    expect(isUndecodable(await decoded(payload, workflow('fake')))).toBe(true);
  });

  it('binds what is encoded without one to no workflow', async () => {
    const [payload] = await codec.encode([clear]);
    expect(isUndecodable(await decoded(payload ?? {}, A))).toBe(true);
  });
});

describe('CodecKeys', () => {
  it.each([
    ['no JSON', `{"current":"k1","keys":{"k1":"${k1}"`],
    ['a key that is too short', JSON.stringify({ current: 'k1', keys: { k1: k1.slice(4) } })],
    ['a current key that is not there', JSON.stringify({ current: 'k3', keys: { k1 } })],
    ['an unknown member', JSON.stringify({ current: 'k1', keys: { k1 }, old: k2 })],
    ['a hostile key id', `{"current":"k1","keys":{"k1":"${k1}","__proto__ ":"${k2}"}}`],
  ])('refuses %s and shows no key', (_name, text) => {
    let error: unknown;
    try {
      CodecKeys.parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CodecKeysError);
    for (const key of [k1, k1.slice(4), k2]) expect(String(error)).not.toContain(key);
  });
});
