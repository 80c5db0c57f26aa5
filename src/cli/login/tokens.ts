/** What a provider gives for a sign-in. */
import type { Configuration, TokenEndpointResponse } from 'openid-client';

export interface Tokens {
  readonly accessToken: string;
  /** seconds; absent when the provider does not say */
  readonly expiresIn?: number;
  /** gives new access tokens, until the provider ends the session */
  readonly refreshToken?: string;
}

export function tokensOf(answer: TokenEndpointResponse): Tokens {
  const { access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken } = answer;
  return {
    accessToken,
    ...(expiresIn === undefined ? {} : { expiresIn }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

/** With the scope that gives a longer session, where the provider has it (source: OpenID Connect Core, section 11). */
export function scopeAt(config: Configuration, scope: string): string {
  const longer = 'offline_access';
  const { scopes_supported: supported = [] } = config.serverMetadata();
  return scope.split(' ').includes(longer) || !supported.includes(longer) ? scope : `${scope} ${longer}`;
}
