import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { type RunningSandbox, runSandbox } from '../framework/running-sandbox.js';

const VAULT_SCOPE = 'https://vault.azure.net/.default';
const API = 'api-version=7.6';

let sandbox: RunningSandbox;
let control: ControlClient;
let agent: https.Agent;
let port: string;

/** every name is this machine, as `*.localhost` should be and is not everywhere */
const loopback: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

function client(vault: string, who = 'gatehouse'): SecretClient {
  const credential = {
    getToken: async () => ({
      token: await sandbox.token(who, VAULT_SCOPE),
      expiresOnTimestamp: Date.now() + 3_000_000,
    }),
  };
  return new SecretClient(`https://${vault}.localhost:${port}`, credential, {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
    agent,
  });
}

/** a request without the SDK, which would not send a wrong one */
async function raw(
  method: string,
  path: string,
  more: { token?: string; body?: unknown; vault?: string } = {},
): Promise<{ status: number; body: unknown; headers: Record<string, unknown> }> {
  const payload = more.body === undefined ? '' : JSON.stringify(more.body);
  const token = more.token ?? (await sandbox.token('gatehouse', VAULT_SCOPE));
  return new Promise((resolve, reject) => {
    const request = https.request(
      `https://127.0.0.1:${port}${path}`,
      {
        method,
        ca: sandbox.ca,
        servername: 'localhost',
        headers: {
          host: `${more.vault ?? 'kv-harbour-01-dev'}.localhost:${port}`,
          'content-type': 'application/json',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          'content-length': Buffer.byteLength(payload),
        },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text === '' ? undefined : JSON.parse(text),
            headers: response.headers,
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}

beforeAll(async () => {
  sandbox = await runSandbox(['directory', 'key-vault']);
  control = sandbox.control('key-vault');
  port = new URL(sandbox.origin('key-vault')).port;
  agent = new https.Agent({ ca: sandbox.ca, lookup: loopback, keepAlive: true });
});
afterEach(async () => {
  expect(await control.violations()).toEqual([]);
  await control.removeFaults();
  await control.settings({ settleMs: 0, pageSize: 25, purgeProtection: false });
});
afterAll(async () => {
  agent.destroy();
  await sandbox.close();
});

describe('by the real SDK', () => {
  it('keeps versions with tags, each vault apart', async () => {
    const one = client('kv-harbour-01-dev');
    const first = await one.setSecret('client-id', 'a', {
      tags: { request: 'r1' },
      contentType: 'text/plain',
    });
    const second = await one.setSecret('client-id', 'b');
    const newest = await one.getSecret('client-id');
    expect([newest.value, newest.properties.version]).toEqual(['b', second.properties.version]);
    const old = await one.getSecret('client-id', { version: first.properties.version ?? '' });
    expect([old.value, old.properties.tags, old.properties.contentType]).toEqual([
      'a',
      { request: 'r1' },
      'text/plain',
    ]);
    await expect(client('kv-harbour-02-stg').getSecret('client-id')).rejects.toMatchObject({
      statusCode: 404,
      code: 'SecretNotFound',
    });
  });

  it('is asked without a token first and answers 401 with the tenant and the resource', async () => {
    const seen = (await control.events()).at(-1)?.seq ?? 0;
    await client('kv-harbour-01-dev').setSecret('challenge', 'x');
    const answers = (await control.events(seen)).filter((event) => event.phase === 'answer');
    expect(answers.map((event) => event.status)).toEqual([401, 200]);
    const refused = await raw('GET', `/secrets/challenge?${API}`, { token: '' });
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${sandbox.world.entra.tenantId}", resource="https://vault.azure.net"`,
    );
  });

  it('is found in the event log as created, then changed', async () => {
    const seen = (await control.events()).at(-1)?.seq ?? 0;
    const vault = client('kv-harbour-01-dev');
    await vault.setSecret('logged', 'x');
    await vault.setSecret('logged', 'x');
    const effects = (await control.events(seen)).filter((event) => event.phase === 'effect');
    expect(effects.map((event) => [event.effect, event.object])).toEqual([
      ['created', 'secret kv-harbour-01-dev/logged'],
      ['changed', 'secret kv-harbour-01-dev/logged'],
    ]);
  });

  it('refuses a deleted name until it is recovered', async () => {
    const vault = client('kv-harbour-01-dev');
    await vault.setSecret('gone', 'x');
    await (await vault.beginDeleteSecret('gone')).pollUntilDone();
    await expect(vault.getSecret('gone')).rejects.toMatchObject({ statusCode: 404 });
    await expect(vault.setSecret('gone', 'y')).rejects.toMatchObject({
      statusCode: 409,
      code: 'Conflict',
      // the SDK renames the wire's `innererror`
      details: { error: { innerError: { code: 'ObjectIsDeletedButRecoverable' } } },
    });
    expect((await vault.getDeletedSecret('gone')).recoveryId).toBe(
      `https://kv-harbour-01-dev.localhost:${port}/deletedsecrets/gone`,
    );
    await (await vault.beginRecoverDeletedSecret('gone')).pollUntilDone();
    expect((await vault.getSecret('gone')).value).toBe('x');
    await vault.setSecret('gone', 'y');
  });

  it('says "being deleted" and "being recovered" for a while', async () => {
    const vault = client('kv-harbour-01-dev');
    await vault.setSecret('slow', 'x');
    await control.settings({ settleMs: 600_000 });
    await raw('DELETE', `/secrets/slow?${API}`);
    const put = () => raw('PUT', `/secrets/slow?${API}`, { body: { value: 'y' } });
    expect(await put()).toMatchObject({
      status: 409,
      body: { error: { innererror: { code: 'ObjectIsBeingDeleted' } } },
    });
    expect((await raw('GET', `/deletedsecrets/slow?${API}`)).status).toBe(404);

    await control.settings({ settleMs: 0 });
    await vault.setSecret('slow-2', 'x');
    await raw('DELETE', `/secrets/slow-2?${API}`);
    await control.settings({ settleMs: 600_000 });
    expect((await raw('POST', `/deletedsecrets/slow-2/recover?${API}`)).status).toBe(200);
    expect(await raw('PUT', `/secrets/slow-2?${API}`, { body: { value: 'y' } })).toMatchObject({
      status: 409,
      body: { error: { innererror: { code: 'ObjectIsBeingRecovered' } } },
    });
    expect((await raw('GET', `/secrets/slow-2?${API}`)).status).toBe(404);
  });

  it('purges for who may, unless protected', async () => {
    const vault = client('kv-harbour-02-stg');
    await vault.setSecret('old', 'x');
    await raw('DELETE', `/secrets/old?${API}`, { vault: 'kv-harbour-02-stg' });
    await expect(vault.purgeDeletedSecret('old')).rejects.toMatchObject({ statusCode: 403 });
    const admin = client('kv-harbour-02-stg', 'vault-admin');
    await control.settings({ purgeProtection: true });
    await expect(admin.purgeDeletedSecret('old')).rejects.toMatchObject({ statusCode: 403 });
    await control.settings({ purgeProtection: false });
    await admin.purgeDeletedSecret('old');
    await vault.setSecret('old', 'new');
    expect((await vault.getSecret('old')).value).toBe('new');
  });

  it('lists in pages, without values', async () => {
    await control.settings({ pageSize: 2 });
    const vault = client('kv-harbour-02-stg');
    for (const name of ['page-a', 'page-b', 'page-c', 'page-d', 'page-e']) await vault.setSecret(name, 'x');
    const names = [];
    for await (const properties of vault.listPropertiesOfSecrets()) names.push(properties.name);
    expect(names.filter((name) => name.startsWith('page-'))).toEqual([
      'page-a',
      'page-b',
      'page-c',
      'page-d',
      'page-e',
    ]);
    for (const value of ['y', 'z']) await vault.setSecret('page-a', value);
    const versions = [];
    for await (const version of vault.listPropertiesOfSecretVersions('page-a'))
      versions.push(version.version);
    expect(new Set(versions).size).toBe(3);
    for (const name of ['page-a', 'page-b', 'page-c']) {
      await raw('DELETE', `/secrets/${name}?${API}`, { vault: 'kv-harbour-02-stg' });
    }
    const deleted = [];
    for await (const secret of vault.listDeletedSecrets()) deleted.push(secret.name);
    expect(deleted).toEqual(['page-a', 'page-b', 'page-c']);
  });

  it('changes tags and refuses to give a disabled version', async () => {
    const vault = client('kv-harbour-01-dev');
    const { properties } = await vault.setSecret('off', 'x');
    const changed = await vault.updateSecretProperties('off', properties.version ?? '', {
      enabled: false,
      tags: { why: 'rotated' },
    });
    expect(changed.tags).toEqual({ why: 'rotated' });
    await expect(vault.getSecret('off')).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' });
  });

  it('takes nothing from a client that may only read', async () => {
    const reader = client('kv-harbour-01-dev', 'external-secrets');
    await client('kv-harbour-01-dev').setSecret('readable', 'x');
    expect((await reader.getSecret('readable')).value).toBe('x');
    await expect(reader.setSecret('readable', 'y')).rejects.toMatchObject({ statusCode: 403 });
  });

  it('passes on a throttled answer at once, with its header', async () => {
    await control.addFault({
      id: 'busy',
      match: { operation: 'GetSecret' },
      skip: 1,
      when: 'before',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '7' },
    });
    const seen = (await control.events()).at(-1)?.seq ?? 0;
    const failure = await client('kv-harbour-01-dev')
      .getSecret('readable')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ statusCode: 429, code: 'Throttled' });
    expect((await control.events(seen)).filter((event) => event.phase === 'answer')).toHaveLength(2);
  });
});

describe('refused requests', () => {
  it.each([
    ['SetSecret without a value', 'PUT', `/secrets/x?${API}`, {}, 400],
    ['SetSecret with a name that is none', 'PUT', `/secrets/x.y?${API}`, { value: 'v' }, 400],
    ['SetSecret with a huge value', 'PUT', `/secrets/x?${API}`, { value: 'v'.repeat(26_000) }, 400],
    ['GetSecret without an API version', 'GET', '/secrets/x', undefined, 400],
    ['GetSecret of an unknown version', 'GET', `/secrets/unknown/abc?${API}`, undefined, 404],
    ['UpdateSecret with tags of the wrong type', 'PATCH', `/secrets/x/y?${API}`, { tags: { a: 1 } }, 400],
    ['UpdateSecret of nothing', 'PATCH', `/secrets/unknown/y?${API}`, {}, 404],
    ['DeleteSecret of nothing', 'DELETE', `/secrets/unknown?${API}`, undefined, 404],
    ['GetSecrets of too large a page', 'GET', `/secrets?${API}&maxresults=26`, undefined, 400],
    ['GetSecretVersions of nothing', 'GET', `/secrets/unknown/versions?${API}`, undefined, 404],
    ['GetDeletedSecrets without an API version', 'GET', '/deletedsecrets', undefined, 400],
    ['GetDeletedSecret of nothing', 'GET', `/deletedsecrets/unknown?${API}`, undefined, 404],
    ['RecoverDeletedSecret of nothing', 'POST', `/deletedsecrets/unknown/recover?${API}`, undefined, 404],
  ])('%s', async (_name, method, path, body, status) => {
    expect((await raw(method, path, body === undefined ? {} : { body })).status).toBe(status);
  });

  it('PurgeDeletedSecret of nothing', async () => {
    const token = await sandbox.token('vault-admin', VAULT_SCOPE);
    expect((await raw('DELETE', `/deletedsecrets/unknown?${API}`, { token })).status).toBe(404);
  });

  it('knows its vaults only', async () => {
    expect(await raw('GET', `/secrets?${API}`, { vault: 'kv-nowhere' })).toMatchObject({
      status: 404,
      body: { error: { code: 'VaultNotFound' } },
    });
  });

  it('takes no token for the directory, no forged and no expired one', async () => {
    const graph = await sandbox.token('gatehouse', 'https://graph.microsoft.com/.default');
    expect((await raw('GET', `/secrets?${API}`, { token: graph })).status).toBe(401);
    expect((await raw('GET', `/secrets?${API}`, { token: `${graph}x` })).status).toBe(401);
    await sandbox.control('directory').settings({ tokenSeconds: -10 });
    const expired = await sandbox.token('gatehouse', VAULT_SCOPE);
    await sandbox.control('directory').settings({ tokenSeconds: 3600 });
    const answer = await raw('GET', `/secrets?${API}`, { token: expired });
    expect(answer).toMatchObject({
      status: 401,
      body: { error: { message: expect.stringContaining('expired') } },
    });
  });

  it('shows a certificate for its own names only', async () => {
    const stranger = new SecretClient(
      `https://kv-stranger.localhost:${port}`,
      { getToken: async () => null },
      { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 }, agent },
    );
    await expect(stranger.getSecret('x')).rejects.toThrow(/does not match certificate's altnames/);
  });
});

it('answers many vault calls at once', async () => {
  const vault = client('kv-harbour-01-dev');
  await Promise.all(Array.from({ length: 50 }, (_, n) => vault.setSecret(`many-${n}`, `v${n}`)));
  await vi.waitFor(async () => {
    const text = await control.objectsText();
    expect(text.match(/"name":"many-\d+"/g)).toHaveLength(50);
  });
});
