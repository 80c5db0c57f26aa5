import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import { startOidc } from '../../../sandbox/oidc/stand-in.js';
import { groupOf, makeWorld, personOf } from '../../../sandbox/world.js';

const world = makeWorld({ clusters: 1 });
const REDIRECT = 'http://127.0.0.1:45123/auth/callback';
let folder: string;
let oidc: RunningStandIn;
let control: ControlClient;

const start = (port = 0) => startOidc({ world, folder, port, originOf: () => undefined });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oidc-stand-in-'));
  oidc = await start();
  control = new ControlClient(oidc.origin);
});
afterAll(async () => {
  await oidc.close();
  await rm(folder, { recursive: true, force: true });
});

/** A browser as far as a sign-in needs one: cookies, no following of redirects. */
class Browser {
  readonly #cookies = new Map<string, string>();

  async go(address: string, form?: Record<string, string>): Promise<Response> {
    const answer = await fetch(new URL(address, oidc.origin), {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', ...value] = pair.split('=');
      if (value.join('=') === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value.join('='));
    }
    return answer;
  }

  /** Goes on from an address through redirects of the provider itself. */
  async follow(address: string): Promise<{ answer: Response; address: string }> {
    let at = address;
    let answer = await this.go(at);
    while (answer.status === 302 || answer.status === 303) {
      at = new URL(answer.headers.get('location') ?? '', oidc.origin).href;
      if (!at.startsWith(oidc.origin)) return { answer, address: at };
      answer = await this.go(at);
    }
    return { answer, address: at };
  }
}

const verifier = randomBytes(32).toString('base64url');

function authorizeUrl(more: Record<string, string> = {}, pkce = true): string {
  const url = new URL('/auth', oidc.origin);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: 'gatehouse-page',
    redirect_uri: REDIRECT,
    scope: 'openid profile email groups',
    state: 'state-1',
    nonce: 'nonce-1',
    ...(pkce
      ? {
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
          code_challenge_method: 'S256',
        }
      : {}),
    ...more,
  }).toString();
  return url.href;
}

async function token(form: Record<string, string>): Promise<Response> {
  return fetch(`${oidc.origin}/token`, { method: 'POST', body: new URLSearchParams(form) });
}

function verified(jwt: string, audience: string) {
  return jwtVerify(jwt, createRemoteJWKSet(new URL(`${oidc.origin}/jwks`)), {
    issuer: oidc.origin,
    audience,
  });
}

function codeOf(address: string): string {
  expect(address).toContain(REDIRECT);
  return new URL(address).searchParams.get('code') ?? '';
}

describe('signing in with a browser', () => {
  it('shows a page, takes a user name, and gives tokens with the claims of the directory', async () => {
    const browser = new Browser();
    const shown = await browser.follow(authorizeUrl());
    const html = await shown.answer.text();
    expect(html).toContain('User name');
    expect(html).toContain('Fay O&#39;Neill');
    const wrong = await browser.go(shown.address, { login: '<b>nobody' });
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toContain('Nobody here is called &lt;b&gt;nobody.');
    const signedIn = await browser.go(shown.address, { login: 'Ada@Example.com' });
    const back = await browser.follow(signedIn.headers.get('location') ?? '');
    const exchange = {
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT,
      client_id: 'gatehouse-page',
    };
    const code = codeOf(back.address);
    const refused = await token({ ...exchange, code, code_verifier: 'x'.repeat(43) });
    expect(refused.status).toBe(400);

    const again = await browser.follow(authorizeUrl());
    const answer = await token({ ...exchange, code: codeOf(again.address), code_verifier: verifier });
    expect(answer.status).toBe(200);
    const tokens: { access_token: string; id_token: string } = JSON.parse(await answer.text());
    const access = await verified(tokens.access_token, 'gatehouse');
    const ada = personOf(world, 'ada');
    expect(access.payload).toMatchObject({
      sub: ada.id,
      oid: ada.id,
      person_id: 'E-1001',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      client_id: 'gatehouse-page',
    });
    expect(access.payload.groups).toEqual([
      groupOf(world, 'platform-team').id,
      groupOf(world, 'requesters').id,
    ]);
    expect(access.payload.auth_time).toBeTypeOf('number');
    const id = await verified(tokens.id_token, 'gatehouse-page');
    expect(id.payload).toMatchObject({ nonce: 'nonce-1', person_id: 'E-1001', oid: ada.id });
    expect(id.payload.auth_time).toBe(access.payload.auth_time);
  });

  it('asks again when a fresh login is wanted', async () => {
    const browser = new Browser();
    const first = await browser.follow(authorizeUrl());
    await browser.follow((await browser.go(first.address, { login: 'ben' })).headers.get('location') ?? '');
    expect((await browser.follow(authorizeUrl())).address).toContain(REDIRECT);
    const fresh = await browser.follow(authorizeUrl({ prompt: 'login', max_age: '0' }));
    expect(await fresh.answer.text()).toContain('prove again who you are');
  });

  it('refuses a request without PKCE, a strange redirect, and a sign-in of another browser', async () => {
    const browser = new Browser();
    const without = await browser.follow(authorizeUrl({}, false));
    expect(without.address).toContain('error=invalid_request');
    const strange = await browser.go(authorizeUrl({ redirect_uri: 'https://evil.example/auth/callback' }));
    expect(strange.status).toBe(400);
    await control.settings({ redirectUris: ['https://gatehouse.example.com/auth/callback'] });
    const listed = await browser.go(
      authorizeUrl({ redirect_uri: 'https://gatehouse.example.com/auth/callback' }),
    );
    expect(listed.status).toBe(303);
    const shown = await browser.follow(authorizeUrl());
    expect((await new Browser().go(shown.address, { login: 'ada' })).status).toBe(400);
  });
});

describe('tokens without a browser', () => {
  it('gives the ticketing system a token of a machine', async () => {
    const secret = world.oidc.clients.find((client) => client.clientId === 'ticketing')?.clientSecret ?? '';
    const form = { grant_type: 'client_credentials', client_id: 'ticketing', resource: 'urn:gatehouse' };
    const answer = await token({ ...form, client_secret: secret });
    const body: { access_token: string } = JSON.parse(await answer.text());
    const { payload } = await verified(body.access_token, 'gatehouse');
    expect(payload).toMatchObject({ sub: 'ticketing', client_id: 'ticketing' });
    expect(payload.person_id).toBeUndefined();
    expect((await token({ ...form, client_secret: 'wrong' })).status).toBe(401);
    expect((await token({ ...form, client_id: 'gatehouse-page' })).status).toBe(400);
  });

  it('signs example people in for tests, with the time of sign-in that is asked for', async () => {
    const text = await control.post('/token', { account: 'adm-ada', authTime: 1_000 });
    const body: { access_token: string } = JSON.parse(text);
    const { payload, protectedHeader } = await verified(body.access_token, 'gatehouse');
    expect(payload).toMatchObject({
      person_id: 'e-1001',
      auth_time: 1_000,
      oid: personOf(world, 'adm-ada').id,
    });
    expect(payload.groups).toEqual([groupOf(world, 'procurement').id]);
    expect(protectedHeader.alg).toBe('ES256');
    const old: { access_token: string } = JSON.parse(
      await control.post('/token', { account: 'ada', seconds: -60 }),
    );
    await expect(verified(old.access_token, 'gatehouse')).rejects.toThrow('"exp"');
    await expect(control.post('/token', { account: 'nobody' })).rejects.toThrow('404');
  });

  it('keeps its key over a restart', async () => {
    const before: { access_token: string } = JSON.parse(await control.post('/token', { account: 'chi' }));
    const port = Number(new URL(oidc.origin).port);
    await oidc.close();
    oidc = await start(port);
    // a kept connection to the old process fails once
    const { payload } = await vi.waitFor(() => verified(before.access_token, 'gatehouse'));
    expect(payload.person_id).toBe('E-1003');
  });
});
