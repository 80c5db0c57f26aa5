import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signDecision, verifyDecision } from '../../src/security/attestation.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { describeKeySet, generateKeySet, KEY_FILES, writeKeySet } from '../../src/security/key-generation.js';
import { KeyRing } from '../../src/security/keyring.js';
import { readSigner } from '../../src/security/signer.js';
import { decisionClaims } from './keys.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a new key set', () => {
  it('is written so that each part can be read back and works with the others', async () => {
    await writeKeySet(directory, await generateKeySet());
    const signer = await readSigner(join(directory, KEY_FILES.decision));
    const ring = await KeyRing.read(join(directory, KEY_FILES.ring));
    expect(await verifyDecision(await signDecision(decisionClaims, signer), ring)).toEqual(decisionClaims);
    expect(CodecKeys.parse(await readFile(join(directory, KEY_FILES.codec), 'utf8')).current.id).toMatch(
      /^codec-/,
    );
  });

  it('is readable by its owner only', async () => {
    const target = join(directory, 'new');
    await writeKeySet(target, await generateKeySet());
    for (const name of Object.values(KEY_FILES)) {
      expect((await stat(join(target, name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(target)).mode & 0o777).toBe(0o700);
  });

  it('never overwrites a key', async () => {
    const first = await generateKeySet();
    await writeKeySet(directory, first);
    await expect(writeKeySet(directory, await generateKeySet())).rejects.toMatchObject({ code: 'EEXIST' });
    const kept: unknown = JSON.parse(await readFile(join(directory, KEY_FILES.decision), 'utf8'));
    expect(kept).toEqual(first.signing.decision);
  });

  it('differs from every other one', async () => {
    const [a, b] = [await generateKeySet(), await generateKeySet()];
    expect(a.signing.decision.jwk.d).not.toBe(b.signing.decision.jwk.d);
    expect(a.codec.current).not.toBe(b.codec.current);
    expect(a.webhooks.incoming).not.toBe(a.webhooks.outgoing);
  });

  it('is described by ids, without key material', async () => {
    const keySet = await generateKeySet();
    const text = describeKeySet(keySet).join('\n');
    expect(text).toContain(keySet.signing.checkpoint.kid);
    const secrets = [
      ...Object.values(keySet.signing).map(({ jwk }) => jwk.d),
      ...Object.values(keySet.codec.keys),
      ...Object.values(keySet.webhooks),
      keySet.pageSession,
    ];
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('puts no private member into the public ring', async () => {
    const keySet = await generateKeySet();
    const text = JSON.stringify(keySet.ring);
    for (const { jwk } of Object.values(keySet.signing)) expect(text).not.toContain(jwk.d);
  });
});
