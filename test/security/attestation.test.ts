import { createHmac, createPublicKey } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { DECISION_TYP, REQUEST_TYP } from '../../src/domain/decision.js';
import {
  AttestationError,
  MAX_ENVELOPE_LENGTH,
  signCheckpoint,
  signDecision,
  signRequest,
  verifyCheckpoint,
  verifyDecision,
  verifyRequest,
} from '../../src/security/attestation.js';
import { canonicalJson } from '../../src/security/canonical.js';
import { publicOf } from '../../src/security/key-generation.js';
import { KeyRing } from '../../src/security/keyring.js';
import { parseSigner } from '../../src/security/signer.js';
import { checkpointClaims, decisionClaims, newKey, requestClaims, ringOf, type TestKey } from './keys.js';

let decisionKey: TestKey;
let requestKey: TestKey;
let checkpointKey: TestKey;
let ring: KeyRing;
let envelope: string;

beforeAll(async () => {
  [decisionKey, requestKey, checkpointKey] = await Promise.all([
    newKey('decision'),
    newKey('request'),
    newKey('checkpoint'),
  ]);
  ring = await ringOf(decisionKey, requestKey, checkpointKey);
  envelope = await signDecision(decisionClaims, decisionKey.signer);
});

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs whatever is given with the real private key: what only a holder of the key can make. */
async function signRaw(header: Record<string, unknown>, payload: string, key = decisionKey): Promise<string> {
  const privateKey = await importJWK(key.file.jwk, 'EdDSA');
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'EdDSA', kid: key.file.kid, typ: DECISION_TYP, ...header })
    .sign(privateKey, header.crit === undefined ? {} : { crit: { exp: true } });
}

async function expectRefusal(promise: Promise<unknown>, reason: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AttestationError);
  expect(error).toMatchObject({ reason });
}

describe('honest envelopes', () => {
  it('gives back the claims of a decision', async () => {
    expect(await verifyDecision(envelope, ring)).toEqual(decisionClaims);
  });

  it('gives back the claims of a request and of a checkpoint', async () => {
    expect(await verifyRequest(await signRequest(requestClaims, requestKey.signer), ring)).toEqual(
      requestClaims,
    );
    expect(
      await verifyCheckpoint(await signCheckpoint(checkpointClaims, checkpointKey.signer), ring),
    ).toEqual(checkpointClaims);
  });

  it('works with ES256 as well', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const exported = await exportJWK(privateKey);
    const { kty, crv, x, y, d } = exported;
    const jwk = { kty, crv, x, y, d };
    const kid = `decision-${await calculateJwkThumbprint(exported)}`;
    const signer = await parseSigner(JSON.stringify({ kid, alg: 'ES256', use: 'decision', jwk }));
    const es256 = await KeyRing.of({
      keys: [{ kid, alg: 'ES256', use: 'decision', jwk: { kty, crv, x, y } }],
    });
    expect(await verifyDecision(await signDecision(decisionClaims, signer), es256)).toEqual(decisionClaims);
  });

  it('verifies what another implementation of JWS signed over the same text', async () => {
    expect(await verifyDecision(await signRaw({}, canonicalJson(decisionClaims)), ring)).toEqual(
      decisionClaims,
    );
  });
});

describe('forged envelopes', () => {
  it('alg none, in any spelling, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const head = encode({ alg, kid: decisionKey.file.kid, typ: DECISION_TYP });
      const body = encode(canonicalJson(decisionClaims));
      await expectRefusal(verifyDecision(`${head}.${body}.`, ring), 'wrong-alg');
      await expectRefusal(verifyDecision(`${head}.${body}.${envelope.split('.')[2]}`, ring), 'wrong-alg');
    }
  });

  it('HS256 with the public key as the secret, in every form in which it is known', async () => {
    const { x } = decisionKey.file.jwk;
    const publicJwk = publicOf(decisionKey.file).jwk;
    const pem = createPublicKey({ key: { ...publicJwk }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const secrets = [
      Buffer.from(x, 'base64url'),
      Buffer.from(x),
      Buffer.from(JSON.stringify(publicJwk)),
      pem,
    ];
    const head = encode({ alg: 'HS256', kid: decisionKey.file.kid, typ: DECISION_TYP });
    const body = encode(canonicalJson(decisionClaims));
    for (const secret of secrets) {
      const mac = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
      await expectRefusal(verifyDecision(`${head}.${body}.${mac}`, ring), 'wrong-alg');
    }
  });

  it('a key that is not in the ring', async () => {
    const stranger = await newKey('decision');
    await expectRefusal(
      verifyDecision(await signDecision(decisionClaims, stranger.signer), ring),
      'unknown-key',
    );
  });

  it('a strange key under the id of a known one', async () => {
    const stranger = await newKey('decision');
    const forged = await signRaw({ kid: decisionKey.file.kid }, canonicalJson(decisionClaims), stranger);
    await expectRefusal(verifyDecision(forged, ring), 'bad-signature');
  });

  it('no key id at all', async () => {
    const { alg, typ } = { alg: 'EdDSA', typ: DECISION_TYP };
    const [, body, signature] = envelope.split('.');
    await expectRefusal(verifyDecision(`${encode({ alg, typ })}.${body}.${signature}`, ring), 'unknown-key');
  });

  it('the right key id with the other algorithm', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new CompactSign(new TextEncoder().encode(canonicalJson(decisionClaims)))
      .setProtectedHeader({ alg: 'ES256', kid: decisionKey.file.kid, typ: DECISION_TYP })
      .sign(privateKey);
    await expectRefusal(verifyDecision(forged, ring), 'wrong-alg');
  });

  it('a payload that was changed after signing', async () => {
    const [head, , signature] = envelope.split('.');
    const body = encode(canonicalJson({ ...decisionClaims, requestId: 'req-2' }));
    await expectRefusal(verifyDecision(`${head}.${body}.${signature}`, ring), 'bad-signature');
  });

  it('a signature that was changed or cut', async () => {
    const [head, body, signature = ''] = envelope.split('.');
    const changed = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await expectRefusal(verifyDecision(`${head}.${body}.${changed}`, ring), 'bad-signature');
    await expectRefusal(verifyDecision(`${head}.${body}.`, ring), 'bad-signature');
  });

  it('an envelope of another kind', async () => {
    await expectRefusal(
      verifyDecision(await signRequest(requestClaims, requestKey.signer), ring),
      'unknown-key',
    );
    await expectRefusal(
      verifyDecision(await signRaw({ typ: REQUEST_TYP }, canonicalJson(decisionClaims)), ring),
      'wrong-typ',
    );
    await expectRefusal(
      verifyDecision(await signRaw({ typ: 'JWT' }, canonicalJson(decisionClaims)), ring),
      'wrong-typ',
    );
  });

  it('a decision signed with a key for requests', async () => {
    const forged = await signRaw({}, canonicalJson(decisionClaims), requestKey);
    await expectRefusal(verifyDecision(forged, ring), 'unknown-key');
    await expectRefusal(signDecision(decisionClaims, requestKey.signer), 'unknown-key');
  });

  it('headers that bring their own key or change what is verified', async () => {
    const body = canonicalJson(decisionClaims);
    const jwk = publicOf(decisionKey.file).jwk;
    for (const extra of [{ jwk }, { jku: 'https://keys.example.com/' }, { x5c: ['AA'] }, { cty: 'a' }]) {
      await expectRefusal(verifyDecision(await signRaw(extra, body), ring), 'malformed');
    }
    await expectRefusal(verifyDecision(await signRaw({ crit: ['exp'], exp: 1 }, body), ring), 'malformed');
  });

  it.each(['', 'a', 'a.b', '..', 'a.b.c', 'a.b.c.d', '{}', 'a.b.c\n', 'ä.b.c'])(
    'garbage %j',
    async (text) => {
      await expectRefusal(verifyDecision(text, ring), 'malformed');
    },
  );

  it('another spelling of the same bytes', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // 64 bytes of a signature end in a sign whose last four bits mean nothing
    const other = alphabet[alphabet.indexOf(envelope.at(-1) ?? '') + 1] ?? '';
    const respelt = `${envelope.slice(0, -1)}${other}`;
    const bytes = (text: string) => Buffer.from(text.split('.')[2] ?? '', 'base64url').toString('hex');
    expect(bytes(respelt)).toBe(bytes(envelope));
    await expectRefusal(verifyDecision(respelt, ring), 'malformed');
  });

  it('an envelope that is too long', async () => {
    await expectRefusal(verifyDecision(`${envelope}${'A'.repeat(MAX_ENVELOPE_LENGTH)}`, ring), 'malformed');
  });
});

describe('claims that the key signed and that are not of their shape', () => {
  const { jti: _jti, ...withoutJti } = decisionClaims;
  it.each([
    ['a missing member', withoutJti],
    ['an unknown member', { ...decisionClaims, admin: true }],
    ['an unknown evidence', { ...decisionClaims, evidence: { budget: '1' } }],
    ['another version', { ...decisionClaims, version: 2 }],
    ['another verdict', { ...decisionClaims, decision: 'maybe' }],
    ['an epoch as text', { ...decisionClaims, epoch: '1' }],
    ['half an epoch', { ...decisionClaims, epoch: 1.5 }],
    ['a hash that is none', { ...decisionClaims, requestHash: 'abc' }],
    ['a time without a zone', { ...decisionClaims, issuedAt: '2026-09-01T10:00:00' }],
    ['half a surrogate pair', { ...decisionClaims, gate: '\ud800' }],
    ['an array', [decisionClaims]],
    ['null', null],
  ])('%s', async (_name, claims) => {
    await expectRefusal(verifyDecision(await signRaw({}, JSON.stringify(claims)), ring), 'malformed');
  });

  it('a member that occurs twice, and any other text that is not canonical', async () => {
    const twice = canonicalJson(decisionClaims).replace('"epoch":1', '"epoch":7,"epoch":1');
    await expectRefusal(verifyDecision(await signRaw({}, twice), ring), 'malformed');
    await expectRefusal(
      verifyDecision(await signRaw({}, JSON.stringify(decisionClaims, null, 1)), ring),
      'malformed',
    );
    await expectRefusal(verifyDecision(await signRaw({}, 'not JSON'), ring), 'malformed');
  });

  it('are not signed in the first place', async () => {
    await expectRefusal(
      signDecision({ ...decisionClaims, requestHash: 'abc' }, decisionKey.signer),
      'malformed',
    );
  });
});

describe('revocation by the time of the ledger', () => {
  const revokedAt = '2026-09-01T12:00:00.000Z';
  const at = (recordedAt: string) => {
    const revoked = ring.withRevocations(new Map([[decisionKey.file.kid, revokedAt]]));
    return verifyDecision(envelope, revoked, { recordedAt });
  };

  it('keeps what was recorded before', async () => {
    expect(await at('2026-09-01T11:59:59.999Z')).toEqual(decisionClaims);
  });

  it('refuses what was recorded at the moment or after it, whatever the claims say about their time', async () => {
    expect(Date.parse(decisionClaims.issuedAt)).toBeLessThan(Date.parse(revokedAt));
    await expectRefusal(at(revokedAt), 'revoked-key');
    await expectRefusal(at('2026-09-02T00:00:00.000Z'), 'revoked-key');
  });

  it('refuses without a time, or with one that cannot be read', async () => {
    const revoked = ring.withRevocations(new Map([[decisionKey.file.kid, revokedAt]]));
    await expectRefusal(verifyDecision(envelope, revoked), 'revoked-key');
    await expectRefusal(at('some day'), 'revoked-key');
  });

  it('takes the earlier of two revocations', async () => {
    const later = ring.withRevocations(new Map([[decisionKey.file.kid, '2026-10-01T00:00:00Z']]));
    const both = later.withRevocations(new Map([[decisionKey.file.kid, revokedAt]]));
    await expectRefusal(
      verifyDecision(envelope, both, { recordedAt: '2026-09-15T00:00:00Z' }),
      'revoked-key',
    );
    expect(await verifyDecision(envelope, later, { recordedAt: '2026-09-15T00:00:00Z' })).toEqual(
      decisionClaims,
    );
  });

  it('leaves other keys alone', async () => {
    const revoked = ring.withRevocations(new Map([[requestKey.file.kid, revokedAt]]));
    expect(await verifyDecision(envelope, revoked)).toEqual(decisionClaims);
  });
});
