import { afterEach, expect, it } from 'vitest';
import {
  ClientCredentials,
  type ClientCredentialsOptions,
} from '../../../src/systems/http/client-credentials.js';
import { Secret } from '../../../src/systems/secret.js';
import { troubleFrom } from './trouble-of.js';
import { startVendor, type Vendor, type VendorServer } from './vendor-server.js';

const SECRET = new Secret('canary-client-secret');
const open: VendorServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function against(vendor: Vendor, options: Partial<ClientCredentialsOptions> = {}) {
  const server = await startVendor(vendor);
  open.push(server);
  const source = new ClientCredentials({
    system: 'directory',
    tokenUrl: `${server.url}/tenant/oauth2/v2.0/token`,
    clientId: 'gatehouse',
    clientSecret: SECRET,
    scope: 'https://graph.microsoft.com/.default',
    ...options,
  });
  return { server, source };
}

it('asks with id and secret in the form, once for callers at the same time, and keeps the token', async () => {
  const { server, source } = await against(() => ({ body: { access_token: 'one', expires_in: 3600 } }));
  const tokens = await Promise.all([source.token(), source.token()]);
  tokens.push(await source.token());
  expect(tokens.map(({ token }) => token.reveal())).toEqual(['one', 'one', 'one']);
  expect(
    server.seen.map(({ target, body }) => [target, Object.fromEntries(new URLSearchParams(body))]),
  ).toEqual([
    [
      '/tenant/oauth2/v2.0/token',
      {
        grant_type: 'client_credentials',
        client_id: 'gatehouse',
        client_secret: SECRET.reveal(),
        scope: 'https://graph.microsoft.com/.default',
      },
    ],
  ]);
});

it('replaces a token a minute before its end', async () => {
  const clock = { now: 0 };
  let made = 0;
  const { source } = await against(
    () => {
      made += 1;
      return { body: { access_token: `token-${made}`, expires_in: 3600 } };
    },
    { now: () => clock.now },
  );
  await source.token();
  clock.now = 3_539_000;
  expect((await source.token()).token.reveal()).toBe('token-1');
  clock.now = 3_541_000;
  expect((await source.token()).token.reveal()).toBe('token-2');
});

it('says that the credential is wrong when the endpoint says so with 400', async () => {
  const { source } = await against(() => ({
    status: 400,
    body: { error: 'invalid_client', error_description: `AADSTS7000215: ${SECRET.reveal()} is no secret` },
  }));
  const trouble = await troubleFrom(source.token());
  expect(trouble).toMatchObject({ system: 'directory', kind: 'unauthenticated', code: 'invalid_client' });
  expect(JSON.stringify(trouble)).not.toContain(SECRET.reveal());
});

it('asks again after a failure', async () => {
  let asked = 0;
  const { source } = await against(() => {
    asked += 1;
    return asked === 1 ? { status: 500 } : { body: { access_token: 'late', expires_in: 3600 } };
  });
  expect(await troubleFrom(source.token())).toMatchObject({ kind: 'unavailable' });
  expect((await source.token()).token.reveal()).toBe('late');
});
