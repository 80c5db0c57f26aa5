/**
 * Promotions by the product (API, worker, ledger, Temporal) through a real Argo CD into a real cluster, images in a real
 * registry, with no other rights than those of deploy/kubernetes.
 */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { healthOf, inside, isSyncedAndHealthy } from './argocd-world.js';
import { rolesIn } from './documented-roles.js';
import { PromotionStage } from './promotion-stage.js';
import { settings, smokeTest, web } from './shop.js';

const DEV = 'shop-dev/ops';
const PROD = 'shop-prod/ops';
const FOLDER = 'app';
const ARGOCD = 'argocd';
const NAME = uniqueName('shop');
/** The first test also starts everything, and stops at each right: on a busy machine, in milliseconds. */
const START_MS = 360_000;

const rolesOf = (...names: readonly string[]) =>
  rolesIn('roles.yaml').filter(({ metadata }) => names.includes(metadata.name));
const inNamespace = (environment: string) => `${NAME}-${environment}`;
/** A check of production, as its owners have described it. */
const SMOKE_TEST = 'smoke';
const application = (environment: string) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: inNamespace(environment), namespace: ARGOCD },
});

function pathText(image: string, cluster: string): string {
  const environment = (name: string, project: string) => ({
    name,
    project,
    directory: FOLDER,
    deliveries: [
      {
        kind: 'argocd',
        cluster,
        connection: 'management',
        application: inNamespace(name),
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
        environment('dev', DEV),
        {
          ...environment('prod', PROD),
          change: 'copy',
          checks: [
            {
              kind: 'job',
              name: SMOKE_TEST,
              connection: cluster,
              namespace: inNamespace('prod'),
              cronJob: SMOKE_TEST,
            },
          ],
        },
      ],
    },
  });
}

async function open(context: TestContext): Promise<PromotionStage> {
  realComponent(context, 'argocd', 'REAL_ARGOCD_ADDR');
  const namespaces = ['dev', 'prod'].map(inNamespace);
  const stage = await PromotionStage.open(context, {
    path: pathText,
    namespaces,
    rights: {
      management: { roles: rolesOf('gatehouse-argocd'), namespaces: [ARGOCD] },
      workloads: { roles: rolesOf('gatehouse-workloads', 'gatehouse-checks'), namespaces },
    },
  });
  await stage.make({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: SMOKE_TEST, namespace: inNamespace('prod') },
    spec: {
      suspend: true,
      schedule: '0 0 1 1 *',
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'test', image: 'registry.example.com/shop/smoke-test:ok' }],
            },
          },
        },
      },
    },
  });
  const image = await stage.build('1', '1');
  for (const [environment, project] of [
    ['dev', DEV],
    ['prod', PROD],
  ] as const) {
    await stage.commit(project, `${FOLDER}/settings.yaml`, settings('EUR'));
    await stage.commit(project, `${FOLDER}/web.yaml`, manifest(stage, image));
    await deliver(stage, environment, project);
  }
  return stage;
}

async function deliver(stage: PromotionStage, environment: string, project: string): Promise<void> {
  const { url, login } = stage.repository(project);
  await stage.make({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: inNamespace(environment),
      namespace: ARGOCD,
      labels: { 'argocd.argoproj.io/secret-type': 'repository' },
    },
    stringData: { type: 'git', url, ...login },
  });
  await stage.make({
    ...application(environment),
    spec: {
      project: 'default',
      source: { repoURL: url, path: FOLDER, targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: inNamespace(environment) },
      syncPolicy: { automated: { prune: true, selfHeal: true }, retry: { limit: 0 } },
    },
  });
  await stage.client.until(
    application(environment),
    (object) => object !== null && isSyncedAndHealthy(object),
  );
}

/** Seconds that a broken roll-out takes to be given up, and a good one does not need on a busy machine. */
const SHORT_DEADLINE = 25;
const manifest = (stage: PromotionStage, digest: string, deadlineSeconds = 600) =>
  web({ image: stage.image, version: `@${digest}`, deadlineSeconds });

let opened: Promise<PromotionStage> | undefined;
const stageOf = (context: TestContext): Promise<PromotionStage> => {
  opened ??= open(context);
  return opened;
};
afterAll(async () => {
  await (await opened?.catch(() => undefined))?.close();
});

describe('the shop, by a real Argo CD', () => {
  /** The team builds and deploys a version into dev. */
  async function develop(stage: PromotionStage, version: string, deadlineSeconds?: number): Promise<string> {
    const digest = await stage.build(version, version);
    const commit = await stage.commit(DEV, `${FOLDER}/web.yaml`, manifest(stage, digest, deadlineSeconds));
    const refresh = { 'argocd.argoproj.io/refresh': 'normal' };
    await stage.client.merge(application('dev'), { metadata: { annotations: refresh } });
    // a plan looks for seconds only: on a busy machine pods may take longer
    await stage.client.until(application('dev'), (object) => {
      const applied = inside(object, 'status', 'operationState', 'syncResult', 'revision');
      const images = JSON.stringify(inside(object, 'status', 'summary', 'images') ?? []);
      return applied === commit && images.includes(digest) && healthOf(object ?? {}) === 'Healthy';
    });
    return digest;
  }

  /** What runs in production, by the cluster's own word. */
  async function running(stage: PromotionStage): Promise<string> {
    const pods = await stage.client.list('v1', 'Pod', inNamespace('prod'));
    return JSON.stringify(pods.map((pod) => inside(pod, 'status', 'containerStatuses')));
  }

  async function whatProdIs(stage: PromotionStage) {
    const status = inside(await stage.client.read(application('prod')), 'status');
    return {
      revision: inside(status, 'sync', 'revision'),
      operation: inside(status, 'operationState', 'phase'),
      applied: inside(status, 'operationState', 'syncResult', 'revision'),
    };
  }

  it(
    'stops at every right that it lacks, names it, and needs no more than are documented',
    async (context) => {
      const stage = await stageOf(context);
      const digest = await develop(stage, '2');
      const first = await stage.ask();
      expect(first.status).toBe('attention');
      expect(JSON.stringify(first.waitingFor)).toContain('cannot get resource');
      const asked = await stage.grantWhatIsMissing(first);
      expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
      expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).not.toContain(digest);

      await stage.agree(asked);
      const done = await stage.grantWhatIsMissing(await stage.settled(asked));
      expect(done.status, JSON.stringify(done, null, 1)).toBe('done');
      expect(stage.granted('management')).toEqual([
        'get applications.argoproj.io',
        'get appprojects.argoproj.io',
        'patch applications.argoproj.io',
      ]);
      expect(stage.granted('workloads')).toEqual([
        'create jobs.batch',
        'get cronjobs.batch',
        'get deployments.apps',
        'get jobs.batch',
      ]);

      expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toContain(digest);
      const landed = await stage.headOf(PROD);
      expect(await whatProdIs(stage)).toEqual({ revision: landed, operation: 'Succeeded', applied: landed });
      expect(await running(stage)).toContain(`${stage.image}@${digest}`);
    },
    START_MS,
  );

  it('has nothing to do the second time, with the documented roles, and writes nothing', async (context) => {
    const stage = await stageOf(context);
    await stage.grantDocumented();
    const before = await stage.headOf(PROD);
    const status = await stage.settled(await stage.ask());
    expect([status.status, status.message]).toEqual(['done', '2 unchanged, nothing to do']);
    expect(await stage.headOf(PROD)).toBe(before);
  });

  it('a PostSync hook failed, and the application is Synced and Healthy', async (context) => {
    const stage = await stageOf(context);
    const good = await stage.fileOf(PROD, `${FOLDER}/web.yaml`);
    await stage.commit(DEV, `${FOLDER}/test.yaml`, smokeTest('ok'));
    const digest = await develop(stage, '3');
    await inProd(stage, { 'fake-kubelet/jobs': 'fail' });
    const stuck = await stage.promote();
    expect(stuck.status, JSON.stringify(stuck, null, 1)).toBe('attention');
    const { failure } = stuck.targets.find((target) => target.failure !== undefined) ?? {};
    expect(failure?.message).toContain('PostSync hook Job/smoke-test');
    expect(failure?.remedy).toContain('Remove the cause');
    await stage.client.until(application('prod'), (object) => object !== null && isSyncedAndHealthy(object));
    expect(await running(stage)).toContain(digest);

    await inProd(stage, { 'fake-kubelet/jobs': null });
    const over = await stage.rollBack(stuck);
    expect(over.status, JSON.stringify(over, null, 1)).toBe('rolled-back');
    expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toBe(good);
    expect(await stage.releaseHolds()).toHaveLength(1);
    await stage.commit(DEV, `${FOLDER}/test.yaml`, null);
  });

  it('a bad image never comes up, and is taken back by one command', async (context) => {
    const stage = await stageOf(context);
    const good = await stage.fileOf(PROD, `${FOLDER}/web.yaml`);
    const digest = await develop(stage, '4', SHORT_DEADLINE);
    await inProd(stage, { 'fake-kubelet/pulls': 'never' });
    const stuck = await stage.promote();
    expect(stuck.status, JSON.stringify(stuck, null, 1)).toBe('attention');
    expect(JSON.stringify(stuck.targets)).toContain('progress-deadline-exceeded');
    expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toContain(digest);

    await inProd(stage, { 'fake-kubelet/pulls': null });
    const over = await stage.rollBack(stuck);
    expect(over.status, JSON.stringify(over, null, 1)).toBe('rolled-back');
    expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toBe(good);
    const landed = await stage.headOf(PROD);
    expect(await whatProdIs(stage)).toEqual({ revision: landed, operation: 'Succeeded', applied: landed });
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: inNamespace('prod') },
    };
    expect(JSON.stringify(inside(await stage.client.read(deployment), 'spec'))).not.toContain(digest);
    const holds = JSON.stringify(await stage.api.call('olga', 'GET', '/v1/holds'));
    expect(holds).toContain('"environment":"prod"');
    expect(await stage.releaseHolds()).toHaveLength(1);
  });

  it('a release that does not come up holds its own rollback back', async (context) => {
    const stage = await stageOf(context);
    const good = await stage.fileOf(PROD, `${FOLDER}/web.yaml`);
    const digest = await develop(stage, '5');
    await inProd(stage, { 'fake-kubelet/pulls': 'never' });
    const asked = await stage.ask();
    expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
    await stage.agree(asked);
    await stage.client.until(
      application('prod'),
      (object) => JSON.stringify(object).includes(digest) && healthOf(object ?? {}) === 'Progressing',
    );
    expect((await stage.api.status(asked.requestId)).status).toBe('running');

    // pods that could not be pulled stay so; the check after the rollback is pulled again
    await inProd(stage, { 'fake-kubelet/pulls': null });
    const over = await stage.rollBack(asked);
    expect(over.status, JSON.stringify(over, null, 1)).toBe('rolled-back');
    expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toBe(good);
    await expect.poll(() => running(stage)).not.toContain(digest);
    expect(await stage.releaseHolds()).toHaveLength(1);
  });

  it('GitLab stumbles when it is to merge', async (context) => {
    const stage = await stageOf(context);
    const before = await stage.mergeRequests(PROD);
    await develop(stage, '6');
    const asked = await stage.ask();
    expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
    await stage.spoilMerges(PROD, [502, 405]);
    await stage.agree(asked);
    const done = await stage.settled(asked);
    expect(done.status, JSON.stringify(done, null, 1)).toBe('done');
    expect(await stage.mergeRequests(PROD)).toEqual(['merged', ...before]);
  });

  it('an approval outlives a push to a merge request that was closed and opened again', async (context) => {
    const stage = await stageOf(context);
    const before = await stage.fileOf(PROD, `${FOLDER}/web.yaml`);
    await develop(stage, '7');
    const asked = await stage.ask();
    expect(asked.status, JSON.stringify(asked, null, 1)).toBe('waiting');
    const { iid, branch } = await stage.openRequest(PROD);
    await stage.change(PROD, iid, 'close');
    await stage.commit(PROD, `${FOLDER}/settings.yaml`, settings('of an attacker'), branch);
    await stage.change(PROD, iid, 'reopen');
    await stage.agree(asked);
    const stuck = await stage.settled(asked);
    expect(stuck.status, JSON.stringify(stuck, null, 1)).toBe('attention');
    expect(JSON.stringify(stuck.targets)).toContain(branch);
    expect(await stage.fileOf(PROD, `${FOLDER}/web.yaml`)).toBe(before);
    expect((await stage.mergeRequests(PROD))[0]).toBe('opened');
    await stage.cancel(stuck);
  });

  it('somebody merged it by hand, nothing is left to do, and production does not run it', async (context) => {
    const stage = await stageOf(context);
    const automated = (spec: unknown) =>
      stage.client.merge(application('prod'), { spec: { syncPolicy: { automated: spec } } });
    await automated(null);
    await develop(stage, '8');
    await stage.commit(PROD, `${FOLDER}/web.yaml`, await stage.fileOf(DEV, `${FOLDER}/web.yaml`));
    const refused = await stage.settled(await stage.ask());
    expect(refused.status, JSON.stringify(refused, null, 1)).toBe('refused');
    expect(refused.message).toContain('auto-sync-off');

    await automated({ prune: true, selfHeal: true });
    await stage.client.until(application('prod'), (object) => object !== null && isSyncedAndHealthy(object));
    const status = await stage.settled(await stage.ask());
    expect([status.status, status.message]).toEqual(['done', '2 unchanged, nothing to do']);
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
