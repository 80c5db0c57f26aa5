/** Flux' controllers in the stand-in, on real commits and artifacts: what they write, and when. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { overlayOf } from '../../../sandbox/gitlab/fleet-files.js';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.js';
import { type Build, FIRST_CHART, FluxFleet } from '../../../sandbox/stack/flux-fleet.js';
import { CACHE_CHART } from '../../../sandbox/stack/flux-promotion-files.js';
import { makeWorld } from '../../../sandbox/world.js';
import { at } from './at.js';

const WAIT = { timeout: 40_000, interval: 20 };
const NAME = 'basket';
const OVERLAY = overlayOf('dev', NAME);

let folder: string;
let sandbox: Sandbox;
let fleet: FluxFleet;
let cluster: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flux-stand-in-'));
  const world = makeWorld({ clusters: 3 });
  sandbox = await startSandbox({ world, stateDir: folder, only: ['gitlab', 'kubernetes', 'harbor'] });
  fleet = new FluxFleet({ world, addresses: sandbox.addresses });
  cluster = fleet.clusterOf('dev');
  await fleet.kubernetes.settings({ syncMs: 50 });
  await fleet.start();
  await fleet.addService(NAME, { chart: 'HelmRepository' });
}, 120_000);
afterAll(async () => {
  try {
    for (const control of [fleet.kubernetes, fleet.gitlab, fleet.harbor]) {
      expect(await control.violations()).toEqual([]);
    }
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
});

const SOURCE = ['gitrepositories', 'flux-system', 'fleet'] as const;
const KUSTOMIZATION = ['kustomizations', NAME, NAME] as const;
const RELEASE = ['helmreleases', NAME, CACHE_CHART] as const;
const CHART = ['helmcharts', 'flux-system', `${NAME}-${CACHE_CHART}`] as const;

type Ref = readonly [string, string, string];

function read(ref: Ref): Promise<unknown> {
  return fleet.object(cluster, ...ref);
}

/** A condition as `status reason`. */
function conditionOf(object: unknown, type: string): string {
  const conditions = at(object, 'status', 'conditions');
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const found = all.find((one) => at(one, 'type') === type);
  return found === undefined ? 'none' : `${String(at(found, 'status'))} ${String(at(found, 'reason'))}`;
}

function untilReady(ref: Ref, wanted: string): Promise<unknown> {
  return vi.waitFor(async () => {
    const object = await read(ref);
    expect(conditionOf(object, 'Ready'), JSON.stringify(object)).toBe(wanted);
    return object;
  }, WAIT);
}

/** Asks an object to reconcile and waits until that request is handled. */
async function reconciled([plural, namespace, name]: Ref): Promise<unknown> {
  const before = at(await read([plural, namespace, name]), 'status', 'lastHandledReconcileAt');
  await fleet.reconcile(cluster, plural, namespace, name);
  return vi.waitFor(async () => {
    const object = await read([plural, namespace, name]);
    expect(at(object, 'status', 'lastHandledReconcileAt')).not.toBe(before);
    return object;
  }, WAIT);
}

async function revision(): Promise<string> {
  return String(at(await read(SOURCE), 'status', 'artifact', 'revision'));
}

async function imageIds(name: string): Promise<readonly string[]> {
  const { body } = await fleet.kube(cluster, 'GET', `/api/v1/namespaces/${NAME}/pods`);
  const items = at(body, 'items');
  return (Array.isArray(items) ? items : [])
    .filter((pod: unknown) => String(at(pod, 'metadata', 'name')).startsWith(`${name}-`))
    .map((pod: unknown) => String(at(pod, 'status', 'containerStatuses', '0', 'imageID')));
}

async function develop(build: Build): Promise<void> {
  await fleet.develop(NAME, { build });
}

describe('Flux on real commits', () => {
  it('brings an overlay with its HelmRelease into the cluster', async () => {
    const kustomization = await untilReady(KUSTOMIZATION, 'True ReconciliationSucceeded');
    const release = await untilReady(RELEASE, 'True InstallSucceeded');
    const shown = await revision();
    expect(shown).toMatch(/^main@sha1:[0-9a-f]{40}$/);
    expect(kustomization).toMatchObject({
      status: { lastAppliedRevision: shown, lastAttemptedRevision: shown, observedGeneration: 1 },
    });
    expect(JSON.stringify(at(kustomization, 'status', 'inventory'))).toContain(
      `${NAME}_${CACHE_CHART}_helm.toolkit.fluxcd.io_HelmRelease`,
    );
    expect(release).toMatchObject({
      status: {
        lastAttemptedRevision: FIRST_CHART,
        helmChart: `flux-system/${NAME}-${CACHE_CHART}`,
        history: [{ chartVersion: FIRST_CHART, status: 'deployed', version: 1 }],
      },
    });
    await vi.waitFor(async () => expect(await imageIds(NAME)).toHaveLength(2), WAIT);
    expect(await imageIds(CACHE_CHART)).toHaveLength(1);
  });

  it('stays at the old commit, green, until the source and then the Kustomization are asked', async () => {
    const before = await revision();
    const build = await fleet.build(NAME, '0000002');
    await develop(build);
    expect(conditionOf(await read(KUSTOMIZATION), 'Ready')).toBe('True ReconciliationSucceeded');
    expect(await revision()).toBe(before);
    await reconciled(SOURCE);
    const now = await revision();
    expect(now).not.toBe(before);
    await vi.waitFor(
      async () => expect(at(await read(KUSTOMIZATION), 'status', 'lastAppliedRevision')).toBe(now),
      WAIT,
    );
    await vi.waitFor(async () => {
      const ids = await imageIds(NAME);
      expect(ids).toEqual([
        `${fleet.imageOf(NAME)}@${build.digest}`,
        `${fleet.imageOf(NAME)}@${build.digest}`,
      ]);
    }, WAIT);
  });

  it('says which folder is missing, and does not count the commit as attempted', async () => {
    const before = at(await read(KUSTOMIZATION), 'status', 'lastAttemptedRevision');
    const text = await fleet.file(`${OVERLAY}/kustomization.yaml`);
    const patch = await fleet.file(`${OVERLAY}/release.yaml`);
    await fleet.commit(`${OVERLAY}/kustomization.yaml`, null);
    await fleet.commit(`${OVERLAY}/release.yaml`, null);
    await reconciled(SOURCE);
    const missing = await untilReady(KUSTOMIZATION, 'False ArtifactFailed');
    expect(JSON.stringify(missing)).toContain('kustomization path not found');
    expect(at(missing, 'status', 'lastAttemptedRevision')).toBe(before);
    await fleet.commit(`${OVERLAY}/release.yaml`, patch);
    await fleet.commit(`${OVERLAY}/kustomization.yaml`, text.replace('release.yaml', 'gone.yaml'));
    await reconciled(SOURCE);
    const broken = await untilReady(KUSTOMIZATION, 'False BuildFailed');
    expect(at(broken, 'status', 'lastAttemptedRevision')).toBe(await revision());
    expect(at(broken, 'status', 'lastAppliedRevision')).toBe(before);
    await fleet.commit(`${OVERLAY}/kustomization.yaml`, text);
    await reconciled(SOURCE);
    await untilReady(KUSTOMIZATION, 'True ReconciliationSucceeded');
  });

  it('says that a chart is not in the registry yet, and goes on by itself when it is', async () => {
    await fleet.develop(NAME, { chart: '1.1.0' });
    await reconciled(SOURCE);
    await untilReady(RELEASE, 'False SourceNotReady');
    await untilReady(CHART, 'False ChartPullError');
    // a request is handled all the same, and the newest spec does not count as seen
    const asked = await reconciled(RELEASE);
    expect(conditionOf(asked, 'Ready')).toBe('False SourceNotReady');
    expect(JSON.stringify(asked)).toContain('charts/cache:1.1.0: not found');
    expect(at(asked, 'status', 'observedGeneration')).toBe(1);
    expect(at(asked, 'status', 'lastAttemptedRevision')).toBe(FIRST_CHART);
    await fleet.publishChart('1.1.0');
    const upgraded = await untilReady(RELEASE, 'True UpgradeSucceeded');
    expect(upgraded).toMatchObject({
      status: {
        observedGeneration: 2,
        history: [
          { chartVersion: '1.1.0', status: 'deployed', version: 2 },
          { chartVersion: FIRST_CHART, status: 'superseded' },
        ],
      },
    });
  });

  it('goes back to the version before when an upgrade fails, while Git still asks for the new one', async () => {
    const crashing = [`${fleet.imageOf(CACHE_CHART)}:1.2.0`];
    const flux = { running: true, down: [], retryMs: 100, crashing };
    await fleet.kubernetes.settings({ flux });
    await fleet.publishChart('1.2.0');
    const base = `base/${NAME}/release.yaml`;
    await fleet.edit(base, /interval: 1h/, 'interval: 1h\n  upgrade: {remediation: {retries: 1}}');
    await fleet.develop(NAME, { chart: '1.2.0' });
    await reconciled(SOURCE);
    const ended = await vi.waitFor(async () => {
      const object = await read(RELEASE);
      expect(conditionOf(object, 'Remediated')).toBe('True RollbackSucceeded');
      return object;
    }, WAIT);
    expect(conditionOf(ended, 'Ready')).toBe('False UpgradeFailed');
    expect(conditionOf(ended, 'Stalled')).toBe('True RetriesExceeded');
    expect(at(ended, 'status', 'history', '0')).toMatchObject({
      chartVersion: '1.1.0',
      action: 'rollback',
      status: 'deployed',
    });
    expect(at(ended, 'status', 'history', '1')).toMatchObject({ chartVersion: '1.2.0', status: 'failed' });
    expect(await fleet.file(`${OVERLAY}/release.yaml`)).toContain('version: 1.2.0');
    await fleet.kubernetes.settings({ flux: { ...flux, crashing: [] } });
    await fleet.develop(NAME, { chart: '1.1.0' });
    await reconciled(SOURCE);
    await untilReady(RELEASE, 'True UpgradeSucceeded');
  });

  it('checks the health of what it applied when it is told to, and fails early', async () => {
    await fleet.change(cluster, 'kustomizations', [NAME, NAME], { spec: { wait: true } });
    await untilReady(KUSTOMIZATION, 'True ReconciliationSucceeded');
    const before = at(await read(KUSTOMIZATION), 'status', 'lastAppliedRevision');
    // nobody has pushed this one
    await fleet.edit(`${OVERLAY}/kustomization.yaml`, /newTag: \S+/, 'newTag: dev-never');
    await reconciled(SOURCE);
    const failed = await untilReady(KUSTOMIZATION, 'False HealthCheckFailed');
    expect(at(failed, 'status', 'lastAppliedRevision')).toBe(before);
    expect(at(failed, 'status', 'lastAttemptedRevision')).toBe(await revision());
    expect(conditionOf(failed, 'Healthy')).toBe('False HealthCheckFailed');
    await develop({ name: '0000002', digest: '' });
    await reconciled(SOURCE);
    await untilReady(KUSTOMIZATION, 'True ReconciliationSucceeded');
  });

  it('does nothing while it is suspended or its controller is down, and says so nowhere', async () => {
    await fleet.change(cluster, 'kustomizations', [NAME, NAME], { spec: { suspend: true } });
    const build = await fleet.build(NAME, '0000003');
    await develop(build);
    await reconciled(SOURCE);
    const before = await read(KUSTOMIZATION);
    await fleet.reconcile(cluster, ...KUSTOMIZATION);
    expect(conditionOf(before, 'Ready')).toBe('True ReconciliationSucceeded');
    expect(at(before, 'status', 'lastAppliedRevision')).not.toBe(await revision());
    await fleet.kubernetes.settings({
      flux: { running: true, down: ['kustomize'], retryMs: 100, crashing: [] },
    });
    await fleet.change(cluster, 'kustomizations', [NAME, NAME], { spec: { suspend: false } });
    await fleet.kubernetes.settings({ flux: { running: true, down: [], retryMs: 100, crashing: [] } });
    await vi.waitFor(
      async () =>
        expect(at(await read(KUSTOMIZATION), 'status', 'lastAppliedRevision')).toBe(await revision()),
      WAIT,
    );
  });

  it('waits for what it depends on', async () => {
    await fleet.change(cluster, 'kustomizations', [NAME, NAME], { spec: { dependsOn: [{ name: 'none' }] } });
    await untilReady(KUSTOMIZATION, 'False DependencyNotReady');
    await fleet.change(cluster, 'kustomizations', [NAME, NAME], { spec: { dependsOn: null } });
    await untilReady(KUSTOMIZATION, 'True ReconciliationSucceeded');
  });
});
