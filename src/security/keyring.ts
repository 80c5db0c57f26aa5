/**
 * The public keys that verify envelopes. One algorithm and one use are pinned per key, so nothing in an envelope can choose
 * how it is verified.
 */
import { readFile } from 'node:fs/promises';
import { type CryptoKey, importJWK } from 'jose';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { KeyUse } from '../domain/attestation.js';
import { isoTime, kidText } from './claim-shapes.js';

/** Signature algorithms that Gatehouse makes and accepts; there is no way to add `none` or a shared-secret one. */
export type SignatureAlg = 'EdDSA' | 'ES256';

const base64url = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const useShape = Type.Union([Type.Literal('decision'), Type.Literal('request'), Type.Literal('checkpoint')]);
const common = { kid: kidText, use: useShape, revokedAt: Type.Optional(isoTime) };
const closed = { additionalProperties: false };
const entryShape = Type.Union([
  Type.Object(
    {
      ...common,
      alg: Type.Literal('EdDSA'),
      jwk: Type.Object({ kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: base64url }, closed),
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      alg: Type.Literal('ES256'),
      jwk: Type.Object(
        { kty: Type.Literal('EC'), crv: Type.Literal('P-256'), x: base64url, y: base64url },
        closed,
      ),
    },
    closed,
  ),
]);
const fileShape = Type.Object({ keys: Type.Array(entryShape) }, closed);

/** One public key of the ring file. `revokedAt` is ISO 8601 in UTC, compared with the time the ledger recorded. */
export type RingEntry = Static<typeof entryShape>;

/** The JSON of a ring file: `{"keys":[{kid, alg, use, jwk, revokedAt?}]}`. Holds no secret. */
export type RingFile = Static<typeof fileShape>;

/** A public key, ready to verify with. */
export interface VerificationKey {
  readonly kid: string;
  readonly alg: SignatureAlg;
  readonly use: KeyUse;
  readonly revokedAt?: string;
  readonly key: CryptoKey;
}

/** The text of a key ring is not what it should be. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
}

/** Public keys by their id. Immutable. */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, VerificationKey>;

  private constructor(keys: ReadonlyMap<string, VerificationKey>) {
    this.keys = keys;
  }

  /**
   * Reads the JSON text of a ring file.
   *
   * @throws KeyRingError for text that is not JSON, unknown members, private keys, an id that occurs twice
   */
  static async parse(text: string): Promise<KeyRing> {
    let file: unknown;
    try {
      file = JSON.parse(text);
    } catch {
      throw new KeyRingError(
        'The key ring is not JSON. Expected {"keys":[{kid, alg, use, jwk, revokedAt?}]}.',
      );
    }
    return KeyRing.of(file);
  }

  /** Reads a ring file; throws as `parse` does, and for a file that cannot be read. */
  static async read(path: string): Promise<KeyRing> {
    return KeyRing.parse(await readFile(path, 'utf8'));
  }

  /** Makes a ring of the parsed content of a ring file; throws as `parse` does. */
  static async of(file: unknown): Promise<KeyRing> {
    if (!Value.Check(fileShape, file)) {
      const where = Value.Errors(fileShape, file)[0]?.instancePath || '/';
      throw new KeyRingError(
        `The key ring is wrong at ${where}. Each key needs kid, alg (EdDSA or ES256), use (decision, request or checkpoint) and a public jwk of that algorithm with no other members.`,
      );
    }
    const keys = new Map<string, VerificationKey>();
    for (const { kid, alg, use, jwk, revokedAt } of file.keys) {
      if (keys.has(kid))
        throw new KeyRingError(`The key ring holds ${kid} twice. Key ids are never used again.`);
      const key = await importPublic(kid, alg, jwk);
      keys.set(kid, { kid, alg, use, key, ...(revokedAt === undefined ? {} : { revokedAt }) });
    }
    return new KeyRing(keys);
  }

  /** The key of this id, or undefined. */
  find(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  /** Ids of all keys, in the order of the file. */
  kids(): readonly string[] {
    return [...this.keys.keys()];
  }

  /**
   * A ring that also knows revocations from elsewhere, e.g. the ledger's `key.revoked` entries. The earlier time wins, so
   * a revocation can never be moved later.
   *
   * @param revocations time of revocation (ISO 8601, UTC) by key id; ids that are not in the ring are ignored
   */
  withRevocations(revocations: ReadonlyMap<string, string>): KeyRing {
    const keys = new Map<string, VerificationKey>();
    for (const [kid, key] of this.keys) {
      const known = [key.revokedAt, revocations.get(kid)].filter((at) => at !== undefined);
      const [revokedAt] = known.sort((a, b) => Date.parse(a) - Date.parse(b));
      keys.set(kid, revokedAt === undefined ? key : { ...key, revokedAt });
    }
    return new KeyRing(keys);
  }
}

async function importPublic(kid: string, alg: SignatureAlg, jwk: RingEntry['jwk']): Promise<CryptoKey> {
  try {
    const key = await importJWK(jwk, alg);
    if (key instanceof Uint8Array) throw new TypeError('not a public key');
    return key;
  } catch {
    throw new KeyRingError(
      `The public key ${kid} cannot be used as ${alg}. Copy it anew from where it was made.`,
    );
  }
}
