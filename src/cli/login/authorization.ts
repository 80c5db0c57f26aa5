/**
 * Code flow with PKCE for a command line (source: RFC 8252, native apps; RFC 7636, PKCE; RFC 9207, issuer of the answer).
 * The command is a public client: no secret.
 */
import { createHash, randomBytes } from 'node:crypto';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { CliError } from '../cli-error.js';

const TIMEOUT_MS = 10_000;
const REMEDY =
  'Check the issuer and the client id (signIn of the installation, or --issuer and --client-id).';

const Discovery = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  authorization_response_iss_parameter_supported: Type.Optional(Type.Boolean()),
});
export type Discovery = Static<typeof Discovery>;

const Tokens = Type.Object({
  access_token: Type.String({ pattern: '^[\\x21-\\x7e]+$' }),
  expires_in: Type.Optional(Type.Number()),
});
const Refusal = Type.Object({ error: Type.String(), error_description: Type.Optional(Type.String()) });

export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** names the API whose token is wanted, as a URI, where the provider asks for it (source: RFC 8707) */
  readonly resource?: string;
}

export interface Attempt {
  readonly state: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** What the provider says of itself. @throws CliError when it is another issuer, or sends codes in clear */
export async function discover(issuer: string): Promise<Discovery> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = await fetchJson(Discovery, url, {});
  if (found === undefined || found.issuer !== issuer) {
    throw new CliError(`${issuer} does not describe itself as that issuer.`, REMEDY);
  }
  for (const address of [found.authorization_endpoint, found.token_endpoint]) {
    const { protocol, hostname } = new URL(address);
    if (protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
      throw new CliError(`${address} is not https.`, REMEDY);
    }
  }
  return found;
}

export function newAttempt(redirectUri: string): Attempt {
  const random = (): string => randomBytes(32).toString('base64url');
  return { state: random(), codeVerifier: random(), redirectUri };
}

/** Where the person signs in. */
export function signInAddress(discovery: Discovery, settings: LoginSettings, attempt: Attempt): string {
  const url = new URL(discovery.authorization_endpoint);
  const challenge = createHash('sha256').update(attempt.codeVerifier).digest('base64url');
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: attempt.redirectUri,
    scope: settings.scope,
    state: attempt.state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(settings.resource === undefined ? {} : { resource: settings.resource }),
  })) {
    url.searchParams.set(name, value);
  }
  return url.href;
}

/**
 * Reads the provider's answer at the loopback address.
 * @returns the code
 * @throws CliError when the provider refused, or the answer is not to this attempt
 */
export function codeOf(answer: URLSearchParams, discovery: Discovery, attempt: Attempt): string {
  if (answer.get('state') !== attempt.state) {
    throw new CliError('The answer is not to this sign-in.', 'Run gatehouse login again.');
  }
  const issuer = answer.get('iss');
  const mustName = discovery.authorization_response_iss_parameter_supported === true;
  if ((issuer !== null || mustName) && issuer !== discovery.issuer) {
    throw new CliError('The answer comes from another provider.', 'Run gatehouse login again.');
  }
  const code = answer.get('code');
  if (code !== null && code !== '') return code;
  const why = answer.get('error_description') ?? answer.get('error') ?? 'it gave no code';
  throw new CliError(`The provider refused: ${why}.`, REMEDY);
}

export interface AccessToken {
  readonly token: string;
  /** seconds; absent when the provider does not say */
  readonly expiresIn?: number;
}

/** Changes the code for an access token. @throws CliError */
export async function tokenFor(
  code: string,
  discovery: Discovery,
  settings: LoginSettings,
  attempt: Attempt,
): Promise<AccessToken> {
  const answer = await fetchJson(Type.Union([Tokens, Refusal]), discovery.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: attempt.redirectUri,
      client_id: settings.clientId,
      code_verifier: attempt.codeVerifier,
      ...(settings.resource === undefined ? {} : { resource: settings.resource }),
    }),
  });
  if (answer !== undefined && 'access_token' in answer) {
    return {
      token: answer.access_token,
      ...(answer.expires_in === undefined ? {} : { expiresIn: answer.expires_in }),
    };
  }
  const why = answer === undefined ? 'it gave no token' : (answer.error_description ?? answer.error);
  throw new CliError(`The provider refused the code: ${why}.`, REMEDY);
}

/** Never follows a redirect: the configured provider answers itself or not at all. */
async function fetchJson<S extends TSchema>(
  shape: S,
  url: string,
  init: RequestInit,
): Promise<Static<S> | undefined> {
  try {
    const response = await fetch(url, {
      ...init,
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const value: unknown = await response.json();
    return Value.Check(shape, value) ? value : undefined;
  } catch {
    throw new CliError(`The provider does not answer at ${url}.`, REMEDY);
  }
}
