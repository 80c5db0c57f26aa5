import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopImage, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { sharedParts } from '../support/stack.js';

const DEV = 'shop-dev/ops';
const PROD = 'shop-prod/ops';
const DEPLOYMENT = 'yaml/deployment.yaml';
const PATIENCE_MS = 120_000;

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** One application into production by the API, with everything real that Gatehouse is made of. */
describe('promotions, from request to proof', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;
  let kubernetes: ControlClient;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      ...(await sharedParts('promotion')),
      // what does not come up is given up after this
      installation: { timing: 'brisk', stabilisationMs: 0, waitAtMostMs: 40_000 },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    gitlab = new ControlClient(stack.address('gitlab'));
    kubernetes = new ControlClient(stack.address('kubernetes'));
  });

  afterAll(() => stack?.dispose());

  function imageOf(version: ExampleVersion): string {
    return `${shopImage(stack.address('harbor'))}@${exampleImage('shop/web', version).content.top.digest}`;
  }

  /** Somebody commits; in dev that is what a release is made of. */
  async function committed(project: string, path: string, content: string, who = 'ada'): Promise<void> {
    await gitlab.post('/commit', { project, path, content, author: who, as: who });
  }

  function develop(version: ExampleVersion): Promise<void> {
    return committed(DEV, DEPLOYMENT, shopFiles({ image: imageOf(version) })[DEPLOYMENT] ?? '');
  }

  async function asked(): Promise<string> {
    const requestId = await api.promote(shopPromotionText());
    const status = await api.until(requestId, isAskedOrOver, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('waiting');
    return requestId;
  }

  function agree(requestId: string, who = 'ben'): Promise<void> {
    return api.decide(who, requestId, 'owner', 'approve');
  }

  function settled(requestId: string): Promise<RequestStatus> {
    return api.until(
      requestId,
      (status) => status.endedAt !== undefined || status.status === 'attention',
      PATIENCE_MS,
    );
  }

  it('merges what the owner agreed to, and ends when production is proven to run it', async () => {
    await develop('1.1.0');
    const requestId = await asked();
    expect(await fileOf(PROD, DEPLOYMENT)).not.toContain(imageOf('1.1.0'));
    await agree(requestId);
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    expect(await fileOf(PROD, DEPLOYMENT)).toContain(imageOf('1.1.0'));
    expect(await mergeRequests()).toEqual(['merged']);
  });

  it('has nothing to do the second time, and writes nothing', async () => {
    const before = await headOf(PROD);
    const requestId = await api.promote(shopPromotionText());
    const status = await settled(requestId);
    expect([status.status, status.message]).toEqual(['done', '2 unchanged, nothing to do']);
    expect(await headOf(PROD)).toBe(before);
  });

  it('never lets an author decide', async () => {
    await committed(DEV, DEPLOYMENT, shopFiles({ image: imageOf('1.2.0') })[DEPLOYMENT] ?? '', 'ben');
    const requestId = await asked();
    await expect(agree(requestId)).rejects.toThrow(/403/);
    await api.decide('chi', requestId, 'owner', 'reject');
    expect((await settled(requestId)).status).toBe('rejected');
    expect(await mergeRequests()).toEqual(['closed', 'merged']);
  });

  it('asks people again when what would be merged has changed meanwhile', async () => {
    // Ben's commit is promoted with it, so he may not decide on this one either
    await develop('1.2.0');
    const requestId = await asked();
    const file = 'yaml/configmap.yaml';
    await committed(PROD, file, (await fileOf(PROD, file)).replace('EUR', 'CHF'), 'somebody-else');
    await agree(requestId, 'chi');
    const again = await api.until(
      requestId,
      (status) => status.epoch === 2 && isAskedOrOver(status),
      PATIENCE_MS,
    );
    expect(again.status).toBe('waiting');
    await agree(requestId, 'chi');
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    expect(await fileOf(PROD, file)).toContain('EUR');
  });

  it('takes back what does not come up, and holds the environment', async () => {
    await develop('1.1.0');
    const requestId = await asked();
    await kubernetes.post('/settings', { applications: { 'shop-prod': { degraded: true } } });
    await agree(requestId);
    const stuck = await settled(requestId);
    expect(stuck.status).toBe('attention');
    expect(await fileOf(PROD, DEPLOYMENT)).toContain(imageOf('1.1.0'));
    await kubernetes.post('/settings', { applications: {} });
    await api.call('olga', 'POST', `/v1/requests/${requestId}/rollback`);
    const status = await api.until(requestId, (now) => now.endedAt !== undefined, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('rolled-back');
    expect(await fileOf(PROD, DEPLOYMENT)).toContain(imageOf('1.2.0'));
    const holds = JSON.stringify(await api.call('olga', 'GET', '/v1/holds'));
    expect(holds).toContain('"environment":"prod"');

    // who is asked for the same again is told, whatever the hold says
    const again = await asked();
    const plan = JSON.stringify(await api.call('olga', 'GET', `/v1/requests/${again}/plan`));
    expect(plan).toContain('"level":"high"');
    expect(plan).toContain(`this release was taken back from here`);
    expect(plan).toContain(requestId);
    await api.call('olga', 'POST', `/v1/requests/${again}/cancel`);
    await settled(again);
  });

  function isAskedOrOver(status: RequestStatus): boolean {
    return (
      status.endedAt !== undefined ||
      status.status === 'attention' ||
      (status.gates.length > 0 && status.gates.every((gate) => gate.state === 'open'))
    );
  }

  async function ask(path: string): Promise<Response> {
    return fetch(`${stack.address('gitlab')}/api/v4/projects/${path}`, {
      headers: { 'private-token': stack.world.gitlab.token },
    });
  }

  async function fileOf(project: string, path: string): Promise<string> {
    const [id, file] = [project, path].map(encodeURIComponent);
    return (await ask(`${id}/repository/files/${file}/raw?ref=main`)).text();
  }

  async function headOf(project: string): Promise<string> {
    return (await ask(`${encodeURIComponent(project)}/repository/branches/main`)).text();
  }

  /** States of production's merge requests, newest first. */
  async function mergeRequests(): Promise<readonly unknown[]> {
    const body: unknown = await (await ask(`${encodeURIComponent(PROD)}/merge_requests?state=all`)).json();
    return Array.isArray(body) ? body.map((one: { readonly state?: unknown }) => one.state) : [];
  }
});
