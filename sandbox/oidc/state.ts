import { generateKeyPairSync } from 'node:crypto';
import Type, { type Static } from 'typebox';

/** A private P-256 key as JWK. */
const SigningKey = Type.Object({
  kty: Type.Literal('EC'),
  crv: Type.Literal('P-256'),
  x: Type.String(),
  y: Type.String(),
  d: Type.String(),
  kid: Type.String(),
  use: Type.Literal('sig'),
  alg: Type.Literal('ES256'),
});
export type SigningKey = Static<typeof SigningKey>;

export const OidcState = Type.Object({
  /** kept, so that tokens of before a restart stay good */
  key: SigningKey,
  cookieSecret: Type.String(),
  /** sign-ins at the page, for tests: account and time in seconds */
  signIns: Type.Array(Type.Object({ account: Type.String(), at: Type.Integer() })),
});
export type OidcState = Static<typeof OidcState>;

export const OidcSettings = Type.Object(
  {
    /** seconds that access tokens live */
    tokenSeconds: Type.Integer({ minimum: 1 }),
    /** redirect addresses beside loopback ones, e.g. of an API with a public name */
    redirectUris: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
export type OidcSettings = Static<typeof OidcSettings>;

/** A new key pair. */
export function newSigningKey(kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = privateKey.export({ format: 'jwk' });
  if (x === undefined || y === undefined || d === undefined) throw new Error('the key has no coordinates');
  return { kty: 'EC', crv: 'P-256', x, y, d, kid, use: 'sig', alg: 'ES256' };
}
