import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SESSION } from '../../src/api/limits.js';
import { type Answer, askBody, Gatehouse, PEOPLE, type PersonName, PUBLIC_URL } from './gatehouse.js';
import type { Lies, TokenClaims } from './identity-provider.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

/** Cookies that an answer sets, as a browser would send them back. */
function cookiesOf(answer: Answer): string {
  return [answer.headers['set-cookie'] ?? []]
    .flat()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((cookie) => !cookie.endsWith('='))
    .join('; ');
}

async function begin(query = ''): Promise<{ attempt: Answer; url: string; cookie: string }> {
  const attempt = await gatehouse.call({ method: 'GET', url: `/auth/login${query}` });
  return { attempt, url: String(attempt.headers.location), cookie: cookiesOf(attempt) };
}

/** Who has just signed in; without the time of it a token is not clearly a person's. */
function person(name: PersonName): TokenClaims {
  return { ...PEOPLE[name], auth_time: Math.floor(Date.now() / 1000) };
}

async function signIn(name: PersonName, claims: Partial<TokenClaims> = {}): Promise<Answer> {
  const { url, cookie } = await begin('?returnTo=/inbox');
  const { code, state } = gatehouse.provider.signedIn(url, { ...person(name), ...claims });
  return gatehouse.call({
    method: 'GET',
    url: `/auth/callback?code=${code}&state=${state}&iss=${encodeURIComponent(gatehouse.provider.issuer)}`,
    headers: { cookie },
  });
}

const hashOf = (id: string) => createHash('sha256').update(id).digest('hex');

async function kept(): Promise<readonly { hash: string; content: string }[]> {
  const rows = await gatehouse.ledger
    .database('owner')
    .query('look', 'select id_hash, content from gatehouse.page_session');
  return rows.map((row) => ({ hash: String(row.id_hash), content: String(row.content) }));
}

const fromPage = { origin: PUBLIC_URL, 'x-gatehouse-page': '1' };

describe('signing in', () => {
  it('goes to the provider with PKCE and comes back with a session that scripts cannot read', async () => {
    const { url } = await begin('?fresh=1');
    const { searchParams } = new URL(url);
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('prompt')).toBe('login');

    const answer = await signIn('ben');
    expect(answer.status).toBe(200);
    expect(answer.raw).toContain('content="0;url=/inbox"');
    const session = [answer.headers['set-cookie'] ?? []].flat().find((cookie) => cookie.includes('session='));
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Secure', `Max-Age=${SESSION.lifetimeSeconds}`]) {
      expect(session).toContain(attribute);
    }
    expect(session).not.toContain('p-ben');
    const me = await gatehouse.call({ method: 'GET', url: '/v1/me', headers: { cookie: cookiesOf(answer) } });
    expect(me.body).toMatchObject({ personId: 'p-ben', name: 'ben' });
  });

  it('is refused with the state of another attempt, without the cookie, and with a code twice', async () => {
    const mine = await begin();
    const other = await begin();
    const { code, state } = gatehouse.provider.signedIn(other.url, person('ben'));
    const callback = (cookie: string) =>
      gatehouse.call({
        method: 'GET',
        url: `/auth/callback?code=${code}&state=${state}`,
        headers: { cookie },
      });
    expect((await callback(mine.cookie)).status).toBe(401);
    expect((await callback('')).status).toBe(401);
    expect((await callback(other.cookie)).status).toBe(200);
    const again = await callback(other.cookie);
    expect([again.status, cookiesOf(again)]).toEqual([401, '']);
  });

  it('is refused when the code was made for another attempt (PKCE)', async () => {
    const mine = await begin();
    const stolen = await begin();
    const { code } = gatehouse.provider.signedIn(stolen.url, person('ben'));
    const state = new URL(mine.url).searchParams.get('state');
    const answer = await gatehouse.call({
      method: 'GET',
      url: `/auth/callback?code=${code}&state=${state}`,
      headers: { cookie: mine.cookie },
    });
    expect(answer.status).toBe(401);
  });

  it.each<[string, Lies]>([
    ['for another attempt (nonce)', { nonce: 'another' }],
    ['of another person than the access token', { subject: 'sub-chi' }],
    ['for another client', { clientId: 'another' }],
    ["signed with a key that is not the provider's", { forged: true }],
  ])('is refused with an ID token %s', async (_, lies) => {
    const { url, cookie } = await begin();
    const { code, state } = gatehouse.provider.signedIn(url, person('ben'), lies);
    const answer = await gatehouse.call({
      method: 'GET',
      url: `/auth/callback?code=${code}&state=${state}`,
      headers: { cookie },
    });
    expect([answer.status, cookiesOf(answer)]).toEqual([401, '']);
  });

  it('is refused when another provider than ours says that it answers', async () => {
    const { url, cookie } = await begin();
    const { code, state } = gatehouse.provider.signedIn(url, person('ben'));
    const answer = await gatehouse.call({
      method: 'GET',
      url: `/auth/callback?code=${code}&state=${state}&iss=${encodeURIComponent('https://evil.example')}`,
      headers: { cookie },
    });
    expect([answer.status, cookiesOf(answer)]).toEqual([401, '']);
  });

  it('returns to our own pages only', async () => {
    for (const target of [
      'https://evil.example',
      '//evil.example',
      '/\\\\evil.example',
      'javascript:alert(1)',
      '/"><script>',
    ]) {
      const answer = await begin(`?returnTo=${encodeURIComponent(target)}`);
      expect([target, answer.attempt.status]).toEqual([target, 400]);
    }
  });
});

describe('a session', () => {
  it('reads, but changes nothing without the page: not from another origin, not without its header', async () => {
    const cookie = cookiesOf(await signIn('ada'));
    const ask = (headers: Record<string, string>, fleet: string) =>
      gatehouse.call({
        method: 'POST',
        url: '/v1/requests',
        payload: askBody(fleet),
        headers: { cookie, ...headers },
      });
    for (const headers of [
      {},
      { origin: PUBLIC_URL },
      { 'x-gatehouse-page': '1' },
      { ...fromPage, origin: 'https://evil.example' },
      { ...fromPage, origin: 'null' },
      { ...fromPage, 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await ask(headers, 'cross-site')).text('type')).toBe('urn:gatehouse:problem:foreign-origin');
    }
    expect(await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/cross-site')).toBeNull();
    expect((await ask({ ...fromPage, 'sec-fetch-site': 'same-origin' }, 'from-page')).status).toBe(202);
  });

  it('ends by itself, at sign-out, and when it is tampered with', async () => {
    const [cookie, other] = [cookiesOf(await signIn('ben')), cookiesOf(await signIn('ben'))];
    const me = (sent: string) => gatehouse.call({ method: 'GET', url: '/v1/me', headers: { cookie: sent } });
    expect((await me(cookie)).status).toBe(200);
    const at = cookie.length - 10;
    const flipped = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1);
    expect((await me(flipped)).status).toBe(401);
    const out = await gatehouse.call({
      method: 'POST',
      url: '/auth/logout',
      headers: { cookie, ...fromPage },
    });
    expect([out.status, cookiesOf(out)]).toEqual([204, '']);
    // whoever copied the cookie is signed out too, and no other session is
    expect((await me(cookie)).status).toBe(401);
    expect((await me(other)).status).toBe(200);
    gatehouse.clock.aheadMs = (SESSION.lifetimeSeconds + 60) * 1000;
    try {
      expect((await me(other)).status).toBe(401);
    } finally {
      gatehouse.clock.aheadMs = 0;
    }
  });

  it.each([75, 200])('holds for a member of %i groups (browsers drop above 4096 bytes)', async (count) => {
    const groups = Array.from({ length: count }, (_, at) => `00000000-0000-4000-8000-${at}`.padEnd(36, '0'));
    const answer = await signIn('ben', { groups: [...(PEOPLE.ben.groups ?? []), ...groups] });
    const set = [answer.headers['set-cookie'] ?? []].flat().join('\n');
    expect(Math.max(...set.split('\n').map((cookie) => cookie.length))).toBeLessThan(4_096);
    const me = await gatehouse.call({ method: 'GET', url: '/v1/me', headers: { cookie: cookiesOf(answer) } });
    expect(me.body).toMatchObject({ personId: 'p-ben' });
  });

  it('is kept in the database neither readable nor usable, and opens nothing in the place of another', async () => {
    const mine = cookiesOf(await signIn('ben'));
    const before = await kept();
    const other = cookiesOf(await signIn('ada'));
    expect(JSON.stringify(await kept())).not.toMatch(/p-ben|p-ada|sub-/);
    const idOf = (cookie: string) => cookie.split('session=')[1] ?? '';
    expect(JSON.stringify(await kept())).not.toContain(idOf(mine));
    const me = (sent: string) => gatehouse.call({ method: 'GET', url: '/v1/me', headers: { cookie: sent } });
    const own = before.find(({ hash }) => hash === hashOf(idOf(mine)));
    const put = 'update gatehouse.page_session set content = $2 where id_hash = $1';
    const owner = gatehouse.ledger.database('owner');
    expect((await me(other)).body).toMatchObject({ personId: 'p-ada' });
    await owner.query('swap', put, [hashOf(idOf(other)), own?.content]);
    expect((await me(other)).status).toBe(401);
    expect((await me(mine)).status).toBe(200);
  });

  it('is not taken from the cookie of an attempt', async () => {
    const { cookie } = await begin();
    const renamed = cookie.replace('gatehouse-attempt', 'gatehouse-session');
    expect(
      (await gatehouse.call({ method: 'GET', url: '/v1/me', headers: { cookie: renamed } })).status,
    ).toBe(401);
  });

  it('counts for nothing beside a token that does not hold', async () => {
    const cookie = cookiesOf(await signIn('ben'));
    const answer = await gatehouse.call({
      method: 'GET',
      url: '/v1/me',
      headers: { cookie, authorization: 'Bearer forged' },
    });
    expect(answer.status).toBe(401);
  });
});
