/** A fresh set of keys for a new installation or the sandbox. Nothing here is ever a default or kept in Git. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { KeyUse } from '../domain/attestation.js';
import type { CodecKeysFile } from './codec-keys.js';
import type { RingEntry, RingFile } from './keyring.js';
import type { SigningKeyFile } from './signer.js';

/** Only the owner may read or write a key file. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Everything secret of one installation, and the public ring that goes with it. */
export interface KeySet {
  readonly signing: Readonly<Record<KeyUse, SigningKeyFile>>;
  /** public keys of the three: what workers, auditors and the verifying command get */
  readonly ring: RingFile;
  readonly codec: CodecKeysFile;
  /** Standard Webhooks secrets (`whsec_…`): calls that come in from ticketing systems, and calls that go out */
  readonly webhooks: { readonly incoming: string; readonly outgoing: string };
  /** 32 random bytes in base64url: seals the cookies of the page */
  readonly pageSession: string;
}

/** Names of the files that `writeKeySet` makes in its directory. */
export const KEY_FILES = {
  decision: 'decision-signing-key.json',
  request: 'request-signing-key.json',
  checkpoint: 'checkpoint-signing-key.json',
  ring: 'keyring.json',
  codec: 'codec-keys.json',
  incomingWebhook: 'webhook-incoming.secret',
  outgoingWebhook: 'webhook-outgoing.secret',
  pageSession: 'page-session.secret',
} as const;

/** Makes a key set: Ed25519 for each signature, AES-256 for payloads, 256 bit secrets for webhooks. */
export async function generateKeySet(): Promise<KeySet> {
  const decision = await generateSigningKey('decision');
  const request = await generateSigningKey('request');
  const checkpoint = await generateSigningKey('checkpoint');
  const codecKid = `codec-${randomBytes(6).toString('hex')}`;
  return {
    signing: { decision, request, checkpoint },
    ring: { keys: [publicOf(decision), publicOf(request), publicOf(checkpoint)] },
    codec: { current: codecKid, keys: { [codecKid]: randomBytes(32).toString('base64') } },
    webhooks: { incoming: generateWebhookSecret(), outgoing: generateWebhookSecret() },
    pageSession: randomBytes(32).toString('base64url'),
  };
}

/** Makes one Ed25519 signing key; its id is the use and the first half of the RFC 7638 thumbprint. */
export async function generateSigningKey(use: KeyUse): Promise<SigningKeyFile> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  const thumbprint = await calculateJwkThumbprint(jwk);
  return {
    kid: `${use}-${thumbprint.slice(0, 20)}`,
    alg: 'EdDSA',
    use,
    jwk: { kty: 'OKP', crv: 'Ed25519', x: member(jwk, 'x'), d: member(jwk, 'd') },
  };
}

/** Makes a Standard Webhooks secret: `whsec_` and 32 random bytes in base64. */
export function generateWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** The public half of a signing key, as a ring holds it. */
export function publicOf(file: SigningKeyFile): RingEntry {
  const { kid, use } = file;
  if (file.alg === 'EdDSA') {
    const { kty, crv, x } = file.jwk;
    return { kid, use, alg: file.alg, jwk: { kty, crv, x } };
  }
  const { kty, crv, x, y } = file.jwk;
  return { kid, use, alg: file.alg, jwk: { kty, crv, x, y } };
}

/**
 * Writes a key set into a directory, one file per holder, readable by the owner only. Existing files are never overwritten:
 * a lost codec key makes every history unreadable.
 *
 * @throws the file system's error, `EEXIST` when a key file is already there
 */
export async function writeKeySet(directory: string, keySet: KeySet): Promise<void> {
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const contents: Record<string, string> = {
    [KEY_FILES.decision]: json(keySet.signing.decision),
    [KEY_FILES.request]: json(keySet.signing.request),
    [KEY_FILES.checkpoint]: json(keySet.signing.checkpoint),
    [KEY_FILES.ring]: json(keySet.ring),
    [KEY_FILES.codec]: json(keySet.codec),
    [KEY_FILES.incomingWebhook]: `${keySet.webhooks.incoming}\n`,
    [KEY_FILES.outgoingWebhook]: `${keySet.webhooks.outgoing}\n`,
    [KEY_FILES.pageSession]: `${keySet.pageSession}\n`,
  };
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(directory, name), content, { mode: FILE_MODE, flag: 'wx' });
  }
}

/** What may be shown of a key set: one line per key with its id and who holds it, no key material. */
export function describeKeySet(keySet: KeySet): readonly string[] {
  const { decision, request, checkpoint } = keySet.signing;
  return [
    `${KEY_FILES.decision}  ${decision.kid}  API only`,
    `${KEY_FILES.request}  ${request.kid}  API only`,
    `${KEY_FILES.checkpoint}  ${checkpoint.kid}  the process that signs checkpoints, never a worker`,
    `${KEY_FILES.ring}  public keys  API, workers, auditors`,
    `${KEY_FILES.codec}  ${keySet.codec.current}  API and workers`,
    `${KEY_FILES.incomingWebhook}  API and the ticketing system`,
    `${KEY_FILES.outgoingWebhook}  workers and the receiver`,
    `${KEY_FILES.pageSession}  API only`,
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function member(jwk: JWK, name: 'x' | 'd'): string {
  const value = jwk[name];
  if (value === undefined) throw new TypeError(`The generated key has no ${name}.`);
  return value;
}
