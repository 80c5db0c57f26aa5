import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  applicationOf,
  directoryOf,
  PROD_PROJECT,
  seedServices,
  serviceFiles,
  serviceNames,
  servicePathsText,
} from '../../bench/promotion/services.js';
import { commitsOf, filesOf } from '../../bench/repositories/git-content.js';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { sharedParts } from '../support/stack.js';
import { WEATHER_MS } from './fleets.js';

vi.setConfig({ testTimeout: WEATHER_MS, hookTimeout: WEATHER_MS });

const PATIENCE_MS = 180_000;
const Token = Type.Object({ token: Type.String() });
const MergeRequests = Type.Array(
  Type.Object({ iid: Type.Integer(), sha: Type.String(), source_branch: Type.String() }),
);
const API = `api/v4/projects/${encodeURIComponent(PROD_PROJECT)}`;

/** What comes between a promotion and its end: said with the remedy, mended, and nothing of it is lost or doubled. */
describe('bad weather over promotions', () => {
  const services = [...serviceNames(12)];
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;
  let kubernetes: ControlClient;
  /** begun first and looked at later: their waits run out while other tests run */
  let unattended: { readonly service: string; readonly requestId: string };
  let suspended: { readonly service: string; readonly requestId: string };
  let whileWaiting: RequestStatus;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 2,
      ...(await sharedParts('promotion-weather')),
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        waitAtMostMs: 40_000,
        path: servicePathsText(services),
      },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    gitlab = new ControlClient(stack.address('gitlab'));
    kubernetes = new ControlClient(stack.address('kubernetes'));
    await seedServices(stack, services, { dev: '1.1.0', prod: '1.0.0' });
    const [first, second] = [next(), next()];
    await kubernetes.settings({
      applications: {
        [applicationOf(first, 'prod')]: { scripted: true },
        [applicationOf(second, 'prod')]: { suspended: true },
      },
    });
    unattended = { service: first, requestId: await agreed(first) };
    suspended = { service: second, requestId: await agreed(second) };
    whileWaiting = await api.until(
      suspended.requestId,
      ({ waitingFor }) => waitingFor.some(({ condition }) => /suspended/.test(condition)),
      PATIENCE_MS,
    );
  });

  afterAll(() => stack?.dispose());

  /** A service that nothing was done to yet. */
  function next(): string {
    const service = services.shift();
    if (service === undefined) throw new RangeError('Give the world more services.');
    return service;
  }

  async function asked(service: string): Promise<string> {
    const requestId = await api.promote(shopPromotionText({}, service));
    await api.until(requestId, ({ gates }) => gates.some(({ state }) => state === 'open'), PATIENCE_MS);
    return requestId;
  }

  async function agreed(service: string): Promise<string> {
    const requestId = await asked(service);
    await api.decide('ben', requestId, 'owner', 'approve');
    return requestId;
  }

  function settled(requestId: string): Promise<RequestStatus> {
    return api.until(
      requestId,
      ({ endedAt, status }) => endedAt !== undefined || status === 'attention',
      PATIENCE_MS,
    );
  }

  async function failureOf(requestId: string): Promise<RequestStatus['targets'][number]['failure']> {
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('attention');
    return status.targets.find((target) => target.failure !== undefined)?.failure;
  }

  async function retried(requestId: string): Promise<RequestStatus> {
    await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, { targets: [] });
    return api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
  }

  /** What somebody of the world says to GitLab. */
  async function say(who: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const given: unknown = JSON.parse(await gitlab.post('/token', { username: who }));
    if (!Value.Check(Token, given)) throw new Error(`no token of ${who}`);
    const answer = await fetch(`${stack.address('gitlab')}/${API}/${path}`, {
      method,
      headers: { 'private-token': given.token, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : await answer.json();
  }

  async function mergeRequestOf(service: string): Promise<Static<typeof MergeRequests>[number]> {
    const listed = await say('emil', 'GET', 'merge_requests?state=all&per_page=100');
    const all = Value.Check(MergeRequests, listed) ? listed : [];
    const found = all.find(({ source_branch: branch }) => branch.includes(`/${service}/`));
    if (found === undefined) throw new Error(`no merge request of ${service}`);
    return found;
  }

  /** Production holds exactly what was agreed on, by one commit of ours. */
  async function expectLandedOnce(service: string, requestId: string): Promise<void> {
    const files = await filesOf(stack, PROD_PROJECT);
    for (const [path, text] of Object.entries(serviceFiles(stack, service, '1.1.0'))) {
      expect(files.get(path), path).toBe(text);
    }
    const there = [...files.keys()].filter((path) => path.startsWith(`${directoryOf(service)}/`));
    expect(there.sort()).toEqual(Object.keys(serviceFiles(stack, service, '1.1.0')).sort());
    const commits = await commitsOf(stack, PROD_PROJECT);
    const ours = commits.filter(
      ({ message, parents }) => message.includes(requestId) && parents.length === 1,
    );
    expect(ours).toHaveLength(1);
  }

  it('a merge request that somebody closed: said; opened again, a retry merges what was agreed on', async () => {
    const service = next();
    const requestId = await asked(service);
    const { iid } = await mergeRequestOf(service);
    await say('somebody-else', 'PUT', `merge_requests/${iid}`, { state_event: 'close' });
    await api.decide('ben', requestId, 'owner', 'approve');
    expect(await failureOf(requestId)).toMatchObject({
      system: 'gitlab',
      message: `somebody closed !${iid}`,
      remedy: expect.stringMatching(/^Reopen it and retry/),
    });
    await say('somebody-else', 'PUT', `merge_requests/${iid}`, { state_event: 'reopen' });
    expect((await retried(requestId)).status).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  it('an approver who edits the merge request: what he added never reaches production', async () => {
    const service = next();
    const requestId = await asked(service);
    const { iid, sha: ours, source_branch: branch } = await mergeRequestOf(service);
    await gitlab.post('/commit', {
      project: PROD_PROJECT,
      branch,
      path: `${directoryOf(service)}/backdoor.yaml`,
      content: 'kind: ConfigMap\n',
      author: 'ben',
      as: 'ben',
    });
    await api.decide('chi', requestId, 'owner', 'approve');
    expect(await failureOf(requestId)).toMatchObject({
      system: 'gitlab',
      message: expect.stringContaining('that is not what was approved'),
      remedy: expect.stringMatching(/^Reset the branch to our commit and retry/),
    });
    // as a forced push does it: GitLab closes what has no branch
    const repository = 'repository/branches';
    await say('somebody-else', 'DELETE', `${repository}/${encodeURIComponent(branch)}`);
    await say('somebody-else', 'POST', `${repository}?branch=${encodeURIComponent(branch)}&ref=${ours}`);
    await say('somebody-else', 'PUT', `merge_requests/${iid}`, { state_event: 'reopen' });
    expect((await retried(requestId)).status).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  it('a merge conflict by what somebody merged meanwhile: people are asked about the result', async () => {
    const service = next();
    const requestId = await asked(service);
    const path = `${directoryOf(service)}/deployment.yaml`;
    const before = (await filesOf(stack, PROD_PROJECT)).get(path) ?? '';
    await gitlab.post('/commit', {
      project: PROD_PROJECT,
      path,
      content: before.replace('replicas: 2', 'replicas: 3'),
      author: 'emil',
      as: 'emil',
    });
    await api.decide('ben', requestId, 'owner', 'approve');
    await api.until(
      requestId,
      ({ epoch, gates }) => epoch === 2 && gates.some(({ state }) => state === 'open'),
      PATIENCE_MS,
    );
    await api.decide('ben', requestId, 'owner', 'approve');
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  it('a branch protection that refuses our account: said with the remedy, and a retry merges', async () => {
    const service = next();
    const requestId = await asked(service);
    await say('somebody-else', 'DELETE', 'protected_branches/main');
    await say('somebody-else', 'POST', 'protected_branches', {
      name: 'main',
      push_access_level: 0,
      merge_access_level: 0,
    });
    await api.decide('ben', requestId, 'owner', 'approve');
    const failure = await failureOf(requestId);
    expect(failure).toMatchObject({ system: 'gitlab' });
    expect(`${failure?.message} ${failure?.remedy}`).toMatch(/merge/i);
    await say('somebody-else', 'DELETE', 'protected_branches/main');
    await say('somebody-else', 'POST', 'protected_branches', {
      name: 'main',
      push_access_level: 0,
      merge_access_level: 40,
    });
    expect((await retried(requestId)).status).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  it('outside of the sync window of the project: said, with when it is looked at again', async () => {
    const service = next();
    const requestId = await asked(service);
    await syncWindows([
      { kind: 'deny', schedule: '* * * * *', duration: '1h', applications: [`${service}-*`] },
    ]);
    await api.decide('ben', requestId, 'owner', 'approve');
    const waiting = await api.until(
      requestId,
      ({ waitingFor }) => waitingFor.some(({ condition }) => /window/.test(condition)),
      PATIENCE_MS,
    );
    expect(waiting.endedAt).toBeUndefined();
    expect((await filesOf(stack, PROD_PROJECT)).get(`${directoryOf(service)}/deployment.yaml`)).toBe(
      serviceFiles(stack, service, '1.0.0')[`${directoryOf(service)}/deployment.yaml`],
    );
    await syncWindows([]);
    await api.call('olga', 'POST', `/v1/requests/${requestId}/cancel`);
    const ended = await api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
    expect(ended.status).toBe('cancelled');
  });

  it('a controller that is down: the wait says what it waited for; when it is back a retry proves it', async () => {
    const { service, requestId } = unattended;
    const failure = await failureOf(requestId);
    expect(failure?.object).toContain(applicationOf(service, 'prod'));
    expect(failure?.message).toMatch(/^not reached in 40 s; unmet: /);
    await kubernetes.settings({
      applications: { [applicationOf(suspended.service, 'prod')]: { suspended: true } },
    });
    // a controller that starts compares everything
    await kubernetes.post('/sync', { application: applicationOf(service, 'prod') });
    expect((await retried(requestId)).status).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  it('an application that is suspended: said; resumed, a retry proves it', async () => {
    const { service, requestId } = suspended;
    expect(whileWaiting).toMatchObject({
      status: 'running',
      waitingFor: [
        { condition: expect.stringMatching(/ \(suspended: .*, for \d+ s\)$/), who: 'the controller' },
      ],
      targets: [
        {
          waits: [
            {
              step: `delivered/${applicationOf(service, 'prod')}`,
              clause: expect.stringMatching(/^suspended: /),
            },
          ],
        },
      ],
    });
    expect((await failureOf(requestId))?.message).toMatch(
      /unmet: suspended: .* waits for somebody to resume it/,
    );
    await kubernetes.settings({ applications: {} });
    await kubernetes.post('/sync', { application: applicationOf(service, 'prod') });
    expect((await retried(requestId)).status).toBe('done');
    await expectLandedOnce(service, requestId);
  });

  async function syncWindows(windows: readonly unknown[]): Promise<void> {
    const path = '/clusters/management/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/shop';
    const answer = await fetch(`${stack.address('kubernetes')}${path}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${stack.address('kubernetesAdminToken')}`,
        'content-type': 'application/merge-patch+json',
      },
      body: JSON.stringify({ spec: { syncWindows: windows } }),
    });
    if (!answer.ok) throw new Error(`sync windows: ${answer.status} ${await answer.text()}`);
  }
});
