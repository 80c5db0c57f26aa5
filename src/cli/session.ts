/** What every command gets: environment, output, a signal that ends it, and the API. */
import { optionalSetting, setting } from '../config/settings.js';
import { readAccessToken, tokenFileOf } from './api/access-token.js';
import { ApiClient } from './api/api-client.js';
import { renewed } from './login/kept-session.js';
import type { Output } from './output/output.js';

export interface Session {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  /** aborted by Ctrl-C */
  readonly signal: AbortSignal;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/**
 * The API that GATEHOUSE_URL names, with the token of `gatehouse login`.
 * @throws CliError for an address that a token must not be sent to, or an unreadable token file
 */
export function apiOf(session: Session): ApiClient {
  const { env, signal, now } = session;
  const configured = optionalSetting('GATEHOUSE_TOKEN_FILE', env);
  return new ApiClient({
    baseUrl: setting('GATEHOUSE_URL', env),
    token: async () => {
      await renewed(tokenFileOf(configured, env), now);
      return readAccessToken(configured, env);
    },
    signal,
  });
}
