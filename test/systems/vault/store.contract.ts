import { beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { Secret } from '../../../src/systems/secret.js';
import { VaultClient, type VaultStore } from '../../../src/systems/vault/client.js';
import { troubleFrom } from '../http/trouble-of.js';

/** A server to try the store on: kv v2 at `kv`, kv v1 at `old`, and credentials of three kinds. */
export interface VaultUnderTest {
  readonly url: string;
  /** may do everything */
  readonly root: string;
  /** may read kv v2, and no more */
  readonly reader: string;
  /** an AppRole that may do everything in kv v2 */
  readonly roleId: string;
  readonly secretId: string;
}

const MARKER = { requestId: 'req-1', effect: 'harbour-01/dev:secrets' };

/** What `VaultStore` promises, to be kept by every server behind it. */
export function describeVaultStore(
  open: (context: Pick<TestContext, 'skip'>) => Promise<VaultUnderTest>,
): void {
  let server: VaultUnderTest;
  let store: VaultStore;
  let path: string;
  let tests = 0;

  beforeEach(async (context) => {
    server = await open(context);
    tests += 1;
    path = `clusters/harbour-${process.pid}-${tests}`;
    store = withToken(server.root).store('kv', path);
  });

  function withToken(token: string): VaultClient {
    return new VaultClient({
      url: server.url,
      login: { kind: 'token', token: async () => new Secret(token) },
    });
  }

  function withAppRole(secretId: string, seen: string[] = []): VaultClient {
    return new VaultClient({
      url: server.url,
      login: {
        kind: 'approle',
        roleId: server.roleId,
        secretId: async () => {
          seen.push('login');
          return new Secret(secretId);
        },
      },
    });
  }

  /** what somebody else does, without our client */
  async function raw(method: string, target: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${server.url}/v1/${target}`, {
      method,
      headers: { 'x-vault-token': server.root },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  describe('a secret', () => {
    it('is read back with its version and its marker', async () => {
      expect(await store.write('client-id', new Secret('value one'), MARKER)).toEqual({ version: '1' });
      const found = await store.read('client-id');
      expect(found).toMatchObject({ version: '1', tags: MARKER });
      expect(found?.value.reveal()).toBe('value one');
    });

    it('a secret that exists is not created again, its version and value stay', async () => {
      await store.write('client-id', new Secret('first'), MARKER);
      expect(await troubleFrom(store.write('client-id', new Secret('second'), MARKER))).toMatchObject({
        system: 'vault',
        kind: 'conflict',
        status: 400,
        code: 'CheckAndSetMismatch',
      });
      expect((await store.read('client-id'))?.value.reveal()).toBe('first');
    });

    it('is replaced only by who knows its version', async () => {
      await store.write('client-id', new Secret('first'), MARKER);
      const replaced = await store.write('client-id', new Secret('second'), MARKER, { replaces: '1' });
      expect(replaced).toEqual({ version: '2' });
      const stale = store.write('client-id', new Secret('third'), MARKER, { replaces: '1' });
      expect(await troubleFrom(stale)).toMatchObject({ kind: 'conflict' });
      expect((await store.read('client-id'))?.value.reveal()).toBe('second');
    });

    it('is replaced without what stands beside it: other keys and metadata stay', async () => {
      const other = { username: 'svc', ports: [1, 2], nested: { a: null } };
      await raw('POST', `kv/data/${path}/client-id`, { data: { value: 'theirs', ...other } });
      const custom = { owner: 'team-a', contact: 'team-a@example.com' };
      await raw('POST', `kv/metadata/${path}/client-id`, { custom_metadata: custom });
      await store.write('client-id', new Secret('ours'), MARKER, { replaces: '1' });
      expect(await raw('GET', `kv/data/${path}/client-id`)).toMatchObject({
        data: {
          data: { value: 'ours', ...other },
          metadata: { custom_metadata: { ...custom, 'gatehouse-request': MARKER.requestId } },
        },
      });
      expect(await store.read('client-id')).toMatchObject({ version: '2', tags: MARKER });
    });

    it('keeps metadata that were there before it', async () => {
      await raw('POST', `kv/metadata/${path}/new`, { custom_metadata: { owner: 'team-b' } });
      await store.write('new', new Secret('ours'), MARKER);
      expect(await raw('GET', `kv/metadata/${path}/new`)).toMatchObject({
        data: { custom_metadata: { owner: 'team-b', 'gatehouse-effect': MARKER.effect } },
      });
    });

    it('a version that somebody else wrote later is not taken for ours', async () => {
      await store.write('client-id', new Secret('ours'), MARKER);
      await raw('POST', `kv/data/${path}/client-id`, { data: { value: 'theirs' } });
      expect(await store.read('client-id')).toMatchObject({ version: '2', tags: {} });
    });

    it('is null when there is none', async () => {
      expect(await store.read('nobody-wrote-this')).toBeNull();
    });

    it('a deleted secret is null to read and a conflict to write, which says what to do', async () => {
      await store.write('client-id', new Secret('first'), MARKER);
      await raw('DELETE', `kv/data/${path}/client-id`);
      expect(await store.read('client-id')).toBeNull();
      expect(await troubleFrom(store.write('client-id', new Secret('second'), MARKER))).toMatchObject({
        kind: 'conflict',
        code: 'SecretVersionDeleted',
        remedy: expect.stringMatching(/^Undelete version 1 /),
      });
    });

    it('of another shape is not one of ours', async () => {
      await raw('POST', `kv/data/${path}/theirs`, { data: { user: 'x', password: 'canary-9' } });
      const trouble = await troubleFrom(store.read('theirs'));
      expect(trouble).toMatchObject({ kind: 'conflict', code: 'NoValueKey' });
      expect(JSON.stringify(trouble)).not.toContain('canary-9');
    });

    it.each([['p=1&x'], ['a b#c?d%e'], ['ä/ö'], ['{{mustache}}']])(
      'a name of special characters is written to exactly this path: %s',
      async (name) => {
        await store.write(name, new Secret(`value of ${name}`), MARKER);
        expect((await store.read(name))?.value.reveal()).toBe(`value of ${name}`);
        const metadata = await raw('GET', `kv/metadata/${path}/${encodeURIComponent(name)}`);
        expect(metadata).toMatchObject({ data: { current_version: 1 } });
      },
    );

    it.each([[''], ['.'], ['..']])('the name "%s" is refused before the call', async (name) => {
      expect(await troubleFrom(store.read(name))).toMatchObject({ kind: 'invalid' });
    });
  });

  describe('credentials', () => {
    it('a token that never was one is trouble of the provider, a missing right is not', async () => {
      const stranger = withToken('hvs.nobody').store('kv', path);
      expect(await troubleFrom(stranger.read('x'))).toMatchObject({ kind: 'unauthenticated', status: 403 });
      const reader = withToken(server.reader).store('kv', path);
      expect(await reader.read('x')).toBeNull();
      expect(await troubleFrom(reader.write('x', new Secret('y'), MARKER))).toMatchObject({
        kind: 'forbidden',
        status: 403,
      });
    });

    it('an AppRole logs in once for many calls', async () => {
      const logins: string[] = [];
      const one = withAppRole(server.secretId, logins).store('kv', path);
      await Promise.all([one.read('x'), one.read('y')]);
      await one.write('x', new Secret('value'), MARKER);
      expect((await one.read('x'))?.value.reveal()).toBe('value');
      expect(logins).toHaveLength(1);
    });

    it('a token that was revoked is replaced by one new login, and the call is made', async () => {
      const logins: string[] = [];
      const client = withAppRole(server.secretId, logins);
      const one = client.store('kv', path);
      await one.read('x');
      await client.write({
        system: 'vault',
        operation: 'revoke own token',
        object: 'token',
        path: ['auth', 'token', 'revoke-self'],
        data: {},
      });
      await one.write('x', new Secret('after'), MARKER);
      expect((await one.read('x'))?.value.reveal()).toBe('after');
      expect(logins).toHaveLength(2);
    });

    it('a login that is refused is trouble of the provider and does not show what was sent', async () => {
      const trouble = await troubleFrom(withAppRole('canary-secret-id').store('kv', path).read('x'));
      expect(trouble).toMatchObject({
        kind: 'unauthenticated',
        operation: 'log in',
        object: 'auth method approle',
      });
      expect(JSON.stringify(trouble)).not.toContain('canary-secret-id');
    });
  });

  describe('ping', () => {
    it('is content with a kv v2 mount', async () => {
      await store.ping();
    });

    it('says that a mount is of version 1, where a write would land beside its path', async () => {
      const old = withToken(server.root).store('old', path);
      expect(await troubleFrom(old.ping())).toMatchObject({
        kind: 'invalid',
        remedy: expect.stringContaining('kv v2'),
      });
    });
  });
}
