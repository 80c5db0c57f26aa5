import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Agent, createServer, type Server } from 'node:https';
import { inspect } from 'node:util';
import { CredentialUnavailableError } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { loopbackTls } from '../../../sandbox/framework/loopback-tls.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { entraClientOf } from '../../../sandbox/world.js';
import { SystemError } from '../../../src/domain/failure.js';
import { type AzureCredential, azureCredential } from '../../../src/systems/azure/credential.js';
import { TokenBucket } from '../../../src/systems/http/token-bucket.js';
import {
  type KeyVaultOptions,
  type KeyVaultStore,
  KeyVaults,
} from '../../../src/systems/key-vault/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { troubleFrom } from '../http/trouble-of.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const MARKER = { requestId: 'req-1', effect: 'harbour-01/dev:secrets' };
const NAME = 'otterize-cloud-client-secret';

let standIns: StandIns;
let control: ControlClient;
let ca: string;

beforeAll(async () => {
  standIns = await startStandIns('directory', 'key-vault');
  ca = readFileSync(standIns.addresses.caFile ?? '', 'utf8');
  control = standIns.control('key-vault', ca);
});

afterEach(async () => {
  await control.removeFaults();
  await control.settings({ settleMs: 0 });
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function credentialOf(displayName: string): AzureCredential {
  const { clientId, clientSecret } = entraClientOf(standIns.world, displayName);
  return azureCredential({
    kind: 'token-endpoint',
    tokenUrl: `${standIns.origin('directory')}/${standIns.world.entra.tenantId}/oauth2/v2.0/token`,
    clientId,
    clientSecret: new Secret(clientSecret),
  });
}

function vaults(more: Partial<KeyVaultOptions> = {}): KeyVaults {
  return new KeyVaults({
    credential: credentialOf('gatehouse'),
    hostSuffixes: ['.localhost'],
    disableChallengeResourceVerification: true,
    ca,
    connectTo: '127.0.0.1',
    ...more,
  });
}

function urlOf(cluster: number): string {
  const name = standIns.world.clusters[cluster]?.vault ?? '';
  return `https://${name}.localhost:${new URL(standIns.origin('key-vault')).port}`;
}

function store(more: Partial<KeyVaultOptions> = {}): KeyVaultStore {
  return vaults(more).store(urlOf(0));
}

/** deletes a secret as somebody with a portal would */
async function remove(name: string): Promise<void> {
  const agent = new Agent({
    ca,
    lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const client = new SecretClient(urlOf(0), credentialOf('vault-admin'), {
    agent,
    disableChallengeResourceVerification: true,
  });
  await client.beginDeleteSecret(name);
  agent.destroy();
}

async function answersSince(seq: number): Promise<readonly (number | undefined)[]> {
  return (await control.events(seq)).filter(({ phase }) => phase === 'answer').map(({ status }) => status);
}

async function lastEvent(): Promise<number> {
  return (await control.events()).at(-1)?.seq ?? 0;
}

describe('a secret', () => {
  it('is read back with its version and its marker', async () => {
    const written = await store().write(NAME, new Secret('value one'), MARKER);
    const found = await store().read(NAME);
    expect(found).toMatchObject({ version: written.version, tags: MARKER });
    expect(found?.value.reveal()).toBe('value one');
    expect(inspect(found, { depth: null })).not.toContain('value one');
  });

  it('is null when there is none', async () => {
    expect(await store().read('nobody-wrote-this')).toBeNull();
  });

  it('every write adds a version, equal or not, for there is no conditional write', async () => {
    const one = await store().write('versions', new Secret('same'), MARKER);
    const two = await store().write('versions', new Secret('same'), MARKER, { replaces: 'not the version' });
    expect(two.version).not.toBe(one.version);
    expect((await store().read('versions'))?.version).toBe(two.version);
  });

  it('a version that somebody else wrote has no marker of ours', async () => {
    await store().write('overwritten', new Secret('ours'), MARKER);
    const theirs = new Secret('theirs');
    await store().write('overwritten', theirs, { requestId: 'req-2', effect: 'other' });
    expect((await store().read('overwritten'))?.tags).toEqual({ requestId: 'req-2', effect: 'other' });
  });

  it('stays in its vault', async () => {
    const all = vaults();
    await all.store(urlOf(0)).write('in-the-first', new Secret('x'), MARKER);
    expect(await all.store(urlOf(1)).read('in-the-first')).toBeNull();
  });

  it.each([['otterize.client'], ['a/b'], ['under_score'], [''], ['x'.repeat(128)]])(
    'a name that the vault does not take is refused before the call: %s',
    async (name) => {
      const before = await lastEvent();
      const trouble = await troubleFrom(store().write(name, new Secret('x'), MARKER));
      expect(trouble).toMatchObject({ kind: 'invalid' });
      expect(await answersSince(before)).toEqual([]);
    },
  );
});

describe('a name that a deleted secret holds', () => {
  it('a soft-deleted secret is a conflict that says what to do, and is neither recovered nor purged', async () => {
    await store().write('soft-deleted', new Secret('x'), MARKER);
    await remove('soft-deleted');
    const trouble = await troubleFrom(store().write('soft-deleted', new Secret('y'), MARKER));
    expect(trouble).toMatchObject({
      kind: 'conflict',
      status: 409,
      code: 'ObjectIsDeletedButRecoverable',
      remedy: expect.stringMatching(/[Rr]ecover .* purge/),
      object: `soft-deleted in ${urlOf(0)}`,
    });
    expect(await store().read('soft-deleted')).toBeNull();
  });

  it('a secret that is being deleted is busy, not a conflict', async () => {
    await store().write('being-deleted', new Secret('x'), MARKER);
    await control.settings({ settleMs: 600_000 });
    await remove('being-deleted');
    expect(await troubleFrom(store().write('being-deleted', new Secret('y'), MARKER))).toMatchObject({
      kind: 'busy',
      code: 'ObjectIsBeingDeleted',
    });
  });

  it('a secret that is being recovered is busy too', async () => {
    const error = { code: 'Conflict', message: 'busy', innererror: { code: 'ObjectIsBeingRecovered' } };
    await control.addFault({
      id: 'recovering',
      match: { method: 'PUT' },
      skip: 1,
      when: 'before',
      kind: 'status',
      status: 409,
      body: { error },
    });
    expect(await troubleFrom(store().write('recovering', new Secret('y'), MARKER))).toMatchObject({
      kind: 'busy',
      code: 'ObjectIsBeingRecovered',
    });
  });
});

describe('the library', () => {
  it('learns whom to ask for a token from a first 401, once per client, and one client serves a vault', async () => {
    const all = vaults();
    const before = await lastEvent();
    await all.store(urlOf(0)).read('any');
    await all.store(`${urlOf(0)}/`).read('any');
    expect(await answersSince(before)).toEqual([401, 404, 404]);
  });

  it.each([[429], [500], [503]])('the library repeats nothing by itself after %i', async (status) => {
    await store().write('warm', new Secret('x'), MARKER);
    const one = store();
    await one.read('warm');
    const before = await lastEvent();
    await control.addFault({
      id: 'x',
      match: { method: 'PUT' },
      when: 'before',
      kind: 'status',
      status,
      times: 0,
    });
    const { kind } = await troubleFrom(one.write('warm', new Secret('y'), MARKER));
    expect(kind).toBe(status === 429 ? 'throttled' : 'unavailable');
    expect(await answersSince(before)).toEqual([status]);
  });

  it('a write whose answer is lost is not repeated by the library', async () => {
    const one = store();
    await one.read('warm');
    const before = await lastEvent();
    await control.addFault({ id: 'lost', match: { method: 'PUT' }, when: 'after', kind: 'cut' });
    expect(await troubleFrom(one.write('answer-lost', new Secret('y'), MARKER))).toMatchObject({
      kind: 'unavailable',
    });
    expect(await answersSince(before)).toHaveLength(1);
    expect((await one.read('answer-lost'))?.value.reveal()).toBe('y');
  });

  it.each([
    ['retry-after', '3', 3000],
    ['retry-after-ms', '250', 250],
    ['x-ms-retry-after-ms', '1500', 1500],
  ])('the time to wait is read from %s', async (header, value, expected) => {
    const one = store();
    await one.read('warm');
    await control.addFault({
      id: 'busy',
      match: { method: 'GET' },
      when: 'before',
      kind: 'status',
      status: 429,
      headers: { [header]: value },
    });
    expect(await troubleFrom(one.read('warm'))).toMatchObject({ kind: 'throttled', retryAfterMs: expected });
  });

  it('an answer without a body keeps its status and its time to wait, which the library loses', async () => {
    const one = store();
    await one.read('warm');
    await control.addFault({
      id: 'empty',
      match: { method: 'GET' },
      when: 'before',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '3' },
      body: '',
    });
    expect(await troubleFrom(one.read('warm'))).toMatchObject({
      kind: 'throttled',
      status: 429,
      retryAfterMs: 3000,
    });
  });

  it('an answer that is no JSON is malformed', async () => {
    const one = store();
    await one.read('warm');
    await control.addFault({ id: 'm', match: { method: 'GET' }, when: 'before', kind: 'malformed' });
    expect(await troubleFrom(one.read('warm'))).toMatchObject({ kind: 'malformed' });
  });

  it('ends a call that has no answer in time, and one that is cancelled', async () => {
    const one = store({ timeoutMs: 200 });
    await one.read('warm');
    await control.addFault({ id: 'hold', match: { method: 'GET' }, when: 'before', kind: 'hold', times: 0 });
    expect(await troubleFrom(one.read('warm'))).toMatchObject({ kind: 'unavailable', code: 'TIMEOUT' });
    const reason = new Error('cancelled by an operator');
    await expect(one.read('warm', AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const waiting = store().read('warm', abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await control.release('hold');
  });

  it('waits for the bucket of its credential', async () => {
    const waits: number[] = [];
    const bucket = new TokenBucket({ perSecond: 1 }, { now: () => 0, sleep: async (ms) => waits.push(ms) });
    const one = store({ bucket });
    await one.read('warm');
    await one.read('warm');
    expect(waits).toEqual([1000]);
  });
});

describe('trouble', () => {
  it('a right that is missing is named', async () => {
    const readOnly = store({ credential: credentialOf('external-secrets') });
    expect(await troubleFrom(readOnly.write('x', new Secret('y'), MARKER))).toMatchObject({
      kind: 'forbidden',
      status: 403,
      code: 'ForbiddenByRbac',
    });
  });

  it('a token that the vault refuses, and a credential that gives none, are trouble of the provider', async () => {
    const stale: AzureCredential = {
      getToken: async () => ({ token: 'stale', expiresOnTimestamp: Date.now() + 3_600_000 }),
    };
    expect(await troubleFrom(store({ credential: stale }).read('x'))).toMatchObject({
      kind: 'unauthenticated',
    });
    const none: AzureCredential = {
      getToken: () => Promise.reject(new CredentialUnavailableError('the token file canary-path is missing')),
    };
    const trouble = await troubleFrom(store({ credential: none }).read('x'));
    expect(trouble).toMatchObject({ kind: 'unauthenticated', code: 'CredentialUnavailableError' });
    expect(JSON.stringify(trouble)).not.toContain('canary-path');
    const unreachable = azureCredential({
      kind: 'token-endpoint',
      tokenUrl: 'http://127.0.0.1:9/token',
      clientId: 'x',
      clientSecret: new Secret('x'),
    });
    expect(await troubleFrom(store({ credential: unreachable }).read('x'))).toMatchObject({
      kind: 'unavailable',
    });
    const nothing: AzureCredential = { getToken: async () => null };
    expect(await troubleFrom(store({ credential: nothing }).read('x'))).toMatchObject({
      kind: 'unauthenticated',
    });
  });

  it('no error shows the token or the value, however it is printed', async () => {
    const tokens: string[] = [];
    const inner = credentialOf('external-secrets');
    const credential: AzureCredential = {
      getToken: async (scopes) => {
        const token = await inner.getToken(scopes);
        if (token !== null) tokens.push(token.token);
        return token;
      },
    };
    const value = new Secret('canary-value-77');
    const refused = await store({ credential })
      .write('x', value, MARKER)
      .catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(SystemError);
    expect(tokens).toHaveLength(1);
    const shown = `${inspect(refused, { depth: null, showHidden: true })} ${JSON.stringify(refused)}`;
    expect(shown).not.toContain(tokens[0]);
    expect(shown).not.toContain(value.reveal());
  });

  it.each([
    ['http://kv-harbour-01-dev.localhost'],
    ['https://kv-harbour-01-dev.evil.example'],
    ['https://localhost.evil.example'],
    ['https://user@kv-harbour-01-dev.localhost'],
    ['https://kv-harbour-01-dev.localhost/vaults/x'],
    ['kv-harbour-01-dev'],
  ])('no token goes to an address that is not a configured key vault: %s', (url) => {
    expect(() => vaults().store(url)).toThrow(/this is no key vault/);
  });
});

describe('the challenge of the vault', () => {
  let folder: TemporaryFolder;
  const servers: Server[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder('challenge');
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    }
  });

  afterAll(() => folder.remove());

  /** a server behind the name of a key vault in Azure, with a certificate for it */
  async function impostor(
    listener: RequestListener,
  ): Promise<{ readonly url: string; readonly caPem: string }> {
    const { tls, caFile } = loopbackTls(folder.path, ['kv-x.vault.azure.net']);
    const server = createServer(tls, listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    return { url: `https://kv-x.vault.azure.net:${address.port}`, caPem: readFileSync(caFile, 'utf8') };
  }

  it('a challenge for the token of another domain gets none', async () => {
    const challenge =
      'Bearer authorization="https://login.example/t", resource="https://graph.microsoft.com"';
    const { url, caPem } = await impostor((_request, response) => {
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    let asked = 0;
    const credential: AzureCredential = {
      getToken: async () => {
        asked += 1;
        return null;
      },
    };
    const one = new KeyVaults({ credential, ca: caPem, connectTo: '127.0.0.1' }).store(url);
    expect(await troubleFrom(one.read('x'))).toMatchObject({
      kind: 'invalid',
      code: 'ChallengeResourceMismatch',
    });
    expect(asked).toBe(0);
  });

  it('a certificate of an unknown authority is refused before anything is sent', async () => {
    let requests = 0;
    const { url } = await impostor((_request, response) => {
      requests += 1;
      response.end();
    });
    const one = new KeyVaults({ credential: credentialOf('gatehouse'), connectTo: '127.0.0.1' }).store(url);
    expect((await troubleFrom(one.read('x'))).kind).toBe('unavailable');
    expect(requests).toBe(0);
  });

  it('a 404 of something else than a key vault is trouble, not an absent secret', async () => {
    const { url, caPem } = await impostor((_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"no route"}');
    });
    const one = new KeyVaults({
      credential: credentialOf('gatehouse'),
      ca: caPem,
      connectTo: '127.0.0.1',
    }).store(url);
    expect((await troubleFrom(one.read('x'))).kind).toBe('not-found');
  });

  it('a redirect is not followed', async () => {
    const targets: (string | undefined)[] = [];
    const { url, caPem } = await impostor((request, response) => {
      targets.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const one = new KeyVaults({
      credential: credentialOf('gatehouse'),
      ca: caPem,
      connectTo: '127.0.0.1',
    }).store(url);
    expect((await troubleFrom(one.read('x'))).kind).toBe('invalid');
    expect(targets).toHaveLength(1);
  });
});

it('ping reads a secret that nobody has', async () => {
  await store().ping();
  const noRights = store({
    credential: { getToken: async () => ({ token: 'x', expiresOnTimestamp: Date.now() }) },
  });
  expect((await troubleFrom(noRights.ping())).kind).toBe('unauthenticated');
});
