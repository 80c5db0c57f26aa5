/** Encrypted cookies of the page: the attempt to sign in, and the session. */
import { EncryptJWT, jwtDecrypt } from 'jose';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity } from '../../domain/identity.js';
import { SESSION } from '../limits.js';
import type { SignInAttempt } from './sign-in.js';

const closed = { additionalProperties: false } as const;

const IdentityShape = Type.Object(
  {
    issuer: Type.String(),
    subject: Type.String(),
    accountId: Type.String(),
    personId: Type.String(),
    kind: Type.Enum(['person', 'machine']),
    groups: Type.Array(Type.String()),
    name: Type.String(),
    authTime: Type.Number(),
  },
  closed,
);
const AttemptShape = Type.Object(
  { state: Type.String(), nonce: Type.String(), codeVerifier: Type.String(), returnTo: Type.String() },
  closed,
);

/** What a cookie is for; one never passes for the other. */
const KINDS = {
  session: { shape: IdentityShape, seconds: SESSION.lifetimeSeconds, sameSite: 'Strict', path: '/' },
  // the browser comes back from another site, so this one cannot be Strict
  attempt: { shape: AttemptShape, seconds: SESSION.signInSeconds, sameSite: 'Lax', path: '/auth' },
} as const;
type KindName = keyof typeof KINDS;
interface Content {
  readonly session: Identity;
  readonly attempt: SignInAttempt;
}

const shapes = { session: Compile(IdentityShape), attempt: Compile(AttemptShape) } as const;

export class Cookies {
  private readonly key: Uint8Array;
  private readonly secure: boolean;
  private readonly now: () => number;

  /** @param secure true unless the page is served without TLS, on one's own machine */
  constructor(key: Uint8Array, secure: boolean, now: () => number) {
    this.key = key;
    this.secure = secure;
    this.now = now;
  }

  /** A `Set-Cookie` header with encrypted content (AES-256-GCM). */
  async set<K extends KindName>(kind: K, content: Content[K]): Promise<string> {
    const { seconds } = KINDS[kind];
    const value = await new EncryptJWT({ content })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(kind)
      .setExpirationTime(Math.floor(this.now() / 1_000) + seconds)
      .encrypt(this.key);
    return this.header(kind, value, seconds);
  }

  /** A `Set-Cookie` header that takes the cookie away. */
  clear(kind: KindName): string {
    return this.header(kind, '', 0);
  }

  async readSession(cookieHeader: string | undefined): Promise<Content['session'] | undefined> {
    const content = await this.open('session', cookieHeader);
    return shapes.session.Check(content) ? content : undefined;
  }

  async readAttempt(cookieHeader: string | undefined): Promise<Content['attempt'] | undefined> {
    const content = await this.open('attempt', cookieHeader);
    return shapes.attempt.Check(content) ? content : undefined;
  }

  private async open(kind: KindName, cookieHeader: string | undefined): Promise<unknown> {
    const value = cookieHeader === undefined ? undefined : cookieValue(cookieHeader, this.nameOf(kind));
    if (value === undefined || value === '') return undefined;
    try {
      const { payload } = await jwtDecrypt(value, this.key, {
        audience: kind,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        currentDate: new Date(this.now()),
      });
      return payload.content;
    } catch {
      // forged, expired or of an old key: nobody is signed in
      return undefined;
    }
  }

  private header(kind: KindName, value: string, seconds: number): string {
    const { sameSite, path } = KINDS[kind];
    return [
      `${this.nameOf(kind)}=${value}`,
      `Path=${path}`,
      `Max-Age=${seconds}`,
      'HttpOnly',
      `SameSite=${sameSite}`,
      ...(this.secure ? ['Secure'] : []),
    ].join('; ');
  }

  private nameOf(kind: KindName): string {
    return `${this.secure ? '__Secure-' : ''}gatehouse-${kind}`;
  }
}

function cookieValue(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const [key, value] = part.split('=', 2);
    if (key?.trim() === name) return value?.trim();
  }
  return undefined;
}
