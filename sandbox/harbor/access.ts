import { createHmac, timingSafeEqual } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { HarborUser } from './state.js';

/** What a token of the registry lets its holder do. */
const Claims = Type.Object({
  /** name of the user; empty for anybody */
  sub: Type.String(),
  /** seconds since 1970 */
  exp: Type.Integer(),
  access: Type.Array(Type.Object({ name: Type.String(), actions: Type.Array(Type.String()) })),
});
export type Claims = Static<typeof Claims>;
export type Action = 'pull' | 'push';

/** One scope of a token request, e.g. `repository:shop/web:pull,push`; undefined for other kinds. */
export function parseScope(scope: string): { name: string; actions: readonly string[] } | undefined {
  const found = /^repository:([^:]+):([a-z,]+)$/.exec(scope);
  return found === null ? undefined : { name: found[1] ?? '', actions: (found[2] ?? '').split(',') };
}

/** A token that says by itself what it is good for. */
export function signToken(claims: Claims, key: string): string {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${signatureOf(body, key)}`;
}

/** The claims of a token; undefined when it is not ours. Whether it has ended is for the caller. */
export function claimsOf(token: string, key: string): Claims | undefined {
  const [body = '', signature = ''] = token.split('.');
  const wanted = Buffer.from(signatureOf(body, key));
  const given = Buffer.from(signature);
  if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return undefined;
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  return Value.Check(Claims, claims) ? claims : undefined;
}

/** Name and password of a `Basic` header; undefined when there is none. */
export function basicOf(header: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [name = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { name, password: password.join(':') };
}

/** What a user may do in a project. */
export function actionsOf(user: HarborUser | undefined, isPublic: boolean): readonly Action[] {
  if (user === undefined) return isPublic ? ['pull'] : [];
  return user.rights === 'write' ? ['pull', 'push'] : ['pull'];
}

function signatureOf(body: string, key: string): string {
  return createHmac('sha256', key).update(body).digest('base64url');
}
