import { errors, jwtVerify, SignJWT } from 'jose';
import type { EntraClient, World } from '../world.js';

/** The two resources that Entra tokens of the example world open, as `aud`. */
export const AUDIENCES = {
  graph: 'https://graph.microsoft.com',
  vault: 'https://vault.azure.net',
} as const;
export type Audience = (typeof AUDIENCES)[keyof typeof AUDIENCES];

export type TokenCheck =
  | { readonly state: 'good'; readonly client: EntraClient }
  | { readonly state: 'missing' | 'expired' | 'wrong' };

/** An access token as Entra ID gives it to a client. Signed with the world's key instead of Entra's published ones. */
export async function issueAccessToken(
  world: World,
  client: EntraClient,
  audience: Audience,
  seconds: number,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ appid: client.clientId, tid: world.entra.tenantId, roles: client.rights })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(`https://sts.windows.net/${world.entra.tenantId}/`)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(keyOf(world));
}

/** Judges an `Authorization` header. */
export async function checkAccessToken(
  world: World,
  header: string | undefined,
  audience: Audience,
): Promise<TokenCheck> {
  const token = header?.match(/^Bearer (.+)$/i)?.[1];
  if (token === undefined) return { state: 'missing' };
  try {
    const { payload } = await jwtVerify(token, keyOf(world), { audience, algorithms: ['HS256'] });
    const client = world.entra.clients.find((candidate) => candidate.clientId === payload.appid);
    return client ? { state: 'good', client } : { state: 'wrong' };
  } catch (error) {
    return { state: error instanceof errors.JWTExpired ? 'expired' : 'wrong' };
  }
}

function keyOf(world: World): Uint8Array {
  return new TextEncoder().encode(world.entra.signingKey);
}
