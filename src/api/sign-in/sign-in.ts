/** Signing in with the page: code flow with PKCE at the one configured provider (source: RFC 7636, OpenID Connect Core). */
import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity } from '../../domain/identity.js';
import { IdentityUnavailable } from '../ports.js';

/** What is kept in the browser between going to the provider and coming back. */
export interface SignInAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo: string;
}

export interface SignIn {
  /** A new attempt, and where to send the browser. @param fresh asks for the password again */
  begin(returnTo: string, fresh: boolean): Promise<{ readonly attempt: SignInAttempt; readonly url: string }>;
  /** Who came back. @throws SignInRefused; IdentityUnavailable when nobody can be known now */
  finish(attempt: SignInAttempt, code: string): Promise<Identity>;
  /** 32 bytes that encrypt the cookies */
  readonly cookieKey: Uint8Array;
}

/** Somebody came back from the provider without being signed in. The message holds no code and no token. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
}

export interface OidcSignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** absent: a public client */
  readonly clientSecret?: string;
  /** `<publicUrl>/auth/callback` */
  readonly redirectUri: string;
  readonly scope: string;
  /** names the API whose access token is wanted, where the provider asks for it (source: RFC 8707) */
  readonly resource?: string;
  readonly cookieSecret: string;
  /** the same check that bearer tokens go through */
  readonly verifyToken: (token: string) => Promise<Identity>;
}

/** The provider answers in milliseconds, or a person waits in front of a white page. */
const PROVIDER_TIMEOUT_MS = 10_000;

const DiscoveryShape = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  jwks_uri: Type.String(),
});
const TokensShape = Type.Object({ access_token: Type.String(), id_token: Type.String() });

type Discovery = Static<typeof DiscoveryShape>;
const discoveryShape = Compile(DiscoveryShape);
const tokensShape = Compile(TokensShape);

interface Provider {
  readonly discovery: Discovery;
  readonly keys: ReturnType<typeof createRemoteJWKSet>;
}

export class OidcSignIn implements SignIn {
  readonly cookieKey: Uint8Array;
  private readonly settings: OidcSignInSettings;
  private provider: Promise<Provider> | undefined;

  constructor(settings: OidcSignInSettings) {
    this.settings = settings;
    this.cookieKey = createHash('sha256').update(`gatehouse page cookies\n${settings.cookieSecret}`).digest();
  }

  async begin(
    returnTo: string,
    fresh: boolean,
  ): Promise<{ readonly attempt: SignInAttempt; readonly url: string }> {
    const { discovery } = await this.knownProvider();
    const attempt = { state: random(), nonce: random(), codeVerifier: random(), returnTo };
    const { clientId, redirectUri, scope, resource } = this.settings;
    const url = new URL(discovery.authorization_endpoint);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: createHash('sha256').update(attempt.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(resource === undefined ? {} : { resource }),
      ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
    }).toString();
    return { attempt, url: url.href };
  }

  async finish(attempt: SignInAttempt, code: string): Promise<Identity> {
    const { discovery, keys } = await this.knownProvider();
    const { clientId, clientSecret, redirectUri, resource, verifyToken } = this.settings;
    const tokens: unknown = await fetchJson(discovery.token_endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        client_id: clientId,
        code_verifier: attempt.codeVerifier,
        ...(resource === undefined ? {} : { resource }),
        ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
      }),
    });
    if (!tokensShape.Check(tokens)) throw new SignInRefused('The provider gave no tokens for the code.');
    try {
      const { payload } = await jwtVerify(tokens.id_token, keys, {
        issuer: discovery.issuer,
        audience: clientId,
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      });
      if (payload.nonce !== attempt.nonce) throw new SignInRefused('The answer is for another attempt.');
      const identity = await verifyToken(tokens.access_token);
      if (identity.subject !== payload.sub) throw new SignInRefused('The tokens are of two people.');
      return identity;
    } catch (error) {
      if (error instanceof SignInRefused || error instanceof IdentityUnavailable) throw error;
      throw new SignInRefused('The tokens of the provider do not hold.');
    }
  }

  /** Read once; a failure is tried again with the next attempt. */
  private knownProvider(): Promise<Provider> {
    this.provider ??= this.discover().catch((error: unknown) => {
      this.provider = undefined;
      throw error;
    });
    return this.provider;
  }

  private async discover(): Promise<Provider> {
    const { issuer } = this.settings;
    const discovery = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      headers: { accept: 'application/json' },
    });
    if (!discoveryShape.Check(discovery) || discovery.issuer !== issuer) {
      throw new SignInRefused(`${issuer} does not describe itself as that issuer. Check signIn.issuer.`);
    }
    return { discovery, keys: createRemoteJWKSet(new URL(discovery.jwks_uri)) };
  }
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

/** Never follows a redirect: the configured provider answers itself or not at all. */
async function fetchJson(url: string, init: RequestInit): Promise<unknown> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
    });
    return response.ok ? await response.json() : undefined;
  } catch {
    throw new SignInRefused('The provider does not answer. Try again.');
  }
}
