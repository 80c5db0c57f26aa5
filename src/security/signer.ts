/** Private keys that sign envelopes. Only the API holds them, never a worker. */
import { readFile } from 'node:fs/promises';
import { CompactSign, type CryptoKey, importJWK } from 'jose';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { KeyUse } from '../domain/attestation.js';
import { kidText } from './claim-shapes.js';
import type { SignatureAlg } from './keyring.js';

const base64url = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const closed = { additionalProperties: false };
const use = Type.Union([Type.Literal('decision'), Type.Literal('request'), Type.Literal('checkpoint')]);
const fileShape = Type.Union([
  Type.Object(
    {
      kid: kidText,
      use,
      alg: Type.Literal('EdDSA'),
      jwk: Type.Object(
        { kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: base64url, d: base64url },
        closed,
      ),
    },
    closed,
  ),
  Type.Object(
    {
      kid: kidText,
      use,
      alg: Type.Literal('ES256'),
      jwk: Type.Object(
        { kty: Type.Literal('EC'), crv: Type.Literal('P-256'), x: base64url, y: base64url, d: base64url },
        closed,
      ),
    },
    closed,
  ),
]);

/** The JSON of a signing key file: `{kid, alg, use, jwk}` with a private JWK. A secret. */
export type SigningKeyFile = Static<typeof fileShape>;

/** Signs compact JWS. Another implementation may leave the key in a vault or a hardware module. */
export interface Signer {
  readonly kid: string;
  readonly alg: SignatureAlg;
  readonly use: KeyUse;
  /**
   * @param typ the `typ` header that says what kind of envelope it is
   * @param payload the exact text that is signed
   * @returns a compact JWS with the protected header `{alg, kid, typ}` and nothing else in it
   */
  sign(typ: string, payload: string): Promise<string>;
}

/** A signing key cannot be used. The message never holds key material. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

/**
 * Makes a signer of the JSON text of a signing key, as it stands in a file or an environment variable.
 *
 * @throws SigningKeyError when the text is not a signing key
 */
export async function parseSigner(text: string): Promise<Signer> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    // the parser's own message quotes the text, which is the secret
    throw new SigningKeyError('The signing key is not JSON. Expected {"kid","alg","use","jwk"}.');
  }
  if (!Value.Check(fileShape, file)) {
    throw new SigningKeyError(
      'The signing key is not of its shape. Expected kid, alg (EdDSA or ES256), use (decision, request or checkpoint) and a private jwk of that algorithm.',
    );
  }
  const { kid, alg } = file;
  const key = await importPrivate(file);
  return {
    kid,
    alg,
    use: file.use,
    sign: (typ, payload) =>
      new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg, kid, typ }).sign(key),
  };
}

/** Reads a signing key file; throws as `parseSigner` does, and for a file that cannot be read. */
export async function readSigner(path: string): Promise<Signer> {
  return parseSigner(await readFile(path, 'utf8'));
}

async function importPrivate({ kid, alg, jwk }: SigningKeyFile): Promise<CryptoKey> {
  try {
    const key = await importJWK(jwk, alg);
    if (key instanceof Uint8Array) throw new TypeError('not a private key');
    return key;
  } catch {
    throw new SigningKeyError(`The signing key ${kid} cannot be used as ${alg}. Make a new one.`);
  }
}
