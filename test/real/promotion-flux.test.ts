/**
 * Promotions by the product (API, worker, ledger, Temporal) of an overlay that Flux's real controllers deliver into a real
 * cluster, by tag: the same image gets the tag of the environment in a real registry.
 */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { RegistryClient } from '../../src/systems/registry/client.js';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { inside } from './argocd-world.js';
import { rolesIn } from './documented-roles.js';
import { readyOf } from './flux-world.js';
import { PromotionStage } from './promotion-stage.js';
import { web } from './shop.js';

const PROJECT = 'fleet/services';
const NAME = uniqueName('shop');
/** The first test also starts everything, and stops at each right: on a busy machine, in milliseconds. */
const START_MS = 360_000;
/** Nothing happens by itself within a test. */
const INTERVAL = '1h';
/** How long the Kustomization waits for a roll-out. */
const HEALTH_TIMEOUT = '25s';

const rolesOf = (...names: readonly string[]) =>
  rolesIn('roles.yaml').filter(({ metadata }) => names.includes(metadata.name));
const inNamespace = (environment: string) => `${NAME}-${environment}`;
const overlay = (environment: string) => `overlays/${environment}/${NAME}`;
const fileOf = (environment: string) => `${overlay(environment)}/kustomization.yaml`;
const kustomization = (environment: string) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'shop', namespace: inNamespace(environment) },
});

function pathText(image: string, cluster: string): string {
  const environment = (name: string) => ({
    name,
    project: PROJECT,
    directory: overlay(name),
    deliveries: [
      {
        kind: 'flux',
        cluster,
        connection: 'management',
        namespace: inNamespace(name),
        kustomization: 'shop',
        workloads: [{ namespace: inNamespace(name), name: 'web' }],
      },
    ],
  });
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Path',
    metadata: { name: 'shop' },
    spec: {
      owners: 'shop-owners',
      images: [image],
      environments: [
        environment('dev'),
        {
          ...environment('prod'),
          change: { edits: [{ kind: 'kustomize-image', image, tagPrefix: 'prod-' }] },
        },
      ],
    },
  });
}

const overlayText = (stage: PromotionStage, environment: string, tag: string): string =>
  stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: inNamespace(environment),
    resources: [`../../../base/${NAME}`],
    images: [{ name: stage.image, newTag: tag }],
  });

async function open(context: TestContext): Promise<PromotionStage> {
  realComponent(context, 'flux', 'REAL_FLUX');
  const namespaces = ['dev', 'prod'].map(inNamespace);
  const stage = await PromotionStage.open(context, {
    path: pathText,
    namespaces,
    rights: {
      management: { roles: rolesOf('gatehouse-flux'), namespaces },
      workloads: { roles: rolesOf('gatehouse-workloads'), namespaces },
    },
  });
  const base = `base/${NAME}`;
  await stage.commit(PROJECT, `${base}/web.yaml`, web({ image: stage.image, version: '' }));
  await stage.commit(PROJECT, `${base}/kustomization.yaml`, stringify({ resources: ['web.yaml'] }));
  for (const environment of ['dev', 'prod']) {
    await stage.build('1', `${environment}-1`);
    await stage.commit(PROJECT, fileOf(environment), overlayText(stage, environment, `${environment}-1`));
    await deliver(stage, environment);
  }
  return stage;
}

async function deliver(stage: PromotionStage, environment: string): Promise<void> {
  const { url, login } = stage.repository(PROJECT);
  const metadata = { name: 'services', namespace: inNamespace(environment) };
  await stage.make({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: login });
  await stage.make({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata,
    spec: { interval: INTERVAL, url, ref: { branch: 'main' }, secretRef: { name: 'services' } },
  });
  await stage.make({
    ...kustomization(environment),
    spec: {
      interval: INTERVAL,
      retryInterval: INTERVAL,
      timeout: HEALTH_TIMEOUT,
      prune: true,
      wait: true,
      path: `./${overlay(environment)}`,
      sourceRef: { kind: 'GitRepository', name: 'services' },
    },
  });
  await stage.client.until(
    kustomization(environment),
    (object) => readyOf(object ?? {}) === 'True ReconciliationSucceeded',
  );
}

let opened: Promise<PromotionStage> | undefined;
const stageOf = (context: TestContext): Promise<PromotionStage> => {
  opened ??= open(context);
  return opened;
};
afterAll(async () => {
  await (await opened?.catch(() => undefined))?.close();
});

describe('an overlay, by real controllers of Flux', () => {
  /** The team builds and deploys a version into dev. */
  async function develop(stage: PromotionStage, version: string): Promise<string> {
    const digest = await stage.build(version, `dev-${version}`);
    await stage.commit(PROJECT, fileOf('dev'), overlayText(stage, 'dev', `dev-${version}`));
    return digest;
  }

  async function digestOf(stage: PromotionStage, tag: string): Promise<string | undefined> {
    const [host = ''] = stage.image.split('/');
    const client = new RegistryClient({ hosts: [{ host, insecure: true }] });
    return (await client.resolve(`${stage.image}:${tag}`))?.digest;
  }

  async function applied(stage: PromotionStage) {
    const object = await stage.client.read(kustomization('prod'));
    return {
      ready: readyOf(object ?? {}),
      revision: inside(object, 'status', 'lastAppliedRevision'),
    };
  }

  async function running(stage: PromotionStage): Promise<string> {
    const pods = await stage.client.list('v1', 'Pod', inNamespace('prod'));
    return JSON.stringify(pods.map((pod) => inside(pod, 'status', 'containerStatuses')));
  }

  it(
    'stops at every right that it lacks, tags the image, and is proven by its digest',
    async (context) => {
      const stage = await stageOf(context);
      const digest = await develop(stage, '2');
      const first = await stage.ask();
      expect(first.status).toBe('attention');
      const asked = await stage.grantWhatIsMissing(first);
      expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
      expect(await digestOf(stage, 'prod-2')).toBeUndefined();

      await stage.agree(asked);
      const done = await stage.grantWhatIsMissing(await stage.settled(asked));
      expect(done.status, JSON.stringify(done, null, 1)).toBe('done');
      expect(stage.granted('management')).toEqual([
        'get gitrepositories.source.toolkit.fluxcd.io',
        'get kustomizations.kustomize.toolkit.fluxcd.io',
        'patch gitrepositories.source.toolkit.fluxcd.io',
        'patch kustomizations.kustomize.toolkit.fluxcd.io',
      ]);
      expect(stage.granted('workloads')).toEqual(['get deployments.apps', 'list pods']);

      expect(await digestOf(stage, 'prod-2')).toBe(digest);
      expect(await stage.fileOf(PROJECT, fileOf('prod'))).toContain('newTag: prod-2');
      const landed = await stage.headOf(PROJECT);
      expect(await applied(stage)).toEqual({
        ready: 'True ReconciliationSucceeded',
        revision: `main@sha1:${landed}`,
      });
      expect(await running(stage)).toContain(`${stage.image}@${digest}`);
    },
    START_MS,
  );

  it('has nothing to do the second time, with the documented roles, and writes nothing', async (context) => {
    const stage = await stageOf(context);
    await stage.grantDocumented();
    const before = await stage.headOf(PROJECT);
    const status = await stage.settled(await stage.ask());
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    expect(status.message).toContain('nothing to do');
    expect(await stage.headOf(PROJECT)).toBe(before);
  });

  it('a tag was moved to another digest while people decided', async (context) => {
    const stage = await stageOf(context);
    await develop(stage, '3');
    const asked = await stage.ask();
    expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
    const other = await stage.build('3, built again', 'prod-3');
    await stage.agree(asked);
    const refused = await stage.settled(asked);
    expect(refused.status, JSON.stringify(refused, null, 1)).toBe('refused');
    expect(refused.message).toContain('prod-3');
    expect(await digestOf(stage, 'prod-3')).toBe(other);
    expect(await stage.fileOf(PROJECT, fileOf('prod'))).toContain('newTag: prod-2');
  });

  it('a health check failed, and the old version is proven again after the rollback', async (context) => {
    const stage = await stageOf(context);
    const good = await stage.fileOf(PROJECT, fileOf('prod'));
    const before = await running(stage);
    const digest = await develop(stage, '4');
    await inProd(stage, { 'fake-kubelet/pulls': 'never' });
    const stuck = await stage.promote();
    expect(stuck.status, JSON.stringify(stuck, null, 1)).toBe('attention');
    expect(JSON.stringify(stuck.targets)).toContain('health-check-failed');
    expect(await digestOf(stage, 'prod-4')).toBe(digest);
    expect((await applied(stage)).ready).toBe('False HealthCheckFailed');

    await inProd(stage, { 'fake-kubelet/pulls': null });
    const over = await stage.rollBack(stuck);
    expect(over.status, JSON.stringify(over, null, 1)).toBe('rolled-back');
    expect(await stage.fileOf(PROJECT, fileOf('prod'))).toBe(good);
    const landed = await stage.headOf(PROJECT);
    expect(await applied(stage)).toEqual({
      ready: 'True ReconciliationSucceeded',
      revision: `main@sha1:${landed}`,
    });
    await expect.poll(() => running(stage)).toBe(before);
    expect(await stage.releaseHolds()).toHaveLength(1);
  });

  /** What the nodes of production are like from now on (sandbox/real/fake-kubelet.ts). */
  async function inProd(
    stage: PromotionStage,
    labels: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: inNamespace('prod') } };
    await stage.client.merge(namespace, { metadata: { labels } });
  }
});
