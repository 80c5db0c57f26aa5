/**
 * The provider of a sign-in, by openid-client as a public client without a secret (source: RFC 8252, native apps).
 * Redirects of the provider are not followed: the one that is configured answers itself or not at all.
 */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  ClientError,
  type Configuration,
  discovery,
  None,
  ResponseBodyError,
} from 'openid-client';
import { CliError } from '../cli-error.js';

const TIMEOUT_SECONDS = 10;
export const REMEDY =
  'Check the issuer and the client id (signIn of the installation, or --issuer and --client-id).';
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'device_authorization_endpoint',
  'revocation_endpoint',
] as const;

/** Whom a token is asked from, and for whom. */
export interface Client {
  readonly issuer: string;
  readonly clientId: string;
  /** names the API whose token is wanted, as a URI, where the provider asks for it (source: RFC 8707) */
  readonly resource?: string;
}

/** What the provider says of itself. @throws CliError when it is another issuer, or would get codes in clear */
export async function discover({ issuer, clientId }: Client): Promise<Configuration> {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined) throw new CliError(`${issuer} is no address.`, REMEDY);
  refuseInClear(issuer);
  const config = await discovery(url, clientId, undefined, None(), {
    timeout: TIMEOUT_SECONDS,
    execute: url.protocol === 'https:' ? [] : [allowInsecureRequests],
  }).catch((error: unknown) => {
    throw describesAnother(error)
      ? new CliError(`${issuer} does not describe itself as that issuer.`, REMEDY)
      : new CliError(`The provider does not answer at ${issuer}.`, REMEDY);
  });
  const found = config.serverMetadata();
  if (found.issuer !== issuer)
    throw new CliError(`${issuer} does not describe itself as that issuer.`, REMEDY);
  for (const endpoint of ENDPOINTS) refuseInClear(found[endpoint]);
  return config;
}

/** The part of a call that names the API. */
export function resourceOf({ resource }: Client): Record<string, string> {
  return resource === undefined ? {} : { resource };
}

/** @param what was asked for, e.g. `the code`. @returns what to tell of the provider's answer, or of none */
export function refusal(error: unknown, what: string): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof AuthorizationResponseError) {
    return new CliError(`The provider refused: ${error.error_description ?? error.error}.`, REMEDY);
  }
  if (error instanceof ResponseBodyError) {
    return new CliError(`The provider refused ${what}: ${error.error_description ?? error.error}.`, REMEDY);
  }
  if (error instanceof ClientError && error.code !== 'OAUTH_TIMEOUT') {
    return new CliError(`The provider's answer to ${what} does not hold: ${error.message}.`, REMEDY);
  }
  return new CliError('The provider does not answer.', REMEDY);
}

function describesAnother(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
}

/** A code or a token in clear is anybody's on the way. */
function refuseInClear(address: string | undefined): void {
  if (address === undefined) return;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new CliError(`${address} is not https.`, REMEDY);
  }
}
