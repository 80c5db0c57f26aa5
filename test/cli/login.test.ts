/** Signing in at a certified provider: in a browser, by a code on another device, and for longer than a token lives. */
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningStandIn } from '../../sandbox/framework/running.js';
import { startOidc } from '../../sandbox/oidc/stand-in.js';
import { makeWorld, personOf } from '../../sandbox/world.js';
import { type LoginOptions, login } from '../../src/cli/commands/login.js';
import { logout } from '../../src/cli/commands/logout.js';
import { renewed, sessionFileOf } from '../../src/cli/login/kept-session.js';
import { nextTokens } from '../../src/cli/login/refresh.js';
import { signInAt } from '../support/sign-in-at.js';
import { type FakeTerminal, terminal } from './run-cli.js';

const world = makeWorld({ clusters: 1 });
const ADA = personOf(world, 'ada').userPrincipalName;

let folder: string;
let oidc: RunningStandIn;
let tokenFile: string;
let signIns = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-login-'));
  oidc = await startOidc({ world, folder, port: 0, originOf: () => undefined });
});
afterAll(async () => {
  await oidc.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  signIns += 1;
  tokenFile = join(folder, `sign-in-${signIns}`, 'token');
});

interface SigningIn {
  readonly person: FakeTerminal;
  readonly done: Promise<number>;
}

function begin(more: Partial<LoginOptions> = {}, env: Readonly<Record<string, string>> = {}): SigningIn {
  const person = terminal({ GATEHOUSE_TOKEN_FILE: tokenFile, BROWSER: 'no-such-browser', ...env });
  const done = login(person.session, {
    issuer: oidc.origin,
    clientId: 'gatehouse-cli',
    scope: 'openid profile email groups',
    port: 0,
    ...more,
  });
  done.catch(() => undefined);
  return { person, done };
}

async function signedIn(): Promise<FakeTerminal> {
  const { person, done } = begin();
  await person.until('\n\n');
  await signInAt(/http\S+\/auth\?\S+/.exec(person.seen())?.[0] ?? '', ADA);
  expect(await done).toBe(0);
  return person;
}

function token(): string {
  return readFileSync(tokenFile, 'utf8').trim();
}

function claims(): Readonly<Record<string, unknown>> {
  const part = token().split('.')[1] ?? '';
  const found: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return typeof found === 'object' && found !== null ? { ...found } : {};
}

function refreshToken(): string {
  const kept: unknown = JSON.parse(readFileSync(sessionFileOf(tokenFile), 'utf8'));
  const found: unknown = typeof kept === 'object' && kept !== null ? Reflect.get(kept, 'refreshToken') : '';
  return String(found);
}

const client = () => ({ issuer: oidc.origin, clientId: 'gatehouse-cli' });

describe('in a browser', () => {
  it('opens the address, and keeps token and session for their owner alone', async () => {
    const opened = join(folder, 'opened');
    const browser = join(folder, 'browser');
    writeFileSync(
      browser,
      `#!/bin/sh\nprintf '%s' "$1" > '${opened}.new' && mv '${opened}.new' '${opened}'\n`,
      {
        mode: 0o755,
      },
    );
    const { person, done } = begin({}, { BROWSER: browser });
    await expect.poll(() => existsSync(opened)).toBe(true);
    const address = readFileSync(opened, 'utf8');
    await person.until(address);
    expect(person.seen()).toContain('Sign in in the browser that opens.');
    await signInAt(address, ADA);
    expect(await done).toBe(0);
    expect(claims()).toMatchObject({ email: ADA });
    for (const file of [tokenFile, sessionFileOf(tokenFile)]) expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const secret of [token(), refreshToken()]) expect(person.seen()).not.toContain(secret);
  });

  it('only shows it where none starts, and where none is wanted', async () => {
    for (const { person, done } of [begin(), begin({ browser: false })]) {
      await person.until('\n\n');
      expect(person.seen()).toContain('Open this address in a browser on this machine');
      person.interrupt();
      await expect(done).rejects.toThrow('Nobody signed in.');
    }
  });
});

describe('on another device', () => {
  it('shows where, and what to type there, and waits', async () => {
    const { person, done } = begin({ device: true });
    await person.until('\n');
    const [, address = '', code = ''] = /Open (\S+) on any device.* the code (\S+)/.exec(person.seen()) ?? [];
    await signInAt(address, ADA, code);
    expect(await done).toBe(0);
    expect(claims()).toMatchObject({ email: ADA, auth_time: expect.any(Number) });
    expect(refreshToken()).toMatch(/\S/);
  });

  it('keeps nothing when nobody comes', async () => {
    const { person, done } = begin({ device: true });
    await person.until('the code');
    person.interrupt();
    await expect(done).rejects.toThrow('Nobody signed in.');
    expect(existsSync(tokenFile)).toBe(false);
  });
});

describe('a session', () => {
  it('goes on with the next token when one is about to end, and not before', async () => {
    await signedIn();
    const first = token();
    await renewed(tokenFile, Date.now);
    expect(token()).toBe(first);
    await renewed(tokenFile, () => Date.now() + 3_590_000);
    expect(token()).not.toBe(first);
    expect(claims()).toMatchObject({ email: ADA, auth_time: expect.any(Number) });
  });

  it('is renewed once by many at the same time: a provider takes a refresh token once', async () => {
    await signedIn();
    const soon = Date.now() + 3_590_000;
    const [before, refreshed] = [token(), refreshToken()];
    await Promise.all(Array.from({ length: 5 }, () => renewed(tokenFile, () => soon)));
    expect([token() === before, refreshToken() === refreshed]).toEqual([false, false]);
    // had the old one been used again, the provider would have ended the session
    await expect(nextTokens(client(), refreshToken())).resolves.toMatchObject({
      accessToken: expect.any(String),
    });
  });

  it('is not waited for in vain when the process that renewed it was killed', async () => {
    await signedIn();
    const before = token();
    const lock = `${sessionFileOf(tokenFile)}.lock`;
    mkdirSync(lock);
    utimesSync(lock, new Date(0), new Date(0));
    await renewed(tokenFile, () => Date.now() + 3_590_000);
    expect([token() === before, existsSync(lock)]).toEqual([false, false]);
  });

  it('that the provider has ended leaves the token as it is', async () => {
    await signedIn();
    const before = token();
    const kept = readFileSync(sessionFileOf(tokenFile), 'utf8');
    writeFileSync(sessionFileOf(tokenFile), kept.replace(refreshToken(), 'forged'));
    await renewed(tokenFile, () => Date.now() + 3_590_000);
    expect(token()).toBe(before);
  });

  it('ends at the provider when one signs out', async () => {
    const person = await signedIn();
    const ended = refreshToken();
    expect(await logout(person.session)).toBe(0);
    expect([existsSync(tokenFile), existsSync(sessionFileOf(tokenFile))]).toEqual([false, false]);
    await expect(nextTokens(client(), ended)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});
