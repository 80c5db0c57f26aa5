/** Signing in on another device than this one, which may have no browser (source: RFC 8628). */
import { type Configuration, initiateDeviceAuthorization, pollDeviceAuthorizationGrant } from 'openid-client';
import { CliError } from '../cli-error.js';
import { type Client, refusal, resourceOf } from './provider.js';
import { scopeAt, type Tokens, tokensOf } from './tokens.js';

export interface DeviceAttempt {
  readonly address: string;
  /** what the person types there */
  readonly code: string;
  /** waits for the person. @throws CliError when nobody signed in before the code ended, or the provider refused */
  readonly finish: (signal: AbortSignal) => Promise<Tokens>;
}

/** @throws CliError when the provider has no sign-in of this kind */
export async function beginOnDevice(
  config: Configuration,
  client: Client,
  scope: string,
): Promise<DeviceAttempt> {
  if (config.serverMetadata().device_authorization_endpoint === undefined) {
    throw new CliError('The provider has no sign-in by a code.', 'Run gatehouse login without --device.');
  }
  const begun = await initiateDeviceAuthorization(config, {
    scope: scopeAt(config, scope),
    ...resourceOf(client),
  }).catch((error: unknown) => {
    throw refusal(error, 'the sign-in by a code');
  });
  return {
    address: begun.verification_uri,
    code: begun.user_code,
    finish: async (signal) => {
      try {
        return tokensOf(await pollDeviceAuthorizationGrant(config, begun, resourceOf(client), { signal }));
      } catch (error) {
        if (signal.aborted) throw new CliError('Nobody signed in.', 'Run gatehouse login again.');
        throw refusal(error, 'the sign-in');
      }
    },
  };
}
