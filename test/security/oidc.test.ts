import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TokenError, TokenVerifier } from '../../src/security/oidc.js';

const AUDIENCE = 'api://gatehouse';
let server: Server;
let issuer: string;
let metadata: Record<string, unknown>;
let publicJwk: JWK;
let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let answerStatus: number;
let jwksCalls: number;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  privateKey = pair.privateKey;
  publicJwk = { ...(await exportJWK(pair.publicKey)), kid: 'provider-1', alg: 'ES256', use: 'sig' };
  server = createServer((request, response) => {
    if (request.url === '/keys') jwksCalls += 1;
    response.writeHead(answerStatus, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.url === '/keys' ? { keys: [publicJwk] } : metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  issuer = `http://127.0.0.1:${address.port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  answerStatus = 200;
  jwksCalls = 0;
  metadata = { issuer, jwks_uri: `${issuer}/keys` };
});

const seconds = () => Math.floor(Date.now() / 1000);
const claims = () => ({
  iss: issuer,
  aud: AUDIENCE,
  sub: 's-1',
  iat: seconds(),
  exp: seconds() + 600,
  oid: 'a-1',
  person_id: 'p-1',
  groups: ['procurement'],
  auth_time: seconds() - 60,
  name: 'Ben Okafor',
});

const tokenOf = (payload: Record<string, unknown>, header: Record<string, unknown> = {}, key = privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'provider-1', ...header }).sign(key);

const verifier = (more: Partial<ConstructorParameters<typeof TokenVerifier>[0]> = {}) =>
  new TokenVerifier({ issuer, audience: AUDIENCE, ...more });

async function refusal(token: string, by = verifier()): Promise<string> {
  try {
    await by.verify(token);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    if (token.length > 20) expect(error.message).not.toContain(token.slice(0, 20));
    return error.reason;
  }
  return 'accepted';
}

describe('a token', () => {
  it('of the provider says who it is', async () => {
    const given = claims();
    expect(await verifier().verify(await tokenOf(given))).toEqual({
      issuer,
      subject: 's-1',
      kind: 'person',
      accountId: 'a-1',
      personId: 'p-1',
      groups: ['procurement'],
      groupsIncomplete: false,
      name: 'Ben Okafor',
      authTime: given.auth_time,
    });
  });

  it('is verified with keys that are fetched once', async () => {
    const one = verifier();
    await one.verify(await tokenOf(claims()));
    await one.verify(await tokenOf(claims()));
    expect(jwksCalls).toBe(1);
  });

  it('may be 30 seconds late and not more', async () => {
    expect(await refusal(await tokenOf({ ...claims(), exp: seconds() - 10 }))).toBe('accepted');
    expect(await refusal(await tokenOf({ ...claims(), exp: seconds() - 40 }))).toBe('expired');
    expect(await refusal(await tokenOf({ ...claims(), nbf: seconds() + 300 }))).toBe('claims');
  });

  it('of another issuer or for another audience is refused', async () => {
    expect(await refusal(await tokenOf({ ...claims(), iss: 'https://evil.example.com' }))).toBe(
      'wrong-issuer',
    );
    expect(await refusal(await tokenOf({ ...claims(), aud: 'gatehouse-page' }))).toBe('wrong-audience');
    expect(await refusal(await tokenOf({ ...claims(), aud: [] }))).toBe('wrong-audience');
  });

  it.each(['exp', 'iat', 'sub', 'aud', 'iss', 'oid'])('without %s is refused', async (name) => {
    const payload: Record<string, unknown> = claims();
    delete payload[name];
    expect(await refusal(await tokenOf(payload))).not.toBe('accepted');
  });

  it('with alg none is refused', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', undefined]) {
      expect(await refusal(`${part({ alg, kid: 'provider-1' })}.${part(claims())}.`)).toMatch(
        /wrong-alg|malformed/,
      );
    }
  });

  it('with HS256 and the public key as the secret is refused', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const content = `${part({ alg: 'HS256', kid: 'provider-1' })}.${part(claims())}`;
    const mac = createHmac('sha256', JSON.stringify(publicJwk)).update(content).digest('base64url');
    expect(await refusal(`${content}.${mac}`)).toBe('wrong-alg');
  });

  it('of a key that the provider does not publish is refused, also under a published id', async () => {
    const stranger = await generateKeyPair('ES256');
    expect(await refusal(await tokenOf(claims(), { kid: 'provider-9' }))).toBe('unknown-key');
    expect(await refusal(await tokenOf(claims(), {}, stranger.privateKey))).toBe('bad-signature');
  });

  it('with an algorithm that is not allowed here is refused', async () => {
    expect(await refusal(await tokenOf(claims()), verifier({ algorithms: ['RS256'] }))).toBe('wrong-alg');
  });

  it.each(['', 'a', 'a.b.c', '...', 'e30.e30.'])('that is garbage (%j) is refused', async (token) => {
    expect(['malformed', 'wrong-alg']).toContain(await refusal(token));
  });

  it('that is too long is refused before the provider is asked', async () => {
    expect(await refusal('a'.repeat(20_000))).toBe('malformed');
    expect(jwksCalls).toBe(0);
  });
});

describe('a provider', () => {
  it('that is down lets nobody in, and is asked again', async () => {
    const one = verifier();
    answerStatus = 503;
    expect(await refusal(await tokenOf(claims()), one)).toBe('provider-unavailable');
    answerStatus = 200;
    expect(await refusal(await tokenOf(claims()), one)).toBe('accepted');
  });

  it('that calls itself by another name is not believed', async () => {
    metadata = { ...metadata, issuer: 'https://evil.example.com' };
    expect(await refusal(await tokenOf(claims()))).toBe('provider-unavailable');
  });

  it('whose keys are on another host is not followed', async () => {
    metadata = { ...metadata, jwks_uri: 'http://localhost:1/keys' };
    expect(await refusal(await tokenOf(claims()))).toBe('provider-unavailable');
  });

  it('can have its keys at a configured address', async () => {
    metadata = {};
    expect(await refusal(await tokenOf(claims()), verifier({ jwksUri: `${issuer}/keys` }))).toBe('accepted');
  });

  it('is not configured without TLS, without audience or with a shared secret', () => {
    expect(() => verifier({ issuer: 'http://login.example.com' })).toThrow(TypeError);
    expect(() => verifier({ jwksUri: 'http://login.example.com/keys' })).toThrow(TypeError);
    expect(() => verifier({ audience: '' })).toThrow(TypeError);
    const fromFile: { algorithms: never[] } = JSON.parse('{"algorithms":["HS256"]}');
    expect(() => verifier(fromFile)).toThrow(TypeError);
  });
});
