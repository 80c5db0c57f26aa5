/** What a refresh token is good for: the next tokens, and the end of the session. */
import { refreshTokenGrant, tokenRevocation } from 'openid-client';
import { type Client, discover, resourceOf } from './provider.js';
import { type Tokens, tokensOf } from './tokens.js';

/** @returns tokens with the refresh token for the next time, which may be the same. @throws the library's errors */
export async function nextTokens(client: Client, refreshToken: string): Promise<Tokens> {
  const answer = await refreshTokenGrant(await discover(client), refreshToken, resourceOf(client));
  return { refreshToken, ...tokensOf(answer) };
}

/** @throws the library's errors, also where the provider cannot be told */
export async function revoke(client: Client, refreshToken: string): Promise<void> {
  await tokenRevocation(await discover(client), refreshToken);
}
