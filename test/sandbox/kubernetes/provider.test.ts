import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecretStore } from '../../../sandbox/kubernetes/external-secrets/external-secret.js';
import {
  Provider,
  ProviderError,
  StoreConfigError,
} from '../../../sandbox/kubernetes/external-secrets/providers.js';

const TOKEN = 'test-token';
let server: http.Server;
let origin: string;

beforeAll(async () => {
  // answers of a kv v2 engine as measured on OpenBao
  server = http.createServer((request, response) => {
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers['x-vault-token'] !== TOKEN) return send(403, { errors: ['permission denied'] });
    if (request.url === '/v1/secret/data/clusters/harbour-01/id') {
      return send(200, { data: { data: { value: 'cli_1' }, metadata: { version: 1 } } });
    }
    return send(404, { errors: [] });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function provider(token: string | null, address = origin): Provider {
  const store: SecretStore = {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: {
      name: 'cluster-vault',
      namespace: 'otterize-system',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-21T09:00:00Z',
    },
    spec: {
      provider: {
        vault: { server: address, path: 'secret', auth: { tokenSecretRef: { name: 'token', key: 'token' } } },
      },
    },
  };
  return new Provider(store, { secretValue: () => token, entraOrigin: () => undefined, ca: () => undefined });
}

describe('a store in Vault or OpenBao', () => {
  it('reads a value of kv v2 by its property', async () => {
    expect(await provider(TOKEN).read({ key: 'clusters/harbour-01/id', property: 'value' })).toBe('cli_1');
  });

  it('says what is missing: the secret, the property, the right, the server, the credentials', async () => {
    const failing = (vault: Provider, key: string, property = 'value') =>
      expect(vault.read({ key, property })).rejects;
    await failing(provider(TOKEN), 'clusters/none').toThrow('Secret does not exist');
    await failing(provider(TOKEN), 'clusters/harbour-01/id', 'other').toThrow('cannot find secret data');
    await failing(provider('wrong'), 'clusters/harbour-01/id').toThrow('403');
    await failing(provider(TOKEN, 'http://127.0.0.1:1'), 'x').toThrow(ProviderError);
    expect(() => provider(null).validate()).toThrow(StoreConfigError);
    expect(() => provider(TOKEN).validate()).not.toThrow();
  });
});
