import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import { TokenBucket } from '../../../src/systems/http/token-bucket.js';
import { Secret } from '../../../src/systems/secret.js';
import { VaultClient, type VaultOptions, type VaultStore } from '../../../src/systems/vault/client.js';
import { troubleFrom } from '../http/trouble-of.js';
import type { SeenRequest } from '../http/vendor-server.js';
import { type KvServer, startKvServer } from './kv-server.js';
import { describeVaultStore } from './store.contract.js';

const MARKER = { requestId: 'req-1', effect: 'harbour-01/dev:secrets' };
const WRITE_ONCE = fileURLToPath(new URL('write-once.ts', import.meta.url));
let server: KvServer;

beforeAll(async () => {
  server = await startKvServer();
});

afterEach(() => {
  server.fault = undefined;
  server.leaseSeconds = 3600;
  server.seen.length = 0;
  vi.unstubAllEnvs();
});

afterAll(() => server.close());

describeVaultStore(async () => server);

function store(more: Partial<VaultOptions> = {}): VaultStore {
  const login = { kind: 'token', token: async () => new Secret(server.root) } as const;
  return new VaultClient({ url: server.url, login, ...more }).store('kv', 'transport');
}

describe('what node-vault sends goes through our own request', () => {
  it.each([
    [429, { 'retry-after': '7' }, { kind: 'throttled', retryAfterMs: 7000 }],
    [503, {}, { kind: 'unavailable', code: 'Sealed' }],
    [500, {}, { kind: 'unavailable' }],
    [301, { location: '/v1/kv/data/elsewhere' }, { kind: 'invalid' }],
  ])('%i is answered by one typed trouble after one attempt', async (status, headers, expected) => {
    server.fault = () => ({ status, headers, body: { errors: status === 503 ? ['Vault is sealed'] : [] } });
    expect(await troubleFrom(store().read('x'))).toMatchObject({ system: 'vault', status, ...expected });
    expect(server.seen).toHaveLength(1);
  });

  it('a mount that is still being upgraded is busy', async () => {
    server.fault = () => ({
      status: 400,
      body: { errors: ['Upgrading from non-versioned to versioned data. This backend will be unavailable'] },
    });
    expect(await troubleFrom(store().write('x', new Secret('value'), MARKER))).toMatchObject({
      kind: 'busy',
      code: 'MountUpgrading',
    });
  });

  it('every success is one, not only 200 and 204', async () => {
    server.fault = (request) =>
      request.method === 'GET'
        ? { status: 404, body: { errors: [] } }
        : request.target.includes('/data/')
          ? { status: 201, body: { data: { version: 1 } } }
          : { status: 202 };
    expect(await store().write('x', new Secret('value'), MARKER)).toEqual({ version: '1' });
  });

  it('an answer that never comes ends in time', async () => {
    server.fault = () => undefined;
    expect(await troubleFrom(store({ timeoutMs: 50 }).read('x'))).toMatchObject({
      kind: 'unavailable',
      code: 'TIMEOUT',
    });
  });

  it('a cancelled call ends with the reason of the signal', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled by an operator');
    server.fault = () => {
      abort.abort(reason);
      return undefined;
    };
    await expect(store().read('x', abort.signal)).rejects.toBe(reason);
  });

  it('waits for the bucket of its credential', async () => {
    const waits: number[] = [];
    const bucket = new TokenBucket({ perSecond: 1 }, { now: () => 0, sleep: async (ms) => waits.push(ms) });
    await store({ bucket }).write('paced', new Secret('value'), MARKER);
    // what stands beside it is read, then value and marker are written
    expect(waits).toEqual([1000, 2000]);
  });

  it('the namespace is sent, and a version 1 mount is noticed by the answer to a write', async () => {
    server.fault = () => ({ status: 204 });
    expect(
      await troubleFrom(store({ namespace: 'team/a' }).write('x', new Secret('value'), MARKER)),
    ).toMatchObject({
      kind: 'malformed',
    });
    expect(server.seen[0]?.headers).toMatchObject({ 'x-vault-namespace': 'team/a' });
  });

  it('the variables of the vault command line have no say', async () => {
    vi.stubEnv('VAULT_TOKEN', 'token-of-the-shell');
    vi.stubEnv('VAULT_NAMESPACE', 'namespace-of-the-shell');
    vi.stubEnv('VAULT_PREFIX', '/prefix-of-the-shell');
    vi.stubEnv('VAULT_ADDR', 'http://127.0.0.1:9');
    const client = new VaultClient({
      url: server.url,
      login: { kind: 'approle', roleId: server.roleId, secretId: async () => new Secret(server.secretId) },
    });
    expect(await client.store('kv', 'transport').read('absent')).toBeNull();
    expect(server.seen.map(({ target }) => target)).toEqual([
      '/v1/auth/approle/login',
      '/v1/kv/data/transport/absent',
    ]);
    for (const { headers } of server.seen) {
      expect(headers['x-vault-namespace']).toBeUndefined();
      expect(headers['x-vault-token']).not.toBe('token-of-the-shell');
    }
  });
});

describe('secrets stay secret', () => {
  it('an error shows neither the token nor the value, however it is printed', async () => {
    const value = new Secret('canary-value-41');
    // the look at what stands beside it is answered: the write itself is refused
    const nothingThere = { status: 404, body: { errors: [] } };
    const refusal = (request: SeenRequest) => ({
      status: 400,
      body: { errors: [`cannot store ${request.body} for ${String(request.headers['x-vault-token'])}`] },
    });
    server.fault = (request) => (request.method === 'GET' ? nothingThere : refusal(request));
    const refused = await store()
      .write('x', value, MARKER)
      .catch((thrown: unknown) => thrown);
    await server.close();
    const cut = await store()
      .write('x', value, MARKER)
      .catch((thrown: unknown) => thrown);
    server = await startKvServer();
    for (const error of [refused, cut]) {
      expect(error).toBeInstanceOf(SystemError);
      const shown = `${inspect(error, { depth: null, showHidden: true })} ${JSON.stringify(error)}`;
      expect(shown).not.toContain(value.reveal());
      expect(shown).not.toContain(server.root);
    }
  });

  it('the debug output of the library shows no value, which it would by itself', async () => {
    const run = async (more: NodeJS.ProcessEnv) => {
      const args = ['--import', import.meta.resolve('tsx'), WRITE_ONCE];
      const env = {
        ...process.env,
        DEBUG: '*',
        URL: server.url,
        TOKEN: server.root,
        CANARY: 'canary-debug-88',
        ...more,
      };
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
      return stdout + stderr;
    };
    expect(await run({})).not.toContain('canary-debug-88');
    expect(await run({ PLAIN: '1' })).toContain('canary-debug-88');
  });
});

describe('logging in', () => {
  it('reads the service account token anew for each login, and one identity never uses the token of another', async () => {
    const jwts = ['rotated-away', server.jwt];
    const login = {
      kind: 'kubernetes',
      role: 'gatehouse',
      jwt: async () => new Secret(jwts.shift() ?? ''),
    } as const;
    const pod = new VaultClient({ url: server.url, login });
    const other = new VaultClient({
      url: server.url,
      login: { kind: 'token', token: async () => new Secret(server.reader) },
    });
    expect(await troubleFrom(pod.store('kv', 'a').read('x'))).toMatchObject({
      kind: 'unauthenticated',
      operation: 'log in',
      object: 'role gatehouse',
    });
    expect(await pod.store('kv', 'a').read('x')).toBeNull();
    await other.store('kv', 'a').read('x');
    const used = server.seen
      .filter(({ target }) => target.includes('/kv/'))
      .map(({ headers }) => headers['x-vault-token']);
    expect(new Set(used).size).toBe(2);
    expect(used[1]).toBe(server.reader);
  });

  it('a token is not used past its lease', async () => {
    server.leaseSeconds = 0.05;
    const logins: string[] = [];
    const client = new VaultClient({
      url: server.url,
      login: {
        kind: 'approle',
        roleId: server.roleId,
        secretId: async () => {
          logins.push('login');
          return new Secret(server.secretId);
        },
      },
    });
    await client.store('kv', 'a').read('x');
    await vi.waitFor(
      async () => {
        await client.store('kv', 'a').read('x');
        expect(logins.length).toBeGreaterThan(1);
      },
      { timeout: 10_000, interval: 20 },
    );
  });

  it('a token file that was replaced is used after the old token was refused', async () => {
    const files = ['ended', server.root];
    const login = { kind: 'token', token: async () => new Secret(files.shift() ?? server.root) } as const;
    expect(await store({ login }).read('x')).toBeNull();
  });

  it('a token that cannot be read is trouble of the provider and is not quoted', async () => {
    const login = {
      kind: 'token',
      token: async () => {
        throw new Error('ENOENT canary-token-path');
      },
    } as const;
    const trouble = await troubleFrom(store({ login }).read('x'));
    expect(trouble.kind).toBe('unauthenticated');
    expect(JSON.stringify(trouble)).not.toContain('canary-token-path');
  });
});
