import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Scrubber } from '../../src/security/redaction.js';
import { REDACTED } from '../../src/security/secret-shapes.js';

const canary = `canary-${randomBytes(12).toString('hex')}`;
const hex = randomBytes(20).toString('hex');
const basic = Buffer.from(`u:${hex}`).toString('base64');
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${part({ alg: 'RS256' })}.${part({ sub: hex })}.${randomBytes(64).toString('base64url')}`;
const clean = (value: unknown) => JSON.stringify(new Scrubber().value(value));

describe('by shape, without knowing the secret', () => {
  it.each([
    ['a JWT', jwt, jwt],
    ['a JWE', `${jwt}.${hex}.${hex}`, hex],
    ['a bearer token', `Authorization: Bearer ${hex}`, hex],
    ['a bearer token in JSON', `{"authorization":"Bearer ${hex}"}`, hex],
    ['basic authentication', `Basic ${Buffer.from(`u:${hex}`).toString('base64')}`, basic],
    ['a cookie header', `GET / HTTP/1.1\r\nCookie: session=${hex}; a=b\r\nHost: x`, hex],
    ['a header of Vault', `X-Vault-Token: ${hex}`, hex],
    ['a header of GitLab', `PRIVATE-TOKEN: ${hex}`, hex],
    ['a GitLab token', `cloning with glpat-${hex}`, hex],
    ['a GitLab token of another kind', `gldt-${hex}`, hex],
    ['a Vault token', `hvs.${hex}`, hex],
    ['an old Vault token', `s.${hex}`, hex],
    ['a webhook secret', `whsec_${hex}`, hex],
    ['a URL with user and password', `postgres://gatehouse:${hex}@db.example.com:5432/x`, hex],
    ['a password with an @', `https://u:a@${hex}@git.example.com/x.git`, hex],
    ['a query', `https://x.example.com/cb?state=1&access_token=${hex}&b=2`, hex],
    ['an authorization code', `https://x.example.com/cb?code=${hex}`, hex],
    ['a form', `grant_type=client_credentials&client_secret=${hex}&scope=a`, hex],
    ['JSON', `{"clientSecret": "${hex}"}`, hex],
    ['JSON with escapes', JSON.stringify({ password: `"${hex}\\${hex}` }), hex],
    ['JSON in JSON', JSON.stringify({ body: JSON.stringify({ client_secret: hex }) }), hex],
    ['a private key', `-----BEGIN PRIVATE KEY-----\n${hex}\n-----END PRIVATE KEY-----`, hex],
    ['half a private key', `-----BEGIN EC PRIVATE KEY-----\\n${hex}`, hex],
  ])('%s', (_name, text, secret) => {
    expect(text).toContain(secret);
    expect(new Scrubber().text(text)).not.toContain(secret);
  });

  it('leaves ordinary text as it is', () => {
    const lines = [
      'key-vault: read secret otterize-cloud-client-id: the secret is soft-deleted. Recover or purge it.',
      'connect ECONNREFUSED 127.0.0.1:5432',
      '{"code":"ENOENT","path":"/etc/gatehouse","commit":"9f31c2e8d4a1b0c7e6f59a3d2b1c0e4f5a6b7c8d"}',
      'https://gatehouse.example.com/r/req-7k2m?page=2',
      'mail to ada@example.com',
      'at Worker.handle (/app/src/worker/main.ts:10:5)',
    ];
    for (const line of lines) expect(new Scrubber().text(line)).toBe(line);
  });

  it.each(['a-', 'x-', 'token', 'eyJ', '\\"', 's.', 'a://', '-----BEGIN '])(
    // quadratic time would run into the time-out of the test
    'gets to the end of a long text of %j',
    (piece) => {
      const text = piece.repeat(400_000 / piece.length);
      expect(new Scrubber().text(text).length).toBeLessThanOrEqual(text.length);
    },
  );
});

describe('by value, once remembered', () => {
  const secret = `pa"ss\\wörd ${canary}`;
  const scrubber = new Scrubber();
  scrubber.remember(secret);

  it.each([
    ['as it is', secret],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in hex', Buffer.from(secret).toString('hex')],
    ['in a URL', encodeURIComponent(secret)],
    ['in JSON', JSON.stringify(secret)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(secret))],
  ])('%s', (_name, spelling) => {
    const result = scrubber.text(`before ${spelling} after`);
    expect(result).toContain(REDACTED);
    expect(result).not.toContain(canary);
    expect(result).not.toContain(spelling);
    expect(result).toMatch(/^before .*after$/);
  });

  it('also when one secret is part of another, in either order', () => {
    for (const secrets of [
      ['abcdefgh', 'abcdefgh-and-more'],
      ['abcdefgh-and-more', 'abcdefgh'],
    ]) {
      const both = new Scrubber();
      for (const one of secrets) both.remember(one);
      expect(both.text('x abcdefgh-and-more y')).toBe(`x ${REDACTED} y`);
    }
  });

  it('ignores what is too short to be one', () => {
    const short = new Scrubber();
    short.remember('a');
    short.remember('');
    expect(short.text('a banana')).toBe('a banana');
  });

  it('is not hidden without remembering it: the control', () => {
    expect(new Scrubber().text(`before ${canary} after`)).toContain(canary);
  });
});

describe('by the name of the member', () => {
  it.each([
    ['password', { password: canary }],
    ['camel case', { dbPassword: canary, clientSecret: canary, accessToken: canary }],
    ['headers', { headers: { Authorization: canary, 'X-Vault-Token': canary, 'set-cookie': [canary] } }],
    ['raw headers', { rawHeaders: ['Cookie', canary] }],
    ['a Headers object', new Headers({ 'private-token': canary })],
    ['a Map', new Map([['api_key', canary]])],
    ['a form', new URLSearchParams({ client_secret: canary })],
    ['a private JWK', { jwk: { kty: 'OKP', d: canary } }],
    ['a nested object under a secret name', { credentials: { id: 'x', value: canary } }],
  ])('%s', (_name, value) => {
    expect(clean(value)).not.toContain(canary);
    expect(clean(value)).toContain(REDACTED);
  });

  it('keeps counts, flags and names of things', () => {
    const value = { tokens: 3, token: false, secretName: 'otterize-cloud-client-id', secrets: 2 };
    expect(new Scrubber().value(value)).toEqual(value);
  });
});

describe('wherever it hides', () => {
  it('in an error: message, stack, cause of the cause, own members', () => {
    const root = Object.assign(new Error(`401 for https://u:${canary}@x.example.com/`), {
      config: { headers: { authorization: `Bearer ${canary}` }, data: `{"client_secret":"${canary}"}` },
      request: { _header: `GET / HTTP/1.1\r\nAuthorization: Bearer ${canary}\r\n\r\n` },
      response: { body: Buffer.from(canary) },
    });
    const error = new Error('outer', { cause: new Error(`middle password=${canary}`, { cause: root }) });
    const text = clean({ error });
    expect(text).not.toContain(canary);
    expect(text).not.toContain(JSON.stringify([...Buffer.from(canary)]).slice(1, -1));
    expect(text).toContain('outer');
    expect(text).toContain('middle');
    expect(text).toContain('401 for https://[redacted]@x.example.com/');
  });

  it('in an AggregateError', () => {
    expect(clean(new AggregateError([new Error(`token=${canary}`)]))).not.toContain(canary);
  });

  it('in bytes of every kind, also after JSON', () => {
    const bytes = Buffer.from(canary);
    const numbers = JSON.stringify([...bytes]).slice(1, -1);
    for (const value of [bytes, new Uint8Array(bytes), new DataView(bytes.buffer), bytes.toJSON()]) {
      expect(clean({ value })).not.toContain(numbers);
      expect(clean({ value })).not.toContain(canary);
    }
  });

  it('in a URL object, a name of a member, a symbol', () => {
    const scrubber = new Scrubber();
    scrubber.remember(canary);
    expect(clean({ url: new URL(`https://u:${canary}@x.example.com/`) })).not.toContain(canary);
    expect(JSON.stringify(scrubber.value({ [canary]: 1, s: Symbol(canary) }))).not.toContain(canary);
  });

  it('across the end of a text that is cut', () => {
    const scrubber = new Scrubber();
    scrubber.remember(canary);
    for (let start = 16_384 - canary.length; start <= 16_384; start += 1) {
      const text = String(scrubber.value(`${'x'.repeat(start)}${canary}`));
      expect(text).not.toContain(canary.slice(0, 12));
    }
  });

  it('and never throws', () => {
    const cycle: Record<string, unknown> = { password: canary };
    cycle.self = cycle;
    const hostile = {
      get broken(): never {
        throw new Error(canary);
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const value of [
      cycle,
      hostile,
      proxy,
      null,
      undefined,
      1n,
      () => canary,
      Number.NaN,
      new Date(Number.NaN),
    ]) {
      expect(String(JSON.stringify(new Scrubber().value(value)))).not.toContain(canary);
    }
  });
});
