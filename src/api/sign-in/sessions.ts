/**
 * Sessions of the page. Who somebody is (with any number of groups) is kept in the database, sealed with the API's key; the
 * browser holds a random id. A session ends at sign-out, for every copy of its cookie and at every API.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity } from '../../domain/identity.js';
import type { SessionKeeper } from '../../ledger/ports.js';
import { SESSION } from '../limits.js';
import type { Cookies, SentCookies, SetCookie } from './cookies.js';
import type { Seal } from './seal.js';

const Kept = Compile(
  Type.Object(
    {
      issuer: Type.String(),
      subject: Type.String(),
      accountId: Type.String(),
      personId: Type.String(),
      kind: Type.Enum(['person', 'machine']),
      groups: Type.Array(Type.String()),
      name: Type.String(),
      client: Type.Optional(Type.String()),
      authTime: Type.Number(),
    },
    { additionalProperties: false },
  ),
);

export class Sessions {
  readonly cookies: Cookies;
  private readonly seal: Seal;
  private readonly keeper: SessionKeeper;

  constructor(cookies: Cookies, seal: Seal, keeper: SessionKeeper) {
    this.cookies = cookies;
    this.seal = seal;
    this.keeper = keeper;
  }

  /** @returns the cookie that stands for it. @throws LedgerUnavailable */
  async begin(identity: Identity): Promise<SetCookie> {
    const id = randomBytes(32).toString('base64url');
    const { lifetimeSeconds } = SESSION;
    const content = await this.seal.seal(useOf(id), identity, lifetimeSeconds);
    await this.keeper.openSession(hashOf(id), content, lifetimeSeconds);
    return this.cookies.ofSession(id);
  }

  /** Who is signed in; undefined when nobody is. @throws LedgerUnavailable */
  async read(sent: SentCookies): Promise<Identity | undefined> {
    const id = this.cookies.sessionIdIn(sent);
    if (id === undefined) return undefined;
    const sealed = await this.keeper.sessionContent(hashOf(id));
    if (sealed === undefined) return undefined;
    const content = await this.seal.open(useOf(id), sealed);
    return Kept.Check(content) ? content : undefined;
  }

  /** @returns what takes the cookie away. @throws LedgerUnavailable: the session has not ended */
  async end(sent: SentCookies): Promise<SetCookie> {
    const id = this.cookies.sessionIdIn(sent);
    if (id !== undefined) await this.keeper.endSession(hashOf(id));
    return this.cookies.clear('session');
  }
}

/** The database sees the hash only: what it keeps is no session to whoever reads it. */
function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** Bound to its id, so that a row that is put in another's place opens nothing. */
function useOf(id: string): { kind: string; id: string } {
  return { kind: 'session', id: hashOf(id) };
}
