import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { Access } from './access.js';
import { ApiServer } from './api-server.js';
import type { Application } from './argocd/application.js';
import { ApplicationController } from './argocd/controller.js';
import { RepositoryMirror } from './argocd/repository-mirror.js';
import { Workloads } from './argocd/workloads.js';
import {
  type Addresses,
  ARGOCD_NAMESPACE,
  accountsOf,
  MANAGEMENT,
  repositoryUrl,
  type SeedObject,
  seedObjects,
  vaultObjects,
  vaultUrl,
} from './example-objects.js';
import { ExternalSecretsOperator } from './external-secrets/controller.js';
import type { ExternalSecret, SecretStore } from './external-secrets/external-secret.js';
import { FluxControllers } from './flux/controllers.js';
import { ObjectStore, type Recorder } from './object-store.js';
import { isLoose, type Loose } from './objects.js';
import { OtterizeAgents } from './otterize-agent.js';
import { resourceOf } from './resources.js';
import { addObjectRoutes, addServerRoutes } from './routes.js';
import { Schemas } from './schemas.js';
import { DEFAULT_SETTINGS, KubernetesSettings, type KubernetesStandIn, KubernetesState } from './state.js';
import { statusBody } from './status-answers.js';

const VaultSwitch = Type.Object(
  {
    server: Type.String(),
    token: Type.String(),
    mount: Type.String(),
    /** path below the mount; `{cluster}` and `{stage}` are filled in */
    path: Type.String(),
  },
  { additionalProperties: false },
);
const SyncRequest = Type.Object({ application: Type.String() }, { additionalProperties: false });

/**
 * The Kubernetes API of many clusters (`/clusters/<name>`, and `/clusters/management` for Argo CD), with Argo CD, Flux and
 * External Secrets Operator at work in it: Argo CD and Flux follow the real commits of the GitLab stand-in, Flux pulls the
 * real charts of the Harbor stand-in, the operator reads the real values of the Key Vault stand-in, and the deployed stack
 * signs in at the Otterize stand-in.
 *
 * Objects are checked against the vendors' CRDs. Settings: `syncMs`, `pollMs`, `applications` (see `Behaviour`), `flux`
 * (see `FluxSettings`; it runs only when it is told to). Control routes beside the common ones: `POST /_sandbox/sync {application}` presses Sync; `POST /_sandbox/vault {server, token,
 * mount, path}` makes every cluster read its secrets from a Vault or OpenBao.
 */
export async function startKubernetes(context: StandInContext): Promise<RunningStandIn> {
  const { world } = context;
  const schemas = new Schemas();
  const clusters = new Set([MANAGEMENT, ...world.clusters.map((cluster) => cluster.name)]);
  const adminToken = randomBytes(24).toString('base64url');
  const pipelineToken = randomBytes(24).toString('base64url');
  const access = new Access(accountsOf(world, adminToken, pipelineToken));
  const standIn: KubernetesStandIn = new StandIn({
    system: 'kubernetes',
    folder: context.folder,
    state: {
      schema: KubernetesState,
      initial: () => ({ version: 1, objects: {}, owners: {}, live: {} }),
    },
    settings: { schema: KubernetesSettings, defaults: DEFAULT_SETTINGS },
    errorBody: statusBody,
  });
  const addresses: Addresses = {
    gitlab: context.originOf('gitlab') ?? 'http://gitlab.localhost',
    keyVault: context.originOf('key-vault') ?? 'https://vault.localhost',
  };
  const store = new ObjectStore(schemas, standIn.state);
  const onError = (error: unknown): void => {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    standIn.violations.push({ operation: 'controller', part: 'answer', problems: [problem] });
  };
  const record: Recorder = (effect, object, apply) => {
    // a controller does not wait for the disk; whoever reads its write does
    standIn.act(effect, object, apply).catch(onError);
  };

  const put = ({ cluster, plural, object }: SeedObject): void => {
    const meta = isLoose(object.metadata) ? object.metadata : {};
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const key = {
      cluster,
      resource: resourceOf(plural),
      namespace: text(meta.namespace),
      name: text(meta.name),
    };
    const live = store.get(key);
    if (live === null) {
      store.create(key, object, record);
      return;
    }
    const status = live.status === undefined ? {} : { status: live.status };
    store.replace(key, { ...object, ...status, metadata: { ...live.metadata, ...meta } }, record);
  };
  if (Object.keys(standIn.state.objects).length === 0) seedObjects(world, addresses).forEach(put);
  else renewAddresses(store, world, addresses, record);

  const mirrors = new Map<string, RepositoryMirror>();
  const mirrorOf = (url: string): RepositoryMirror => {
    const known = mirrors.get(url);
    if (known !== undefined) return known;
    const made = new RepositoryMirror(
      path.join(context.folder, 'mirrors'),
      url,
      () => world.gitlab.readToken,
    );
    mirrors.set(url, made);
    return made;
  };
  const isApplication = (object: unknown): object is Application =>
    schemas.fits(resourceOf('applications'), object);
  // chosen by destination before they are checked against the schema, which costs milliseconds each
  const applicationsInto = (cluster: string): Application[] =>
    store
      .list(MANAGEMENT, resourceOf('applications'))
      .map(({ object }) => object)
      .filter((object) => {
        const destination = isLoose(object.spec) ? object.spec.destination : undefined;
        return isLoose(destination) && destination.name === cluster;
      })
      .filter(isApplication);

  const agents = new OtterizeAgents({
    store,
    mirrorOf,
    otterizeOrigin: () => context.originOf('otterize'),
    deployedIn: (cluster) =>
      applicationsInto(cluster).find(
        (app) =>
          app.status?.sync?.status === 'Synced' &&
          app.status.health?.status === 'Healthy' &&
          app.status.operationState?.phase === 'Succeeded' &&
          argocd.hasSettled(app.metadata.name),
      ) ?? null,
  });
  const argocd = new ApplicationController({
    store,
    record,
    settings: () => standIn.settings,
    live: standIn.state.live,
    mirrorOf,
    isApplication,
    onError,
    workloads: new Workloads({ store, record, mirrorOf }),
    onDeployed: (app) => agents.consider(app.spec.destination.name ?? ''),
  });
  const operator = new ExternalSecretsOperator({
    store,
    record,
    isExternalSecret: (object): object is ExternalSecret =>
      schemas.fits(resourceOf('externalsecrets'), object),
    isSecretStore: (object): object is SecretStore => schemas.fits(resourceOf('secretstores'), object),
    entraOrigin: () => context.originOf('directory'),
    ca: () => {
      const file = context.originOf('caFile');
      return file === undefined ? undefined : readFileSync(file, 'utf8');
    },
    onError,
    onSynced: (cluster) => agents.consider(cluster),
  });

  const [, reader = { name: '', password: '' }] = world.harbor.users;
  const flux = new FluxControllers({
    store,
    record,
    settings: () => standIn.settings.flux,
    rolloutMs: () => standIn.settings.syncMs,
    mirrorOf,
    registryLogin: reader,
    onError,
  });

  const api = new ApiServer(standIn, store, schemas, access);
  addServerRoutes(api, clusters);
  addObjectRoutes(api);
  standIn.control('POST', '/sync', SyncRequest, async ({ application }) => {
    const key = {
      cluster: MANAGEMENT,
      resource: resourceOf('applications'),
      namespace: ARGOCD_NAMESPACE,
      name: application,
    };
    if (!(await argocd.syncByHand(key))) throw new Refusal(404, `no application ${application}`);
  });
  standIn.control('POST', '/vault', VaultSwitch, async ({ server, token, mount, path: template }) => {
    for (const { name, stage } of world.clusters) {
      const below = template.replaceAll('{cluster}', name).replaceAll('{stage}', stage);
      vaultObjects({ cluster: name, server, token, mount, path: below }).forEach(put);
    }
  });

  const origin = await standIn.listen(context.port);
  argocd.start(MANAGEMENT);
  for (const { name } of world.clusters) {
    operator.start(name);
    flux.start(name);
  }
  return {
    origin,
    extra: { kubernetesAdminToken: adminToken, kubernetesPipelineToken: pipelineToken },
    close: async () => {
      await Promise.all([argocd.stop(), operator.stop(), agents.stop(), flux.stop()]);
      await standIn.close();
    },
  };
}

/** After a restart other stand-ins may have other ports: what points at them is written anew. */
function renewAddresses(
  store: ObjectStore,
  world: StandInContext['world'],
  addresses: Addresses,
  record: Recorder,
): void {
  const specOf = (object: Loose): Loose => (isLoose(object.spec) ? object.spec : {});
  for (const { key, object } of store.list(MANAGEMENT, resourceOf('applications'))) {
    const spec = specOf(object);
    const source = isLoose(spec.source) ? spec.source : {};
    const { pathname } = new URL(
      typeof source.repoURL === 'string' ? source.repoURL : repositoryUrl(addresses),
    );
    const repoURL = `${addresses.gitlab}${pathname}`;
    store.replace(key, { ...object, spec: { ...spec, source: { ...source, repoURL } } }, record);
  }
  for (const cluster of world.clusters) {
    for (const { key, object } of store.list(cluster.name, resourceOf('secretstores'))) {
      const spec = specOf(object);
      const provider = isLoose(spec.provider) ? spec.provider : {};
      if (!isLoose(provider.azurekv)) continue;
      const azurekv = { ...provider.azurekv, vaultUrl: vaultUrl(addresses, cluster.vault) };
      store.replace(key, { ...object, spec: { ...spec, provider: { azurekv } } }, record);
    }
  }
}
