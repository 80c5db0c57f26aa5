import type { World } from '../world.js';
import { type Account, EVERYTHING, type Verb } from './access.js';
import type { Loose } from './objects.js';
import { shopObjects } from './shop-objects.js';

/** Cluster in which Argo CD's Applications live. */
export const MANAGEMENT = 'management';
export const ARGOCD_NAMESPACE = 'argocd';
export const SERVICE_NAMESPACE = 'otterize-system';
export const EXTERNAL_SECRET = 'otterize-cloud';
const PROJECT = 'platform';
const STORE = 'cluster-vault';
const STORE_CREDENTIALS = 'vault-credentials';

export interface SeedObject {
  readonly cluster: string;
  readonly plural: string;
  readonly object: Loose;
}

/** Addresses of other stand-ins that stand in objects; they may be other ones after a restart. */
export interface Addresses {
  readonly gitlab: string;
  readonly keyVault: string;
}

/** What a pipeline needs that only waits: reading, no Secret, no write (docs/wait.md shows it as a ClusterRole). */
export const PIPELINE_RIGHTS: Account['rights'] = {
  applications: ['get', 'list'],
  appprojects: ['get'],
  kustomizations: ['get'],
  helmreleases: ['get'],
  gitrepositories: ['get'],
  ocirepositories: ['get'],
  externalartifacts: ['get'],
  helmcharts: ['get'],
  deployments: ['get'],
  statefulsets: ['get'],
  daemonsets: ['get'],
  rollouts: ['get'],
  pods: ['list'],
};

/**
 * What Gatehouse may do: read and refresh, never read a Secret; and what a pipeline may do that only waits.
 * @param pipelineToken of that pipeline, good in every cluster
 */
export function accountsOf(world: World, adminToken: string, pipelineToken: string): readonly Account[] {
  const user = 'system:serviceaccount:gatehouse:gatehouse';
  const read = ['get', 'list', 'watch'] as const;
  return [
    {
      token: world.kubernetes.managementToken,
      cluster: MANAGEMENT,
      user,
      rights: { applications: [...read, 'patch'], appprojects: read, namespaces: read },
    },
    ...world.clusters.map((cluster) => ({
      token: cluster.kubernetesToken,
      cluster: cluster.name,
      user,
      rights: {
        externalsecrets: [...read, 'patch'] as const,
        secretstores: read,
        namespaces: read,
        deployments: read,
        statefulsets: read,
        daemonsets: read,
        rollouts: read,
        pods: read,
        ...fluxRights([...read, 'patch']),
        jobs: ['get', 'create'] as const,
        cronjobs: ['get'] as const,
      },
    })),
    ...[MANAGEMENT, ...world.clusters.map((cluster) => cluster.name)].map((cluster) => ({
      token: pipelineToken,
      cluster,
      user: 'system:serviceaccount:ci:gatehouse-wait',
      rights: PIPELINE_RIGHTS,
    })),
    ...[MANAGEMENT, ...world.clusters.map((cluster) => cluster.name)].map((cluster) => ({
      token: adminToken,
      cluster,
      user: 'system:admin',
      rights: EVERYTHING,
    })),
  ];
}

/** Reading Flux' objects, and asking them to reconcile by an annotation. */
function fluxRights(verbs: readonly Verb[]): Account['rights'] {
  const kinds = ['kustomizations', 'helmreleases', 'gitrepositories', 'ocirepositories', 'helmcharts'];
  const rights = Object.fromEntries(kinds.map((kind) => [kind, verbs]));
  // nothing reconciles them, so nobody asks for it
  return { ...rights, externalartifacts: verbs.filter((verb) => verb !== 'patch') };
}

export function repositoryUrl(addresses: Addresses): string {
  return `${addresses.gitlab}/platform/clusters.git`;
}

/** `https://kv-harbour-01-dev.localhost:4013` */
export function vaultUrl(addresses: Addresses, vault: string): string {
  const url = new URL(addresses.keyVault);
  url.hostname = `${vault}.localhost`;
  return url.origin;
}

/** Objects of all clusters at the start. Applications have no status yet: the controller compares them first. */
export function seedObjects(world: World, addresses: Addresses): SeedObject[] {
  const reader = world.entra.clients.find((client) => client.displayName === 'external-secrets');
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const namespace = (cluster: string, name: string): SeedObject => ({
    cluster,
    plural: 'namespaces',
    object: { metadata: { name }, status: { phase: 'Active' } },
  });
  const objects: SeedObject[] = [
    namespace(MANAGEMENT, ARGOCD_NAMESPACE),
    {
      cluster: MANAGEMENT,
      plural: 'appprojects',
      object: {
        metadata: { name: PROJECT, namespace: ARGOCD_NAMESPACE },
        spec: {
          description: 'Stacks of the platform team',
          sourceRepos: ['*'],
          destinations: [{ name: '*', namespace: SERVICE_NAMESPACE }],
        },
      },
    },
  ];
  const [first, , third] = world.clusters;
  if (first !== undefined) {
    objects.push(
      ...shopObjects(
        [
          { name: 'dev', cluster: first.name },
          { name: 'prod', cluster: third?.name ?? first.name },
        ],
        { management: MANAGEMENT, argocdNamespace: ARGOCD_NAMESPACE, gitlab: addresses.gitlab },
      ),
    );
  }
  for (const cluster of world.clusters) {
    objects.push(
      namespace(cluster.name, SERVICE_NAMESPACE),
      {
        cluster: cluster.name,
        plural: 'secrets',
        object: {
          type: 'Opaque',
          metadata: { name: STORE_CREDENTIALS, namespace: SERVICE_NAMESPACE },
          data: {
            clientId: base64(reader?.clientId ?? ''),
            clientSecret: base64(reader?.clientSecret ?? ''),
          },
        },
      },
      {
        cluster: cluster.name,
        plural: 'secretstores',
        object: {
          metadata: { name: STORE, namespace: SERVICE_NAMESPACE },
          spec: {
            provider: {
              azurekv: {
                authType: 'ServicePrincipal',
                tenantId: world.entra.tenantId,
                vaultUrl: vaultUrl(addresses, cluster.vault),
                authSecretRef: {
                  clientId: { name: STORE_CREDENTIALS, key: 'clientId' },
                  clientSecret: { name: STORE_CREDENTIALS, key: 'clientSecret' },
                },
              },
            },
          },
        },
      },
      {
        cluster: cluster.name,
        plural: 'externalsecrets',
        object: {
          metadata: { name: EXTERNAL_SECRET, namespace: SERVICE_NAMESPACE },
          spec: {
            refreshInterval: '1h0m0s',
            secretStoreRef: { kind: 'SecretStore', name: STORE },
            target: { name: EXTERNAL_SECRET, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
            data: [
              { secretKey: 'clientId', remoteRef: { key: 'otterize-cloud-client-id' } },
              { secretKey: 'clientSecret', remoteRef: { key: 'otterize-cloud-client-secret' } },
            ],
          },
        },
      },
      {
        cluster: MANAGEMENT,
        plural: 'applications',
        object: {
          metadata: {
            name: cluster.application,
            namespace: ARGOCD_NAMESPACE,
            labels: { cluster: cluster.name, stage: cluster.stage },
          },
          spec: {
            project: PROJECT,
            source: { repoURL: repositoryUrl(addresses), path: cluster.path, targetRevision: 'main' },
            destination: { name: cluster.name, namespace: SERVICE_NAMESPACE },
            syncPolicy: { automated: { prune: true, selfHeal: true } },
          },
        },
      },
    );
  }
  return objects;
}

/** SecretStore and ExternalSecret of one cluster for a Vault or OpenBao instead of the Key Vault. */
export function vaultObjects(input: {
  readonly cluster: string;
  readonly server: string;
  readonly token: string;
  readonly mount: string;
  readonly path: string;
}): SeedObject[] {
  const prefix = input.path === '' ? '' : `${input.path}/`;
  const from = (name: string) => ({ key: `${prefix}${name}`, property: 'value' });
  return [
    {
      cluster: input.cluster,
      plural: 'secrets',
      object: {
        type: 'Opaque',
        metadata: { name: STORE_CREDENTIALS, namespace: SERVICE_NAMESPACE },
        data: { token: Buffer.from(input.token).toString('base64') },
      },
    },
    {
      cluster: input.cluster,
      plural: 'secretstores',
      object: {
        metadata: { name: STORE, namespace: SERVICE_NAMESPACE },
        spec: {
          provider: {
            vault: {
              server: input.server,
              path: input.mount,
              version: 'v2',
              auth: { tokenSecretRef: { name: STORE_CREDENTIALS, key: 'token' } },
            },
          },
        },
      },
    },
    {
      cluster: input.cluster,
      plural: 'externalsecrets',
      object: {
        metadata: { name: EXTERNAL_SECRET, namespace: SERVICE_NAMESPACE },
        spec: {
          refreshInterval: '1h0m0s',
          secretStoreRef: { kind: 'SecretStore', name: STORE },
          target: { name: EXTERNAL_SECRET, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
          data: [
            { secretKey: 'clientId', remoteRef: from('otterize-cloud-client-id') },
            { secretKey: 'clientSecret', remoteRef: from('otterize-cloud-client-secret') },
          ],
        },
      },
    },
  ];
}
