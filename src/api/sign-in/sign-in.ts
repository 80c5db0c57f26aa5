/**
 * Signing in with the page: code flow with PKCE at the one configured provider, by openid-client (source: RFC 7636, RFC 9207,
 * OpenID Connect Core). Redirects of the provider are not followed: it answers itself or not at all.
 */
import { createHash } from 'node:crypto';
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
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
  /** Who came back. @param answer the query that the browser came back with. @throws SignInRefused; IdentityUnavailable when nobody can be known now */
  finish(attempt: SignInAttempt, answer: URLSearchParams): Promise<Identity>;
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
const PROVIDER_TIMEOUT_SECONDS = 10;
const NO_ANSWER = 'The provider does not answer. Try again.';

export class OidcSignIn implements SignIn {
  readonly cookieKey: Uint8Array;
  private readonly settings: OidcSignInSettings;
  private provider: Promise<Configuration> | undefined;

  constructor(settings: OidcSignInSettings) {
    this.settings = settings;
    this.cookieKey = createHash('sha256').update(`gatehouse page cookies\n${settings.cookieSecret}`).digest();
  }

  async begin(
    returnTo: string,
    fresh: boolean,
  ): Promise<{ readonly attempt: SignInAttempt; readonly url: string }> {
    const provider = await this.knownProvider();
    const attempt = {
      state: randomState(),
      nonce: randomNonce(),
      codeVerifier: randomPKCECodeVerifier(),
      returnTo,
    };
    const { redirectUri, scope, resource } = this.settings;
    const url = buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await calculatePKCECodeChallenge(attempt.codeVerifier),
      code_challenge_method: 'S256',
      ...(resource === undefined ? {} : { resource }),
      ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
    });
    return { attempt, url: url.href };
  }

  async finish(attempt: SignInAttempt, answer: URLSearchParams): Promise<Identity> {
    const provider = await this.knownProvider();
    const { redirectUri, resource, verifyToken } = this.settings;
    const back = new URL(redirectUri);
    back.search = answer.toString();
    const tokens = await authorizationCodeGrant(
      provider,
      back,
      {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        idTokenExpected: true,
      },
      resource === undefined ? {} : { resource },
    ).catch((error: unknown) => {
      throw new SignInRefused(whyNoTokens(error));
    });
    const identity = await verifyToken(tokens.access_token).catch((error: unknown) => {
      if (error instanceof IdentityUnavailable) throw error;
      throw new SignInRefused('The tokens of the provider do not hold.');
    });
    if (identity.subject !== tokens.claims()?.sub) {
      throw new SignInRefused('The tokens are of two people.');
    }
    return identity;
  }

  /** Read once; a failure is tried again with the next attempt. */
  private knownProvider(): Promise<Configuration> {
    this.provider ??= this.discover().catch((error: unknown) => {
      this.provider = undefined;
      throw error;
    });
    return this.provider;
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    const another = `${issuer} does not describe itself as that issuer. Check signIn.issuer.`;
    const url = new URL(issuer);
    const found = await discovery(
      url,
      clientId,
      undefined,
      clientSecret === undefined ? None() : ClientSecretPost(clientSecret),
      {
        timeout: PROVIDER_TIMEOUT_SECONDS,
        // the signature of an ID token is checked, though it comes from the provider itself
        execute: [enableNonRepudiationChecks, ...(url.protocol === 'https:' ? [] : [allowInsecureRequests])],
      },
    ).catch((error: unknown) => {
      throw new SignInRefused(isNoAnswer(error) ? NO_ANSWER : another);
    });
    if (found.serverMetadata().issuer !== issuer) throw new SignInRefused(another);
    return found;
  }
}

function whyNoTokens(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    return 'The provider gave no tokens for the code.';
  }
  return isNoAnswer(error) ? NO_ANSWER : 'The tokens of the provider do not hold.';
}

/** Errors of the connection come as they are; what the library itself refuses has a code. */
function isNoAnswer(error: unknown): boolean {
  return !(error instanceof ClientError) || error.code === 'OAUTH_TIMEOUT';
}
