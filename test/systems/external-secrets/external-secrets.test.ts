import { describe, expect, it } from 'vitest';
import { ExternalSecrets } from '../../../src/systems/external-secrets/external-secrets.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';

function secretsAt(server: string): ExternalSecrets {
  return new ExternalSecrets({
    connection: new KubernetesConnection({ server, token: async () => new Secret('of-a-test') }),
  });
}

const META = { name: 'otterize-cloud', namespace: 'otterize-system' };

describe('ExternalSecrets', () => {
  it('reads the served version v1 and the store that the object names', async () => {
    await using server = await answeringServer((asked, response) =>
      asked.target.includes('externalsecrets')
        ? json(response, 200, {
            metadata: META,
            spec: { secretStoreRef: { name: 'vault', kind: 'SecretStore' } },
          })
        : json(response, 200, { metadata: { name: 'vault' } }),
    );
    const client = secretsAt(server.url);
    const secret = await client.read(META.namespace, META.name);
    expect(secret?.metadata.name).toBe('otterize-cloud');
    if (secret) expect(await client.readStoreOf(secret)).toMatchObject({ metadata: { name: 'vault' } });
    expect(server.asked.map((asked) => asked.target)).toEqual([
      '/apis/external-secrets.io/v1/namespaces/otterize-system/externalsecrets/otterize-cloud',
      '/apis/external-secrets.io/v1/namespaces/otterize-system/secretstores/vault',
    ]);
  });

  it('reads a store of the whole cluster without a namespace', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { metadata: { name: 'all' } }),
    );
    const spec = { secretStoreRef: { name: 'all', kind: 'ClusterSecretStore' } };
    expect(await secretsAt(server.url).readStoreOf({ metadata: META, spec })).toMatchObject({
      metadata: { name: 'all' },
    });
    expect(server.asked[0]?.target).toBe('/apis/external-secrets.io/v1/clustersecretstores/all');
  });

  it('asks for no store when each entry names its own', async () => {
    await using server = await answeringServer((_, response) => json(response, 500, {}));
    expect(await secretsAt(server.url).readStoreOf({ metadata: META, spec: {} })).toBeUndefined();
    expect(server.asked).toHaveLength(0);
  });

  it('forces a sync by annotation alone', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, { metadata: META }));
    await secretsAt(server.url).forceSync(META.namespace, META.name, 'token-1');
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      metadata: { annotations: { 'external-secrets.io/force-sync': 'token-1' } },
    });
  });
});
