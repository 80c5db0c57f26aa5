/**
 * `gatehouse wait` in front of the real source-controller and kustomize-controller of Flux. The accidents of
 * bench/accidents are played there with written objects; here the real controllers write them. Each is named after what
 * went wrong with a wait.
 */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { FluxWorld, readyOf } from './flux-world.js';
import { pushArtifact } from './oci-artifact.js';
import { digest, IMAGE, settings, web } from './shop.js';

let opened: Promise<FluxWorld> | undefined;
const worldOf = (context: TestContext): Promise<FluxWorld> => {
  opened ??= FluxWorld.open(context);
  return opened;
};
afterAll(async () => {
  await (await opened?.catch(() => undefined))?.close();
});

/** Two looks, at what does not change any more. */
const SHORT = ['--timeout', '1s'];
/** Long enough for a controller that was asked. */
const LONGER = ['--timeout', '20s'];

describe('our commit', () => {
  it('a Kustomization is Ready for the old artifact until the next interval', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'web.yaml': web({ version: ':1' }), 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'web.yaml': web({ version: ':2' }) });

    const asked = await world.wait(shop, ours, ...SHORT);
    expect(asked).toMatchObject({ code: 3, clause: 'source-behind' });
    expect(readyOf(await world.kustomization(shop))).toBe('True ReconciliationSucceeded');
    const refreshed = await world.waitRefreshing(shop, ours);
    expect(refreshed).toMatchObject({
      code: 0,
      evidence: { revision: `main@sha1:${ours}`, health: 'checked' },
    });
    expect((await world.wait(shop, ours, ...SHORT)).code).toBe(0);
  });

  it('a later commit of somebody else moves the shared branch on', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'settings.yaml': settings('2') });
    const later = await world.git.commit({ [`${shop}-other/README.md`]: 'Of somebody else.\n' });

    const proven = await world.waitRefreshing(shop, ours, '--repository', world.git.cloneUrl);
    expect(proven).toMatchObject({ code: 0, evidence: { revision: `main@sha1:${later}` } });
    expect((await world.wait(shop, ours, ...SHORT)).code).toBe(3);
  });

  it('a later commit reverts ours, and the Kustomization is Ready with it', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'settings.yaml': settings('2') });
    await world.push(shop, { 'settings.yaml': settings('1') });

    const waited = await world.waitRefreshing(shop, ours, '--repository', world.git.cloneUrl);
    expect(waited).toMatchObject({ code: 1, clause: 'superseded' });
    expect(readyOf(await world.kustomization(shop))).toBe('True ReconciliationSucceeded');
  });
});

describe('our artifact in a registry', () => {
  it('the tag was moved, and the Kustomization is Ready with what it was before', async (context) => {
    const registry = realComponent(context, 'registry', 'REGISTRY_ADDR');
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    const before = await pushArtifact(registry, shop, 'stable', { 'settings.yaml': settings('1') });
    await world.namespace(shop);
    await world.artifact(shop, `oci://${registry}/${shop}`, 'stable');
    expect((await world.waitRefreshing(shop, before)).code).toBe(0);
    const ours = await pushArtifact(registry, shop, 'stable', { 'settings.yaml': settings('2') });

    const asked = await world.wait(shop, ours, ...SHORT);
    expect(asked).toMatchObject({ code: 3, clause: 'source-behind' });
    const refreshed = await world.waitRefreshing(shop, ours);
    expect(refreshed).toMatchObject({ code: 0, evidence: { revision: `stable@${ours}` } });
  });
});

describe('what was tried and failed', () => {
  it('the health check of a Kustomization failed', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'web.yaml': web({ version: ':1' }) });
    const ours = await world.push(shop, { 'web.yaml': web({ version: ':2-bad', deadlineSeconds: 3 }) });

    const waited = await world.waitRefreshing(shop, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'health-check-failed' });
    // the correction is not blamed for it
    const corrected = await world.push(shop, { 'web.yaml': web({ version: ':3' }) });
    expect((await world.waitRefreshing(shop, corrected)).code).toBe(0);
  });

  it('the path of a Kustomization is not in the commit', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    await world.push(shop, { 'settings.yaml': null });
    const ours = await world.git.commit({ [`${shop}-moved/settings.yaml`]: settings('1') });

    const waited = await world.waitRefreshing(shop, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'path-missing' });
  });

  it('the manifests of the commit cannot be built', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'kustomization.yaml': 'resources: [settings.yaml, gone.yaml]\n' });

    expect(await world.waitRefreshing(shop, ours)).toMatchObject({ code: 1, clause: 'build-failed' });
  });

  it('the API server refuses a manifest, which may pass', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'web.yaml': web({ version: ':2', deadlineSeconds: -1 }) });

    const waited = await world.waitRefreshing(shop, ours, ...LONGER);
    expect(waited).toMatchObject({ code: 3, clause: 'reconcile-failing' });
  });

  it('Ready means applied, and the workload never comes up', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'web.yaml': web({ version: ':1' }) }, { wait: false });
    const ours = await world.push(shop, { 'web.yaml': web({ version: ':2-bad', deadlineSeconds: 3 }) });

    const waited = await world.waitRefreshing(shop, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'progress-deadline-exceeded' });
    expect(readyOf(await world.kustomization(shop))).toBe('True ReconciliationSucceeded');
  });

  it('the workload asks for another digest than the release', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    const ours = await world.deploy(shop, { 'web.yaml': web({ version: `@${digest('1')}` }) });

    expect((await world.wait(shop, ours, '--image', `${IMAGE}@${digest('1')}`)).code).toBe(0);
    const wrong = await world.wait(shop, ours, '--image', `${IMAGE}@${digest('2')}`, ...SHORT);
    expect(wrong).toMatchObject({ code: 1, clause: 'other-image' });
  });
});

describe('what is not tried', () => {
  it('a suspended Kustomization says Ready of long ago', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    await world.merge(shop, { suspend: true });
    const ours = await world.push(shop, { 'settings.yaml': settings('2') });
    await world.refreshSource(shop, uniqueName('token'));

    const waited = await world.wait(shop, ours, ...SHORT);
    expect(waited).toMatchObject({ code: 1, clause: 'kustomization-suspended' });
    expect(readyOf(await world.kustomization(shop))).toBe('True ReconciliationSucceeded');
  });

  it('a Kustomization waits for what it depends on, which is no failure', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    const ours = await world.push(shop, { 'settings.yaml': settings('1') });
    await world.namespace(shop);
    await world.create(shop, { dependsOn: [{ name: 'database' }] });
    await world.untilReady(shop, 'False DependencyNotReady');
    const waited = await world.wait(shop, ours, ...SHORT);
    expect(waited).toMatchObject({ code: 3, clause: 'dependency-not-ready' });

    await world.create(shop, { path: `./${shop}`, prune: false }, 'database');
    expect((await world.waitRefreshing(shop, ours)).code).toBe(0);
  });

  it('the source cannot be fetched, and the old artifact looks current', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    await world.deploy(shop, { 'settings.yaml': settings('1') });
    const ours = await world.push(shop, { 'settings.yaml': settings('2') });
    await world.git.goAway();
    const away = await world.waitRefreshing(shop, ours, ...LONGER);
    await world.git.comeBack();

    expect(away).toMatchObject({ code: 3, clause: 'source-failing' });
    expect(readyOf(await world.kustomization(shop))).toBe('True ReconciliationSucceeded');
    expect((await world.waitRefreshing(shop, ours)).code).toBe(0);
  });

  it('the Kustomization, or its source, is not there', async (context) => {
    const world = await worldOf(context);
    const shop = uniqueName('shop');
    const ours = await world.push(shop, { 'settings.yaml': settings('1') });
    await world.namespace(shop);
    expect(await world.wait(shop, ours, ...SHORT)).toMatchObject({
      code: 1,
      clause: 'kustomization-missing',
    });
    await world.create(shop, { sourceRef: { kind: 'GitRepository', name: 'gone' } });
    expect(await world.wait(shop, ours, ...SHORT)).toMatchObject({ code: 1, clause: 'source-missing' });
  });
});
