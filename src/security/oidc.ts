/** Verifies OIDC access tokens with the provider's published keys (source of the rules: RFC 8725, RFC 9068). */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Provider } from './person-rule.js';
import {
  type ClaimNames,
  DEFAULT_CLAIM_NAMES,
  IdentityError,
  type TokenIdentity,
  tokenIdentityOf,
} from './token-identity.js';

/** Signatures only; shared-secret algorithms and `none` can't be configured. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Clocks of provider and API may differ by this much. */
const LEEWAY_SECONDS = 30;
const PROVIDER_TIMEOUT_MS = 5_000;
/** Longer than any access token should be; parsing it costs time. */
const MAX_TOKEN_LENGTH = 16_384;

export interface TokenVerifierOptions {
  /** whose rule says who is a person; default `rfc9068` */
  readonly provider?: Provider;
  /** exact `iss` */
  readonly issuer: string;
  /** what the API is called at the provider; tokens for others are refused */
  readonly audience: string;
  /** default: RS256, PS256, ES256, EdDSA */
  readonly algorithms?: readonly TokenAlgorithm[];
  readonly claims?: Partial<ClaimNames>;
  /** the provider's keys; unset: asked for at `<issuer>/.well-known/openid-configuration`, same host only */
  readonly jwksUri?: string;
}

export type TokenRefusal =
  | 'malformed'
  | 'wrong-alg'
  | 'unknown-key'
  | 'bad-signature'
  | 'expired'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'claims'
  | 'provider-unavailable';

/** A token was refused. Holds nothing of the token. `provider-unavailable` is the only one that trying again can mend. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly reason: TokenRefusal;

  constructor(reason: TokenRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Verifies tokens of one provider. Keys are fetched when first needed, kept, and fetched anew for an unknown key id. */
export class TokenVerifier {
  private readonly options: TokenVerifierOptions;
  private readonly algorithms: readonly string[];
  private readonly claimNames: ClaimNames;
  private keys: JWTVerifyGetKey | undefined;

  /** @throws TypeError for an algorithm that isn't a signature, or an address that is neither https nor this machine */
  constructor(options: TokenVerifierOptions) {
    const algorithms = options.algorithms ?? ['RS256', 'PS256', 'ES256', 'EdDSA'];
    const known: readonly string[] = TOKEN_ALGORITHMS;
    if (algorithms.length === 0 || !algorithms.every((alg) => known.includes(alg))) {
      throw new TypeError(`Token algorithms must be among ${TOKEN_ALGORITHMS.join(', ')}.`);
    }
    if (options.audience === '')
      throw new TypeError('An audience is needed: tokens for others must be refused.');
    secureUrl(options.issuer);
    if (options.jwksUri !== undefined) secureUrl(options.jwksUri);
    this.options = options;
    this.algorithms = algorithms;
    this.claimNames = { ...DEFAULT_CLAIM_NAMES, ...options.claims };
  }

  /**
   * Verifies signature, issuer, audience, times (30 seconds of leeway) and algorithm, and reads who it is.
   *
   * @param token a compact JWT, without `Bearer`
   * @throws TokenError with the reason
   */
  async verify(token: string): Promise<TokenIdentity> {
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenError('malformed', 'The token is too long.');
    const keys = await this.providerKeys();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.options.issuer,
        audience: this.options.audience,
        algorithms: [...this.algorithms],
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      return tokenIdentityOf(payload, this.claimNames, this.options.provider);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  private async providerKeys(): Promise<JWTVerifyGetKey> {
    if (this.keys === undefined) {
      const uri = this.options.jwksUri ?? (await discoverJwksUri(this.options.issuer));
      this.keys = createRemoteJWKSet(new URL(uri), { timeoutDuration: PROVIDER_TIMEOUT_MS });
    }
    return this.keys;
  }
}

/** Asks the provider where its keys are. The answer must be for this issuer and lead to the same host. */
async function discoverJwksUri(issuer: string): Promise<string> {
  const unavailable = (why: string) =>
    new TokenError(
      'provider-unavailable',
      `The OIDC provider ${issuer} ${why}. Check its address and try again.`,
    );
  let metadata: unknown;
  try {
    const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    metadata = await answer.json();
  } catch {
    throw unavailable('does not answer with its configuration');
  }
  if (typeof metadata !== 'object' || metadata === null) throw unavailable('answers with no configuration');
  if (!('issuer' in metadata) || metadata.issuer !== issuer)
    throw unavailable('calls itself by another name');
  if (!('jwks_uri' in metadata) || typeof metadata.jwks_uri !== 'string') throw unavailable('names no keys');
  if (!URL.canParse(metadata.jwks_uri) || new URL(metadata.jwks_uri).host !== new URL(issuer).host) {
    throw unavailable('keeps its keys on another host; configure that address');
  }
  secureUrl(metadata.jwks_uri);
  return metadata.jwks_uri;
}

/** Without TLS anybody on the way could give us his keys. This machine is let off, for sandbox and tests. */
function secureUrl(text: string): void {
  const url = new URL(text);
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && here)) {
    throw new TypeError(`${text} must be https.`);
  }
}

function refusalOf(error: unknown): TokenError {
  if (error instanceof IdentityError) return new TokenError('claims', error.message);
  if (error instanceof errors.JWTExpired)
    return new TokenError('expired', 'The token has expired. Sign in again.');
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error.claim);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenError('wrong-alg', 'The token is signed with an algorithm that is not accepted.');
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenError('bad-signature', 'The signature of the token is wrong.');
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return new TokenError(
      'unknown-key',
      'The token is signed with a key that the provider does not publish.',
    );
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new TokenError('malformed', 'The token is not a signed JWT.');
  }
  if (error instanceof errors.JOSENotSupported) {
    return new TokenError('wrong-alg', 'The token asks for something that is not supported.');
  }
  // timeouts, refused connections, answers that are no key set: the provider's trouble, never a reason to let in
  return new TokenError('provider-unavailable', 'The keys of the OIDC provider cannot be had. Try again.');
}

function claimRefusal(claim: string): TokenError {
  if (claim === 'iss') return new TokenError('wrong-issuer', 'The token is of another provider.');
  if (claim === 'aud') return new TokenError('wrong-audience', 'The token is for somebody else.');
  return new TokenError('claims', `The claim ${claim} of the token is missing or wrong.`);
}
