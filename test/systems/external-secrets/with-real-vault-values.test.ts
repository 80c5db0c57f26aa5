import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { entraClientOf } from '../../../sandbox/world.js';
import { azureCredential } from '../../../src/systems/azure/credential.js';
import { ExternalSecrets } from '../../../src/systems/external-secrets/external-secrets.js';
import {
  judgeExternalSecret,
  type SecretJudgement,
} from '../../../src/systems/external-secrets/secret-state.js';
import { KeyVaults } from '../../../src/systems/key-vault/client.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const NAMESPACE = 'otterize-system';
const NAME = 'otterize-cloud';

let standIns: StandIns;

beforeAll(async () => {
  standIns = await startStandIns('directory', 'key-vault', 'gitlab', 'kubernetes');
});

afterEach(async () => {
  expect(await standIns.control('kubernetes').violations()).toEqual([]);
});

afterAll(() => standIns.close());

function clusterOf(index: number) {
  const cluster = standIns.world.clusters[index];
  if (cluster === undefined) throw new Error(`The example world has no cluster ${index}.`);
  return cluster;
}

function secretsOf(index: number): ExternalSecrets {
  const cluster = clusterOf(index);
  return new ExternalSecrets({
    connection: new KubernetesConnection({
      server: `${standIns.origin('kubernetes')}/clusters/${cluster.name}`,
      token: async () => new Secret(cluster.kubernetesToken),
    }),
  });
}

/** Writes both halves of the credentials to the cluster's vault; gives the time after which a read has them. */
async function writeCredentials(index: number, value: string): Promise<string> {
  const { clientId, clientSecret } = entraClientOf(standIns.world, 'gatehouse');
  const vaults = new KeyVaults({
    credential: azureCredential({
      kind: 'token-endpoint',
      tokenUrl: `${standIns.origin('directory')}/${standIns.world.entra.tenantId}/oauth2/v2.0/token`,
      clientId,
      clientSecret: new Secret(clientSecret),
    }),
    hostSuffixes: ['.localhost'],
    disableChallengeResourceVerification: true,
    ca: readFileSync(standIns.addresses.caFile ?? '', 'utf8'),
    connectTo: '127.0.0.1',
  });
  const port = new URL(standIns.origin('key-vault')).port;
  const store = vaults.store(`https://${clusterOf(index).vault}.localhost:${port}`);
  const marker = { requestId: 'req-1', effect: `${clusterOf(index).name}:secrets` };
  await store.write('otterize-cloud-client-id', new Secret(`${value}-id`), marker);
  await store.write('otterize-cloud-client-secret', new Secret(`${value}-secret`), marker);
  return new Date().toISOString();
}

async function judge(secrets: ExternalSecrets, writtenAt: string): Promise<SecretJudgement> {
  const secret = await secrets.read(NAMESPACE, NAME);
  const store = secret === null ? undefined : await secrets.readStoreOf(secret);
  return judgeExternalSecret(secret, store, { writtenAt });
}

async function readyAfter(secrets: ExternalSecrets, writtenAt: string): Promise<SecretJudgement> {
  let judgement = await judge(secrets, writtenAt);
  let tries = 0;
  await expect
    .poll(
      async () => {
        tries += 1;
        await secrets.forceSync(NAMESPACE, NAME, `${writtenAt}-${tries}`);
        judgement = await judge(secrets, writtenAt);
        return judgement.state;
      },
      { timeout: 60_000, interval: 400 },
    )
    .toBe('ready');
  return judgement;
}

describe('an ExternalSecret that follows real vault values', () => {
  it('waits while the vault is empty, and is ready with the names of what was made, never the values', async () => {
    const secrets = secretsOf(0);
    await expect
      .poll(() => judge(secrets, '2027-01-01T00:00:00Z'), { timeout: 60_000 })
      .toMatchObject({ state: 'waiting', clause: 'read-failed' });
    const judgement = await readyAfter(secrets, await writeCredentials(0, 'canary'));
    expect(judgement).toMatchObject({ state: 'ready', readBack: { externalSecret: NAME } });
    expect(JSON.stringify(judgement)).not.toContain('canary');
  });

  it('does not take the version before for the one just written', async () => {
    const secrets = secretsOf(1);
    await readyAfter(secrets, await writeCredentials(1, 'first'));
    const writtenAt = await writeCredentials(1, 'second');
    expect(await judge(secrets, writtenAt)).toMatchObject({ state: 'waiting', clause: 'read-too-early' });
    expect((await readyAfter(secrets, writtenAt)).state).toBe('ready');
  });

  it('finds no ExternalSecret where none is', async () => {
    const secrets = secretsOf(2);
    expect(await secrets.read(NAMESPACE, 'nothing')).toBeNull();
    expect(await secrets.ping()).toMatch(/^v1\./);
  });
});
