import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import type { Fault } from '../../sandbox/framework/faults.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { FAILURE } from '../../src/domain/failure.js';
import { sharedParts } from '../support/stack.js';
import { type Cluster, Fleets, stateOf, WEATHER_MS } from './fleets.js';
import { WHOLE } from './stand-ins.js';
import { VaultAdmin } from './vault-admin.js';

vi.setConfig({ testTimeout: WEATHER_MS, hookTimeout: WEATHER_MS });

/** Systems refuse, stumble and stay away: each trouble has its class, and at the end every object is there once. */
describe('bad weather at the vendors', () => {
  let stack: GatehouseStack;
  let fleets: Fleets;
  /** begun first and looked at later: its wait runs out while other tests run */
  let silent: { readonly cluster: Cluster; readonly requestId: string };

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 40,
      ...(await sharedParts('vendors')),
      installation: { timing: 'brisk', stabilisationMs: 0, waitAtMostMs: 40_000 },
    });
    fleets = new Fleets(stack);
    const [cluster] = fleets.take(1);
    await fleets.otterize.settings({
      staysNotIntegrated: [`${cluster.name}-${cluster.stage}:networkMapper`],
    });
    silent = { cluster, requestId: await fleets.started([cluster]) };
  });

  afterAll(() => fleets?.dispose());

  /** Onboards clusters and shows that each is whole: nothing lost, nothing doubled. */
  async function becomeWhole(requestId: string, clusters: readonly Cluster[]): Promise<void> {
    const status = await fleets.ended(requestId);
    expect(status.status, status.message).toBe('done');
    for (const cluster of clusters) expect(await fleets.standIns.found(cluster), cluster.key).toEqual(WHOLE);
  }

  const giveToken = (token: string): void =>
    writeFileSync(join(stack.installation.folder, 'secrets', 'otterize'), `${token}\n`);

  const createdFor = async (cluster: Cluster): Promise<number> =>
    (await fleets.standIns.effects(fleets.otterize, `${cluster.name}-${cluster.stage}`)).filter(
      ({ effect }) => effect === 'created',
    ).length;

  describe('one cluster in trouble', () => {
    it('has a soft-deleted secret: fails with the remedy; recovered, a retry goes on from that step', async () => {
      const [binned, ...others] = fleets.take(4);
      const admin = new VaultAdmin(stack);
      await admin.leaveDeleted(binned, 'otterize-cloud-client-secret');
      const requestId = await fleets.started([binned, ...others]);

      const [failure] = await fleets.failed(requestId, [binned]);
      expect(failure).toMatchObject({ step: 'ensureIntegration', system: 'key-vault', scope: 'target' });
      expect(failure?.object).toContain('otterize-cloud-client-secret');
      expect(failure?.message).toMatch(/deleted/);
      expect(failure?.remedy).toMatch(/Recover it.*purge it, then retry/);
      const status = await fleets.api.status(requestId);
      expect(status.status).toBe('attention');
      expect(status.waitingFor[0]?.next).toContain(`gatehouse retry ${requestId} --cluster ${binned.key}`);
      for (const other of others) expect(stateOf(status, other.key)).toBe('done');

      // once more without a cure: it fails again, and says so again
      await fleets.command('retry', requestId, [binned]);
      await fleets.api.until(requestId, (now) => stateOf(now, binned.key) !== 'failed');
      expect((await fleets.failed(requestId, [binned]))[0]).toEqual(failure);

      await admin.recover(binned, 'otterize-cloud-client-secret');
      const made = await createdFor(binned);
      await fleets.command('retry', requestId, [binned]);
      await becomeWhole(requestId, [binned, ...others]);
      expect(await createdFor(binned)).toBe(made);
    });

    it('has an Application that can never sync: fails at once with the words of Argo CD; skipped, the rest is done', async () => {
      const [broken, fine] = fleets.take(2);
      if (!fine) throw new Error('two clusters');
      await fleets.standIns.kubernetes.settings({
        applications: { [`${broken.name}-${broken.stage}-otterize`]: { neverSyncs: true } },
      });
      const requestId = await fleets.started([broken, fine]);
      const [failure] = await fleets.failed(requestId, [broken]);
      expect(failure).toMatchObject({ step: 'waitForSync', system: 'argocd', scope: 'target' });
      expect(failure?.message).toMatch(/^sync-failed: .*field is immutable/);
      expect(await fleets.failureTypeOf(broken)).toBe(FAILURE.target);

      await fleets.command('skip', requestId, [broken]);
      const status = await fleets.ended(requestId);
      expect(status).toMatchObject({ status: 'done' });
      expect(status.message).toContain('1 skipped');
      expect(stateOf(status, broken.key)).toBe('skipped');
      expect(await fleets.standIns.found(fine)).toEqual(WHOLE);
    });
  });

  describe('Git', () => {
    it('is changed by somebody else between read and write: both commits survive', async () => {
      const [cluster] = fleets.take(1);
      const { gitlab } = fleets.standIns;
      const file = `${cluster.key}/otterize.yaml`;
      await hold(gitlab, 'commit', { operation: 'createCommit' });
      const requestId = await fleets.started([cluster]);
      await fleets.held(requestId, gitlab, 1);
      const theirs = (await fleets.standIns.valuesOf(cluster)).replace('debug:    false', 'debug:    true');
      await gitlab.post('/commit', { project: 'platform/clusters', path: file, content: theirs });
      await gitlab.removeFaults('commit');

      await becomeWhole(requestId, [cluster]);
      expect(await fleets.standIns.valuesOf(cluster)).toContain('debug:    true');
      const authors = (await fleets.standIns.commitsOn(cluster)).map(({ author_name }) => author_name);
      expect(authors).toContain('Somebody Else');
    });

    it('takes many clusters of one repository at the same time', async () => {
      const clusters = fleets.take(8);
      const { gitlab } = fleets.standIns;
      await hold(gitlab, 'race', { operation: 'createCommit' });
      const requestId = await fleets.started(clusters);
      await fleets.held(requestId, gitlab, 8);
      await gitlab.removeFaults('race');
      await becomeWhole(requestId, clusters);
    });
  });

  // before the vendor refuses everybody: a wait that meets a 401 ends with that
  it('a vendor that stays NOT_INTEGRATED: overdue, with the components by name', async () => {
    const [failure] = await fleets.failed(silent.requestId, [silent.cluster]);
    expect(failure).toMatchObject({ step: 'waitForConnected', system: 'otterize', scope: 'target' });
    expect(failure?.message).toMatch(
      /not reached in 40 s; unmet: the vendor sees networkMapper NOT_INTEGRATED$/,
    );
    expect(failure?.remedy).toMatch(/Look at the pods of the stack/);
    await fleets.otterize.settings({ staysNotIntegrated: [] });
    await fleets.command('retry', silent.requestId, [silent.cluster]);
    await becomeWhole(silent.requestId, [silent.cluster]);
  });

  describe('a credential', () => {
    it('that expires pauses the rollout; with a new one it resumes, and nothing is made twice', async () => {
      const clusters = fleets.take(5);
      await hold(fleets.otterize, 'expiry', { operation: 'createEnvironment_mutation' });
      const requestId = await fleets.started(clusters, { maxInFlight: 2 });
      await fleets.held(requestId, fleets.otterize, 1);
      const token = tokenIn(
        await fleets.otterize.post('/person', { email: stack.world.otterize.users[0]?.email }),
      );
      // whatever comes of this test, the next one has a token that is good
      onTestFinished(() => giveToken(token));
      await fleets.otterize.removeFaults('expiry');

      const paused = await fleets.api.until(requestId, ({ status }) => status === 'paused');
      const failed = paused.targets.filter(({ state }) => state === 'failed');
      expect(failed.length).toBeGreaterThan(0);
      for (const { failure } of failed) {
        expect(failure).toMatchObject({ system: 'otterize', scope: 'provider' });
        expect(failure?.remedy).toMatch(/Renew the credential of otterize/);
      }
      expect(paused.waitingFor[0]?.next).toContain(`gatehouse resume ${requestId}`);
      // what had not begun does not run into the same wall
      expect(paused.targets.filter(({ state }) => state === 'pending').length).toBeGreaterThan(0);

      giveToken(token);
      await fleets.command('resume', requestId);
      await becomeWhole(requestId, clusters);
    });
  });

  describe('a provider that stumbles', () => {
    it('is asked again when it says, and not before', async () => {
      const [cluster] = fleets.take(1);
      const waitMs = 1_500;
      const throttled = (id: string, operation: string, header: () => string | undefined): Fault => {
        const value = header();
        return {
          id,
          match: { operation },
          when: 'before',
          kind: 'status',
          status: 429,
          ...(value === undefined ? {} : { headers: { 'retry-after': value } }),
        };
      };
      await fleets.otterize.addFault(throttled('fraction', 'createOrganization_mutation', () => '1.5'));
      await fleets.otterize.addFault(throttled('whole', 'createEnvironment_mutation', () => '2'));
      await fleets.otterize.addFault(throttled('silent', 'createInvite_mutation', () => undefined));
      await fleets.otterize.addFault(
        throttled('date', 'createKubernetesIntegration_mutation', () =>
          // HTTP dates have whole seconds
          new Date(Date.now() + 10_000).toUTCString(),
        ),
      );
      const since = (await fleets.otterize.events()).at(-1)?.seq ?? 0;
      await becomeWhole(await fleets.started([cluster]), [cluster]);

      const answers = (await fleets.otterize.events(since)).filter(({ phase }) => phase === 'answer');
      const pause = (operation: string): number => {
        const calls = answers.filter((answer) => answer.operation === operation);
        const refused = calls.findIndex(({ status }) => status === 429);
        expect(refused, operation).toBeGreaterThanOrEqual(0);
        return Date.parse(calls[refused + 1]?.at ?? '') - Date.parse(calls[refused]?.at ?? '');
      };
      expect(pause('createOrganization_mutation')).toBeGreaterThanOrEqual(waitMs);
      expect(pause('createEnvironment_mutation')).toBeGreaterThanOrEqual(2_000);
      expect(pause('createInvite_mutation')).toBeGreaterThan(0);
      expect(pause('createKubernetesIntegration_mutation')).toBeGreaterThan(0);
    });

    it('does what it was asked and then answers 500, cuts, or says nonsense: adopted, one object', async () => {
      const clusters = fleets.take(4);
      const spoil = (
        at: ControlClient,
        operation: string,
        kind: 'status' | 'cut' | 'malformed',
        skip: number,
      ): Promise<void> =>
        at.addFault({
          id: `${operation} ${kind} ${skip}`,
          match: { operation },
          skip,
          when: 'after',
          kind,
          ...(kind === 'status' ? { status: 500 } : {}),
        });
      const { otterize, gitlab, keyVault } = fleets.standIns;
      for (const operation of [
        'createOrganization_mutation',
        'createInvite_mutation',
        'createEnvironment_mutation',
        'createKubernetesIntegration_mutation',
      ]) {
        await spoil(otterize, operation, 'status', 0);
        await spoil(otterize, operation, 'cut', 1);
        await spoil(otterize, operation, 'malformed', 2);
      }
      await spoil(gitlab, 'createCommit', 'status', 0);
      await spoil(gitlab, 'createCommit', 'cut', 1);
      await spoil(keyVault, 'SetSecret', 'status', 0);
      await spoil(keyVault, 'SetSecret', 'cut', 1);
      try {
        await becomeWhole(await fleets.started(clusters), clusters);
      } finally {
        for (const at of [otterize, gitlab, keyVault]) await at.removeFaults();
      }
    });

    it('is down for long: everything waits, nothing fails, and goes on when it is back', async () => {
      const clusters = fleets.take(3);
      const { otterize, gitlab, kubernetes } = fleets.standIns;
      const requestId = await fleets.ask(clusters);
      await fleets.api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
      const down: Fault = { id: 'down', match: {}, times: 0, when: 'before', kind: 'status', status: 503 };
      const cut: Fault = { id: 'cut', match: { path: '/api/v4/' }, times: 0, when: 'before', kind: 'cut' };
      await otterize.addFault(down);
      await gitlab.addFault(cut);
      await kubernetes.addFault({ ...down, match: { path: 'harbour' }, times: 6 });
      await fleets.agree(requestId, clusters.length);
      // an hour passes as a number of refused calls: each cluster has been refused again and again
      await untilRefused(otterize, 503, 15);
      const meanwhile = await fleets.api.status(requestId);
      expect(meanwhile.status).toBe('running');
      expect(meanwhile.targets.filter(({ state }) => state === 'failed')).toEqual([]);
      await otterize.removeFaults('down');
      await gitlab.removeFaults('cut');
      await becomeWhole(requestId, clusters);
    });
  });

  describe('operators', () => {
    it('pause: what is in flight finishes, nothing new starts; resume goes on', async () => {
      const clusters = fleets.take(3);
      await hold(fleets.otterize, 'pause', { operation: 'createEnvironment_mutation' });
      const requestId = await fleets.started(clusters, { maxInFlight: 1 });
      await fleets.held(requestId, fleets.otterize, 1);
      await fleets.command('pause', requestId);
      await fleets.otterize.removeFaults('pause');
      const paused = await fleets.api.until(
        requestId,
        ({ status, targets }) => status === 'paused' && targets.some(({ state }) => state === 'done'),
      );
      expect(paused.targets.filter(({ state }) => state === 'pending')).toHaveLength(2);
      await fleets.command('resume', requestId);
      await becomeWhole(requestId, clusters);
    });

    it('cancel: the effect in hand is finished, nothing new starts, and the request ends as cancelled', async () => {
      const [inHand, ...later] = fleets.take(3);
      await hold(fleets.otterize, 'cancel', { operation: 'createEnvironment_mutation' });
      const requestId = await fleets.started([inHand, ...later], { maxInFlight: 1 });
      await fleets.held(requestId, fleets.otterize, 1);
      await fleets.command('cancel', requestId);
      await fleets.otterize.removeFaults('cancel');
      const status = await fleets.ended(requestId);
      expect(status).toMatchObject({ status: 'cancelled' });
      expect(await fleets.standIns.found(inHand)).toMatchObject({
        organisations: 1,
        environments: 1,
        integrations: 0,
        commits: 0,
      });
      for (const cluster of later) {
        expect(await fleets.standIns.found(cluster)).toMatchObject({ organisations: 0, commits: 0 });
      }

      // what is there is ours: asking again goes on from it
      const again = await fleets.started([inHand]);
      await becomeWhole(again, [inHand]);
    });

    it('terminate the run in Temporal: a retry starts it again, and it goes on where it was', async () => {
      const [first, second] = fleets.take(2);
      if (!second) throw new Error('two clusters');
      await hold(fleets.otterize, 'terminate', { operation: 'createEnvironment_mutation' });
      const requestId = await fleets.started([first, second], { maxInFlight: 1 });
      await fleets.held(requestId, fleets.otterize, 1);
      const { workflowId } = await fleets.api.status(requestId);
      await fleets.terminate(workflowId);
      await fleets.otterize.removeFaults('terminate');
      await fleets.command('retry', requestId);
      await becomeWhole(requestId, [first, second]);
    });
  });

  it('broke no spec', async () => {
    for (const name of ['otterize', 'directory', 'gitlab', 'kubernetes'] as const) {
      expect(await fleets.standIns[name].violations(), name).toEqual([]);
    }
  });
});

/** Holds calls until the fault is removed: one that waits too long is broken off, and held again when it is repeated. */
async function hold(at: ControlClient, id: string, match: Fault['match']): Promise<void> {
  // a test that fails must not hold the calls of the next one
  onTestFinished(() => at.removeFaults(id));
  await at.addFault({ id, match, times: 0, when: 'before', kind: 'hold' });
}

async function untilRefused(at: ControlClient, status: number, count: number): Promise<void> {
  const refused = async () => (await at.events()).filter((event) => event.status === status).length;
  await expect.poll(refused, { timeout: 90_000, interval: 250 }).toBeGreaterThanOrEqual(count);
}

function tokenIn(text: string): string {
  const value: unknown = JSON.parse(text);
  if (!Value.Check(Type.Object({ token: Type.String() }), value)) throw new Error('no token');
  return value.token;
}
