import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { policyText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopImage, shopPathText, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { TicketsState } from '../../sandbox/tickets/state.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { sharedParts } from '../support/stack.js';

const DEV = 'shop-dev/ops';
const PROD = 'shop-prod/ops';
const DEPLOYMENT = 'yaml/deployment.yaml';
const PATIENCE_MS = 180_000;
/** State of a cancelled change request, as ServiceNow numbers it. */
const CANCELLED = '4';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });

/** What is left over elsewhere when nothing comes of a promotion, and how promotions wait for each other. */
describe('promotions that end without their change', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      ...(await sharedParts('ends')),
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        policy: [policyText(), stallPolicy()].join('---\n'),
        path: (world, image) =>
          [
            shopPathText(world, image, { changeRecord: true, whileOpen: 'queue' }),
            shopPathText(world, image, {
              name: 'stall',
              directory: 'stall',
              changeRecord: true,
              whileOpen: 'latest-wins',
            }),
          ].join('---\n'),
      },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    gitlab = new ControlClient(stack.address('gitlab'));
    await develop('1.1.0');
  });

  afterAll(() => stack?.dispose());

  const image = (): string => shopImage(stack.address('harbor'));
  const digestOf = (version: ExampleVersion): string => exampleImage('shop/web', version).content.top.digest;
  const ask = (version: ExampleVersion, application = 'shop'): Promise<string> =>
    api.promote(shopPromotionText({ release: { images: { [image()]: digestOf(version) } } }, application));
  /** What is asked for is what development's files hold when it is planned. */
  const develop = (version: ExampleVersion): Promise<unknown> =>
    gitlab.post('/commit', {
      project: DEV,
      path: DEPLOYMENT,
      content: shopFiles({ image: `${image()}@${digestOf(version)}` })[DEPLOYMENT] ?? '',
      author: 'ada',
      as: 'ada',
    });
  const command = (requestId: string, name: string): Promise<unknown> =>
    api.call('olga', 'POST', `/v1/requests/${requestId}/${name}`);
  const ended = (requestId: string): Promise<RequestStatus> =>
    api.until(requestId, (status) => status.endedAt !== undefined, PATIENCE_MS);

  /** Asked, planned and proposed: its merge request and its change record are open. */
  async function proposed(requestId: string): Promise<string> {
    const status = await api.until(
      requestId,
      (now) => now.gates.some(({ state }) => state === 'open') || now.endedAt !== undefined,
      PATIENCE_MS,
    );
    expect(status.status, JSON.stringify(status, null, 1)).toBe('waiting');
    expect(await leftOpen()).toEqual({ mergeRequests: 1, branches: 1, changeRecords: 1 });
    return requestId;
  }

  it('close their merge request and change record when they are rejected', async () => {
    const requestId = await proposed(await ask('1.1.0'));
    await api.decide('chi', requestId, 'owner', 'reject');
    expect((await ended(requestId)).status).toBe('rejected');
    expect(await leftOpen()).toEqual(NOTHING);
  });

  it('close them when they are cancelled while people are asked', async () => {
    const requestId = await proposed(await ask('1.1.0'));
    await command(requestId, 'cancel');
    expect((await ended(requestId)).status).toBe('cancelled');
    expect(await leftOpen()).toEqual(NOTHING);
  });

  it('close them when they are cancelled after people have agreed, while the merge waits', async () => {
    const requestId = await proposed(await ask('1.1.0'));
    await api.decide('ben', requestId, 'owner', 'approve');
    await api.until(requestId, (now) => now.promotion?.places[0]?.step === 'waiting', PATIENCE_MS);
    await command(requestId, 'cancel');
    expect((await ended(requestId)).status).toBe('cancelled');
    expect(await leftOpen()).toEqual(NOTHING);
  });

  it('close them when they are revoked', async () => {
    const requestId = await proposed(await ask('1.1.0'));
    await command(requestId, 'revoke');
    expect((await ended(requestId)).status).toBe('revoked');
    expect(await leftOpen()).toEqual(NOTHING);
  });

  it('close them when they are superseded, and when nobody decides in time', async () => {
    const older = await proposed(await ask('1.1.0', 'stall'));
    await develop('1.2.0');
    const newer = await ask('1.2.0', 'stall');
    const status = await ended(older);
    expect([status.status, status.message]).toEqual(['cancelled', `superseded by ${newer}`]);
    expect((await ended(newer)).status).toBe('expired');
    expect(await leftOpen()).toEqual(NOTHING);
    expect(await changeStates()).toEqual(Array(6).fill(CANCELLED));
    await develop('1.1.0');
  });

  it('let the next one have its turn, in order, also after everything was killed', async () => {
    const first = await proposed(await ask('1.1.0'));
    const second = await ask('1.2.0');
    const third = await ask('1.0.0');
    const fourth = await ask('1.1.0');
    await api.call('emil', 'POST', `/v1/requests/${third}/cancel`);
    expect((await api.status(third)).status).toBe('cancelled');
    await vi.waitFor(async () => expect(await endsTold(third)).toBe(1), PATIENCE_MS);
    const waits = async (requestId: string): Promise<string | undefined> =>
      (await api.status(requestId)).waitingFor[0]?.condition;
    expect(await waits(second)).toBe(`waits for ${first}`);
    expect(await waits(fourth)).toBe(`waits for ${first} and 1 more before it: ${second}`);

    await Promise.all([stack.api?.kill('SIGKILL'), ...stack.workers.map((worker) => worker.kill('SIGKILL'))]);
    await Promise.all([stack.api?.ended, ...stack.workers.map((worker) => worker.ended)]);
    await Promise.all([stack.startApi(), stack.startWorker()]);
    expect(await waits(second)).toBe(`waits for ${first}`);
    await develop('1.2.0');
    await api.decide('chi', first, 'owner', 'reject');
    await ended(first);
    await proposed(second);
    expect(await waits(fourth)).toBe(`waits for ${second}`);
    await develop('1.1.0');
    await api.decide('chi', second, 'owner', 'reject');
    await proposed(fourth);
    await command(fourth, 'revoke');
    expect((await ended(fourth)).status).toBe('revoked');
    expect(await leftOpen()).toEqual(NOTHING);
    expect(await endsTold(third)).toBe(1);
    // one merge request each for those that had their turn, none for the one that was cancelled before
    expect(await mergeRequests()).toHaveLength(9);
  });

  /** How often the ticket system was told that a request has ended. */
  async function endsTold(requestId: string): Promise<number> {
    const { deliveries } = await new ControlClient(stack.address('tickets')).objects(TicketsState);
    const ours = deliveries.filter(({ id }) => id === `${requestId}-request-ended`);
    return ours.reduce((times, delivery) => times + delivery.times, 0);
  }

  const NOTHING = { mergeRequests: 0, branches: 0, changeRecords: 0 };

  async function leftOpen(): Promise<typeof NOTHING> {
    const branches = await list(`${encodeURIComponent(PROD)}/repository/branches?search=promote`);
    return {
      mergeRequests: (await mergeRequests()).filter((state) => state === 'opened').length,
      branches: branches.length,
      changeRecords: (await changeStates()).filter((state) => state !== CANCELLED).length,
    };
  }

  async function mergeRequests(): Promise<readonly unknown[]> {
    const found = await list(`${encodeURIComponent(PROD)}/merge_requests?state=all&per_page=100`);
    return found.map((one) => one.state);
  }

  async function list(path: string): Promise<readonly { readonly state?: unknown }[]> {
    const answer = await fetch(`${stack.address('gitlab')}/api/v4/projects/${path}`, {
      headers: { 'private-token': stack.world.gitlab.token },
    });
    const body: unknown = await answer.json();
    return Array.isArray(body) ? body : [];
  }

  async function changeStates(): Promise<readonly unknown[]> {
    const { username, password } = stack.world.servicenow;
    const answer = await fetch(
      `${stack.address('servicenow')}/api/now/table/change_request?sysparm_limit=100`,
      { headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } },
    );
    const body: unknown = await answer.json();
    const found: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'result') : [];
    return Array.isArray(found) ? found.map((one: { readonly state?: unknown }) => one.state) : [];
  }
});

/** Nobody decides on the stall in time. */
function stallPolicy(): string {
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Policy',
    metadata: { name: 'stall' },
    spec: {
      appliesTo: { kind: 'Promotion', application: 'stall', environment: 'prod' },
      gates: [
        {
          name: 'owner',
          approvers: { group: 'owners', need: 1 },
          deadline: { after: '40s', then: 'reject' },
        },
      ],
    },
  });
}
