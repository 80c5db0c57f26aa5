import { beforeAll, describe, expect, it } from 'vitest';
import { publicOf } from '../../src/security/key-generation.js';
import { KeyRing, KeyRingError } from '../../src/security/keyring.js';
import { parseSigner, SigningKeyError } from '../../src/security/signer.js';
import { newKey, type TestKey } from './keys.js';

let key: TestKey;
beforeAll(async () => {
  key = await newKey('decision');
});

describe('KeyRing', () => {
  it('finds a key by its id, with what is pinned to it', async () => {
    const ring = await KeyRing.parse(JSON.stringify({ keys: [publicOf(key.file)] }));
    expect(ring.kids()).toEqual([key.file.kid]);
    expect(ring.find(key.file.kid)).toMatchObject({ alg: 'EdDSA', use: 'decision' });
    expect(ring.find('another')).toBeUndefined();
  });

  it.each([
    ['no JSON', () => 'keys'],
    ['an unknown member', () => JSON.stringify({ keys: [], comment: '' })],
    ['a private key', () => JSON.stringify({ keys: [key.file] })],
    ['a shared secret', () => JSON.stringify({ keys: [{ ...publicOf(key.file), alg: 'HS256' }] })],
    [
      'another algorithm than the key',
      () => JSON.stringify({ keys: [{ ...publicOf(key.file), alg: 'ES256' }] }),
    ],
    ['another use', () => JSON.stringify({ keys: [{ ...publicOf(key.file), use: 'anything' }] })],
    ['an id twice', () => JSON.stringify({ keys: [publicOf(key.file), publicOf(key.file)] })],
    ['a time that is none', () => JSON.stringify({ keys: [{ ...publicOf(key.file), revokedAt: 'soon' }] })],
  ])('refuses %s', async (_name, text) => {
    await expect(KeyRing.parse(text())).rejects.toThrow(KeyRingError);
  });
});

describe('parseSigner', () => {
  it('refuses a public key', async () => {
    await expect(parseSigner(JSON.stringify(publicOf(key.file)))).rejects.toThrow(SigningKeyError);
  });

  it('never shows the key in its errors', async () => {
    const { d } = key.file.jwk;
    const broken = [
      JSON.stringify(key.file).slice(0, -1),
      d,
      JSON.stringify({ ...key.file, alg: 'ES256' }),
      JSON.stringify({ ...key.file, extra: d }),
    ];
    for (const text of broken) {
      const error: unknown = await parseSigner(text).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SigningKeyError);
      expect(error instanceof Error && `${error.message}${error.stack}${String(error.cause)}`).not.toContain(
        d,
      );
    }
  });
});
