/** Cookies of the page: the encrypted attempt to sign in, and the id of the session. */
import type { CookieSerializeOptions } from '@fastify/cookie';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SESSION } from '../limits.js';
import type { Seal } from './seal.js';
import type { SignInAttempt } from './sign-in.js';

/** What a cookie is for; one never passes for the other. */
const KINDS = {
  session: { seconds: SESSION.lifetimeSeconds, sameSite: 'strict', path: '/' },
  // the browser comes back from another site, so this one cannot be Strict
  attempt: { seconds: SESSION.signInSeconds, sameSite: 'lax', path: '/auth' },
} as const;
type KindName = keyof typeof KINDS;

const Attempt = Compile(
  Type.Object(
    { state: Type.String(), nonce: Type.String(), codeVerifier: Type.String(), returnTo: Type.String() },
    { additionalProperties: false },
  ),
);

/** 32 random bytes, base64url. */
const SESSION_ID = /^[A-Za-z0-9_-]{43}$/;

/** What `reply.setCookie` takes. */
export type SetCookie = readonly [name: string, value: string, options: CookieSerializeOptions];

/** What the browser sent, by name: `request.cookies`. */
export type SentCookies = Readonly<Record<string, string | undefined>>;

export class Cookies {
  private readonly seal: Seal;
  private readonly secure: boolean;

  /** @param secure true unless the page is served without TLS, on one's own machine */
  constructor(seal: Seal, secure: boolean) {
    this.seal = seal;
    this.secure = secure;
  }

  async ofAttempt(attempt: SignInAttempt): Promise<SetCookie> {
    const { seconds } = KINDS.attempt;
    return this.cookie('attempt', await this.seal.seal({ kind: 'attempt' }, attempt, seconds), seconds);
  }

  async attemptIn(sent: SentCookies): Promise<SignInAttempt | undefined> {
    const value = sent[this.nameOf('attempt')];
    if (value === undefined) return undefined;
    const content = await this.seal.open({ kind: 'attempt' }, value);
    return Attempt.Check(content) ? content : undefined;
  }

  ofSession(id: string): SetCookie {
    return this.cookie('session', id, KINDS.session.seconds);
  }

  /** The id of a session, whether there is one or not; undefined when none was sent. */
  sessionIdIn(sent: SentCookies): string | undefined {
    const value = sent[this.nameOf('session')];
    return value !== undefined && SESSION_ID.test(value) ? value : undefined;
  }

  /** Takes the cookie away. */
  clear(kind: KindName): SetCookie {
    return this.cookie(kind, '', 0);
  }

  private cookie(kind: KindName, value: string, seconds: number): SetCookie {
    const { sameSite, path } = KINDS[kind];
    const options = { path, maxAge: seconds, httpOnly: true, sameSite, secure: this.secure };
    return [this.nameOf(kind), value, options];
  }

  private nameOf(kind: KindName): string {
    return `${this.secure ? '__Secure-' : ''}gatehouse-${kind}`;
  }
}
