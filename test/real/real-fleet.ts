/** The clusters of the example world as real API servers, with a real Argo CD that deploys into them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { MANAGEMENT, SERVICE_NAMESPACE, vaultObjects } from '../../sandbox/kubernetes/example-objects.js';
import type { Loose } from '../../sandbox/kubernetes/objects.js';
import { resourceOf } from '../../sandbox/kubernetes/resources.js';
import { type RunningApiServer, startApiServer } from '../../sandbox/real/api-server.js';
import { installDefinitions } from '../../sandbox/real/crds.js';
import { ExternalSecretsLoop } from '../../sandbox/real/external-secrets-operator.js';
import { KubeClient } from '../../sandbox/real/kube-client.js';
import { startFakeKubelet } from '../../sandbox/real/kubernetes.js';
import { OtterizePods } from '../../sandbox/real/otterize-pods.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { rolesIn } from './documented-roles.js';
import { changeSystems, type OpenBaoMount, PATH } from './open-bao.js';
import { realCluster } from './real-cluster.js';
import { CHART_FILES, CHART_PATH } from './stack-chart.js';

const PROJECT = 'platform';
const REPOSITORY = 'platform/clusters';
const ARGOCD = 'argocd';
const OWN_NAMESPACE = 'gatehouse';
const ACCOUNT = 'gatehouse';

/** What Gatehouse may do in the clusters that it deploys into, and in the one of Argo CD. */
const CLUSTER_ROLE = 'gatehouse-external-secrets';
const MANAGEMENT_ROLE = 'gatehouse-argocd';

export class RealFleet {
  readonly #stack: GatehouseStack;
  readonly #management: KubeClient;
  readonly #clients = new Map<string, KubeClient>();
  readonly #made: Loose[] = [];
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(stack: GatehouseStack, management: KubeClient) {
    this.#stack = stack;
    this.#management = management;
  }

  /** @throws what the test is to be skipped by, where a component is not there */
  static demand(context: Pick<TestContext, 'skip'>): void {
    for (const [component, variable] of [
      ['kubernetes', 'REAL_ETCD'],
      ['argocd', 'REAL_ARGOCD_ADDR'],
    ] as const) {
      realComponent(context, component, variable);
    }
  }

  /** Makes everything that the platform team has made before anybody asks for a service. */
  static async start(
    context: Pick<TestContext, 'skip'>,
    stack: GatehouseStack,
    bao: OpenBaoMount,
  ): Promise<RealFleet> {
    const fleet = new RealFleet(stack, await realCluster(context));
    try {
      const etcd = realComponent(context, 'kubernetes', 'REAL_ETCD');
      for (const path of Object.keys(CHART_FILES)) {
        const commit = { project: REPOSITORY, path, content: CHART_FILES[path] };
        await new ControlClient(stack.address('gitlab')).post('/commit', commit);
      }
      for (const { name } of stack.world.clusters) await fleet.#startCluster(name, etcd, bao);
      await fleet.#tellArgoCd();
      await fleet.#configure();
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  /** An object in a cluster. */
  async read(cluster: string, object: Loose): Promise<Loose | null> {
    const client = cluster === MANAGEMENT ? this.#management : this.#clients.get(cluster);
    if (client === undefined) throw new Error(`There is no cluster ${cluster}.`);
    return client.read(object);
  }

  async stop(): Promise<void> {
    for (const object of this.#made.reverse()) await this.#management.remove(object);
    this.#management.close();
    for (const stop of this.#stops.reverse()) await stop();
  }

  async #startCluster(name: string, etcd: string, bao: OpenBaoMount): Promise<void> {
    const cluster = this.#stack.world.clusters.find((one) => one.name === name);
    const folder = join(this.#stack.folder, 'clusters', name);
    const prefix = `/${uniqueName(name)}`;
    const server: RunningApiServer = await startApiServer({ folder, etcd, prefix, controllers: true });
    this.#stops.push(server.stop);
    const client = new KubeClient(server.access);
    this.#clients.set(name, client);
    this.#stops.push(async () => client.close());
    await installDefinitions(client, ['external-secrets']);
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SERVICE_NAMESPACE } });
    const path = PATH.replace('{cluster}', name).replace('{stage}', cluster?.stage ?? '');
    const store = { cluster: name, server: bao.url, token: bao.token, mount: bao.mount, path };
    for (const { plural, object } of vaultObjects(store)) await client.apply(withKind(plural, object));
    const kubelet = await startFakeKubelet(server.kubeconfig, folder);
    this.#stops.push(() => kubelet.stop());
    const secrets = new ExternalSecretsLoop(client, SERVICE_NAMESPACE);
    this.#stops.push(() => secrets.stop());
    const pods = new OtterizePods(client, SERVICE_NAMESPACE, this.#stack.address('otterize'));
    this.#stops.push(() => pods.stop());
  }

  /** Clusters, repository, project and one Application a cluster. */
  async #tellArgoCd(): Promise<void> {
    const { world } = this.#stack;
    const repoURL = `${this.#stack.address('gitlab')}/${REPOSITORY}.git`;
    const secret = (name: string, type: string, stringData: Loose) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: ARGOCD, labels: { 'argocd.argoproj.io/secret-type': type } },
      stringData,
    });
    const login = { username: 'oauth2', password: world.gitlab.readToken };
    await this.#make(secret(uniqueName('repository'), 'repository', { type: 'git', url: repoURL, ...login }));
    for (const [name, { access }] of this.#clients) {
      const caData = Buffer.from(access.ca).toString('base64');
      const config = JSON.stringify({ bearerToken: access.token, tlsClientConfig: { caData } });
      await this.#make(secret(`cluster-${name}`, 'cluster', { name, server: access.server, config }));
    }
    await this.#make({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: PROJECT, namespace: ARGOCD },
      spec: { sourceRepos: [repoURL], destinations: [{ name: '*', namespace: SERVICE_NAMESPACE }] },
    });
    for (const { name, application, path } of world.clusters) {
      await this.#make({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: application, namespace: ARGOCD },
        spec: {
          project: PROJECT,
          source: {
            repoURL,
            path: CHART_PATH,
            targetRevision: 'main',
            helm: { valueFiles: [`/${path}/otterize.yaml`] },
          },
          destination: { name, namespace: SERVICE_NAMESPACE },
          syncPolicy: { automated: { prune: true, selfHeal: true } },
        },
      });
    }
  }

  /** Service accounts of Gatehouse, and their tokens in its installation. */
  async #configure(): Promise<void> {
    const connections = [
      await this.#connection(MANAGEMENT, this.#management, ARGOCD, MANAGEMENT_ROLE),
      ...(await Promise.all(
        [...this.#clients].map(([name, client]) =>
          this.#connection(name, client, SERVICE_NAMESPACE, CLUSTER_ROLE),
        ),
      )),
    ];
    changeSystems(this.#stack, { kubernetes: { connections } });
  }

  async #connection(name: string, client: KubeClient, namespace: string, role: string): Promise<Loose> {
    const rbac = 'rbac.authorization.k8s.io';
    await client.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OWN_NAMESPACE } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: OWN_NAMESPACE } },
      ...rolesIn('roles.yaml').filter(({ metadata }) => metadata.name === role),
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name: ACCOUNT, namespace },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: OWN_NAMESPACE }],
      },
    );
    const write = (file: string, text: string): string => {
      writeFileSync(join(this.#stack.installation.folder, 'secrets', file), text, { mode: 0o600 });
      return `secrets/${file}`;
    };
    const token = await client.tokenOf(OWN_NAMESPACE, ACCOUNT);
    return {
      name,
      server: client.access.server,
      tokenFile: write(`kubernetes-${name}`, token),
      caFile: write(`kubernetes-${name}.ca`, client.access.ca),
    };
  }

  async #make(object: Loose): Promise<void> {
    await this.#management.apply(object);
    this.#made.push(object);
  }
}

function withKind(plural: string, object: Loose): Loose {
  const { group, version, kind } = resourceOf(plural);
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}
