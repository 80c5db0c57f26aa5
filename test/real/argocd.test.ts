/**
 * `gatehouse wait` in front of a real Argo CD. The accidents of bench/accidents are played there with written objects;
 * here the real controller writes them. Each is named after what went wrong with a wait.
 */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import type { Loose } from '../../sandbox/kubernetes/objects.js';
import { uniqueName } from '../support/stack.js';
import { ArgoCdWorld, healthOf, inside, isSyncedAndHealthy } from './argocd-world.js';
import { digest, IMAGE, settings, smokeTest, web } from './shop.js';

let opened: Promise<ArgoCdWorld> | undefined;
const worldOf = (context: TestContext): Promise<ArgoCdWorld> => {
  opened ??= ArgoCdWorld.open(context);
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
  it('the old revision is Synced and Healthy after a push, and stays so until somebody asks', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const before = await world.deploy(name, {
      'web.yaml': web({ version: ':1' }),
      'settings.yaml': settings('1'),
    });
    const ours = await world.push(name, { 'web.yaml': web({ version: ':2' }) });

    const asked = await world.wait(name, ours, ...SHORT);
    expect(asked).toMatchObject({ code: 3, clause: 'other-revision' });
    const old = await world.application(name);
    expect(isSyncedAndHealthy(old)).toBe(true);
    expect(inside(old, 'status', 'sync', 'revision')).toBe(before);

    const refreshed = await world.waitRefreshing(name, ours);
    expect(refreshed).toMatchObject({ code: 0, evidence: { revision: ours, operation: 'Succeeded' } });
    // what is done is proven by one read
    expect((await world.wait(name, ours, ...SHORT)).code).toBe(0);
    expect((await world.wait(name, before, ...SHORT)).code).toBe(3);
  });

  it('a later commit of somebody else moves the shared branch on', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'settings.yaml': settings('2') });
    const later = await world.git.commit({ [`${name}-other/README.md`]: 'Of somebody else.\n' });
    await world.refresh(name);
    await world.until(name, (status) => inside(status, 'sync', 'revision') === later);
    await world.compareLater(name);

    const strangers = await world.wait(name, ours, ...SHORT);
    expect(strangers).toMatchObject({ code: 3, clause: 'other-revision' });
    const proven = await world.waitRefreshing(name, ours, '--repository', world.git.cloneUrl);
    expect(proven).toMatchObject({ code: 0, evidence: { revision: later } });
  });

  it('a newer release replaces ours before it was seen', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'settings.yaml': settings('2') });
    await world.push(name, { 'settings.yaml': settings('3') });

    const waited = await world.waitRefreshing(name, ours, '--repository', world.git.cloneUrl);
    expect(waited).toMatchObject({ code: 1, clause: 'superseded' });
    expect(isSyncedAndHealthy(await world.application(name))).toBe(true);
  });

  it('no application matches the selector, or fewer than expected', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const commit = await world.deploy(name, { 'settings.yaml': settings('1') }, { labels: { team: name } });
    const selected = (...more: readonly string[]) =>
      world.pipeline.wait('--revision', commit, ...SHORT, '--selector', ...more);

    expect(await selected('team=nobody')).toMatchObject({ code: 1, clause: 'no-application' });
    expect((await selected(`team=${name}`)).code).toBe(0);
    expect(await selected(`team=${name}`, '--expect', '2')).toMatchObject({
      code: 3,
      clause: 'too-few-applications',
    });
    expect(await world.wait(`${name}-x`, commit, ...SHORT)).toMatchObject({
      code: 1,
      clause: 'application-missing',
    });
  });
});

describe('health and hooks', () => {
  it('a PostSync hook failed, and the application is Synced and Healthy', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'web.yaml': web({ version: ':1' }), 'test.yaml': smokeTest('ok') });
    const files = { 'test.yaml': smokeTest('fail'), 'web.yaml': web({ version: ':2' }) };
    const ours = await world.push(name, files);

    const waited = await world.waitRefreshing(name, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'sync-failed' });
    expect(waited.message).toContain('PostSync hook Job/smoke-test');
    await world.until(name, (status) => isSyncedAndHealthy({ status }));
  });

  it('a commit that changes nothing but a hook starts no sync, so the hook never runs', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const before = await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'test.yaml': smokeTest('fail') });

    const waited = await world.waitRefreshing(name, ours);
    expect(waited).toMatchObject({ code: 0, evidence: { revision: ours } });
    const { status } = await world.application(name);
    expect(inside(status, 'operationState', 'syncResult', 'revision')).toBe(before);
  });

  it('a failed hook is retried: the operation is Running with an end', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const retry = { limit: 2, backoff: { duration: '10s', factor: 1, maxDuration: '10s' } };
    const syncPolicy = { automated: { prune: true }, retry };
    await world.deploy(name, { 'web.yaml': web({ version: ':1' }) }, { syncPolicy });
    const ours = await world.push(name, {
      'test.yaml': smokeTest('fail'),
      'web.yaml': web({ version: ':2' }),
    });
    await world.refresh(name);
    await world.until(name, waitsForRetry);

    const retried = await world.wait(name, ours, '--timeout', '1s');
    expect(retried).toMatchObject({ code: 3, clause: 'operation-running' });
    expect(retried.message).toContain('waits for its retry');
    expect(await world.wait(name, ours)).toMatchObject({ code: 1, clause: 'sync-failed' });
  });

  it('a bad image never comes up', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'web.yaml': web({ version: ':1' }) });
    const ours = await world.push(name, { 'web.yaml': web({ version: ':2-bad', deadlineSeconds: 3 }) });

    const waited = await world.waitRefreshing(name, ours, '--workload', 'deployment/web');
    expect(waited).toMatchObject({ code: 1, clause: 'progress-deadline-exceeded' });
    await world.until(name, (status) => healthOf({ status }) === 'Degraded');
    expect(await world.wait(name, ours, ...SHORT)).toMatchObject({
      code: 1,
      clause: 'progress-deadline-exceeded',
    });
  });

  it('a roll-out is paused, and Suspended ranks next to Healthy', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'web.yaml': web({ version: ':1' }) });
    const ours = await world.push(name, { 'web.yaml': web({ version: ':2', paused: true }) });
    await world.refresh(name);
    await world.until(name, (status) => healthOf({ status }) === 'Suspended');
    await world.compareLater(name);

    const waited = await world.wait(name, ours, ...SHORT);
    expect(waited).toMatchObject({ code: 3, clause: 'suspended' });
  });

  it('the workload asks for another digest than the release', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const ours = await world.deploy(name, { 'web.yaml': web({ version: `@${digest('1')}` }) });
    const withImage = (image: string) => ['--image', `${IMAGE}@${image}`];
    const named = ['--workload', 'deployment/web'];

    expect((await world.wait(name, ours, ...withImage(digest('1')), ...named)).code).toBe(0);
    expect((await world.wait(name, ours, ...withImage(digest('1')))).code).toBe(0);
    const wrong = await world.wait(name, ours, ...withImage(digest('2')), ...named);
    expect(wrong).toMatchObject({ code: 1, clause: 'other-image' });
    const summary = await world.wait(name, ours, ...withImage(digest('2')), ...SHORT);
    expect(summary).toMatchObject({ code: 3, clause: 'other-image' });
  });
});

describe('what holds a sync back', () => {
  it('Git cannot be reached, and what came meanwhile is synced without its hooks', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'test.yaml': smokeTest('fail'), 'settings.yaml': settings('2') });
    await world.git.goAway();
    await world.refresh(name);
    await world.until(name, (status) => inside(status, 'sync', 'status') === 'Unknown');
    const away = await world.wait(name, ours, ...SHORT);
    await world.git.comeBack();
    expect(away).toMatchObject({ code: 3, clause: 'comparison-error' });

    // Argo CD 3.5.7 then takes the new commit for one that it has tried, and does what self-heal does: only what differs
    const back = await world.waitRefreshing(name, ours, ...LONGER);
    expect(back).toMatchObject({ code: 3, clause: 'partial-sync' });
    const fooled = await world.application(name);
    expect(isSyncedAndHealthy(fooled)).toBe(true);
    expect(inside(fooled, 'status', 'operationState', 'phase')).toBe('Succeeded');
    // the whole sync shows what was left out
    await world.sync(name, { revision: ours });
    expect(await world.waitRefreshing(name, ours)).toMatchObject({ code: 1, clause: 'sync-failed' });
  });

  it('a deny window holds the sync back without a word', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.project(name, []);
    await world.deploy(name, { 'settings.yaml': settings('1') }, { project: name });
    await world.project(name, [
      { kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['*'], manualSync: true },
    ]);
    const ours = await world.push(name, { 'settings.yaml': settings('2') });

    const waited = await world.waitRefreshing(name, ours, '--timeout', '5m');
    expect(waited).toMatchObject({ code: 1, clause: 'sync-window' });
  });

  it('a failed sync of our commit is never tried again, and the wait would last for ever', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'settings.yaml': settings('1') });
    // the API server refuses what the repo-server can read
    const ours = await world.push(name, { 'web.yaml': web({ version: ':2', deadlineSeconds: -1 }) });

    const waited = await world.waitRefreshing(name, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'sync-failed' });
    const corrected = await world.push(name, { 'web.yaml': web({ version: ':2' }) });
    expect((await world.waitRefreshing(name, corrected)).code).toBe(0);
  });

  it('somebody rolled the application back with auto-sync switched off', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const before = await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'settings.yaml': settings('2') });
    expect((await world.waitRefreshing(name, ours)).code).toBe(0);
    await world.merge(name, { spec: { syncPolicy: null } });
    await world.sync(name, { revision: before });

    const waited = await world.waitRefreshing(name, ours);
    expect(waited).toMatchObject({ code: 1, clause: 'auto-sync-off' });
  });

  it('retries of a failed sync are pinned to the old commit and hold the correction back', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    const retry = { limit: 1, backoff: { duration: '12s', factor: 1, maxDuration: '12s' } };
    const syncPolicy = { automated: { prune: true }, retry };
    await world.deploy(name, { 'web.yaml': web({ version: ':1' }) }, { syncPolicy });
    await world.push(name, { 'test.yaml': smokeTest('fail'), 'web.yaml': web({ version: ':2' }) });
    await world.refresh(name);
    await world.until(name, waitsForRetry);
    const ours = await world.push(name, { 'test.yaml': smokeTest('ok'), 'web.yaml': web({ version: ':3' }) });

    const pinned = await world.wait(name, ours, '--timeout', '1s');
    expect(pinned).toMatchObject({ code: 3, clause: 'operation-pinned' });
    expect((await world.waitRefreshing(name, ours)).code).toBe(0);
  });

  it('somebody covers the failed hook up with a sync of some objects that succeeds', async (context) => {
    const world = await worldOf(context);
    const name = uniqueName('shop');
    await world.deploy(name, { 'settings.yaml': settings('1') });
    const ours = await world.push(name, { 'test.yaml': smokeTest('fail'), 'settings.yaml': settings('2') });
    expect(await world.waitRefreshing(name, ours)).toMatchObject({ code: 1, clause: 'sync-failed' });
    const resources = [{ kind: 'ConfigMap', name: 'settings' }];
    await world.sync(name, { revision: ours, resources });

    const waited = await world.waitRefreshing(name, ours, ...LONGER);
    expect(waited).toMatchObject({ code: 3, clause: 'partial-sync' });
    expect(isSyncedAndHealthy(await world.application(name))).toBe(true);
  });
});

/** Running with an end: the attempt has ended, the operation has not. */
function waitsForRetry(status: Loose): boolean {
  return (
    inside(status, 'operationState', 'phase') === 'Running' &&
    typeof inside(status, 'operationState', 'finishedAt') === 'string'
  );
}
