import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopImage, shopPathText, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { sharedParts } from '../support/stack.js';

const DEPLOYMENT = 'yaml/deployment.yaml';
const SYSTEMS = ['gitlab', 'harbor', 'servicenow', 'kubernetes', 'mail', 'tickets'] as const;
const PATIENCE_MS = 180_000;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });

/** A team tries Gatehouse beside its own way of promoting: it says what it would do, and touches nothing. */
describe('a promotion in shadow', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      ...(await sharedParts('shadow')),
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        path: (world, image) =>
          shopPathText(world, image, {
            changeRecord: true,
            windows: { deny: [{ name: 'stocktaking', schedule: '* * * * *', duration: '1h' }] },
          }),
      },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    gitlab = new ControlClient(stack.address('gitlab'));
    // Argo CD looks by itself, as nobody else tells it to
    await new ControlClient(stack.address('kubernetes')).post('/settings', { pollMs: 500 });
  });

  afterAll(() => stack?.dispose());

  const image = (): string => shopImage(stack.address('harbor'));
  const digestOf = (version: ExampleVersion): string => exampleImage('shop/web', version).content.top.digest;
  const fileOf = (version: ExampleVersion): string =>
    shopFiles({ image: `${image()}@${digestOf(version)}` })[DEPLOYMENT] ?? '';

  function committed(project: string, content: string, who: string): Promise<unknown> {
    return gitlab.post('/commit', { project, path: DEPLOYMENT, content, author: who, as: who });
  }

  function ask(): Promise<string> {
    return api.promote(shopPromotionText({ shadow: true }));
  }

  /** Everything that was written anywhere; people's own commits and what controllers do by themselves are not ours. */
  async function writes(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const system of SYSTEMS) {
      const events = await new ControlClient(stack.address(system)).events();
      const ours = events.filter(
        ({ effect, method, path }) => effect !== undefined && method !== '' && !path.startsWith('/_sandbox'),
      );
      counts[system] = ours.length;
    }
    return counts;
  }

  function watching(requestId: string): Promise<RequestStatus> {
    return api.until(
      requestId,
      ({ waitingFor, endedAt }) =>
        endedAt !== undefined || waitingFor.some(({ condition }) => condition.includes('nobody has brought')),
      PATIENCE_MS,
    );
  }

  it('says what it would do, whom it would ask and what would hold it, and writes nothing', async () => {
    await committed('shop-dev/ops', fileOf('1.1.0'), 'ada');
    const before = await writes();
    const status = await watching(await ask());
    expect(status.status, JSON.stringify(status, null, 1)).toBe('running');
    await expect
      .poll(
        async () => (await api.status(status.requestId ?? idOf(status))).promotion?.shadow?.places[0]?.heldBy,
        {
          timeout: PATIENCE_MS,
        },
      )
      .toContain('stocktaking');
    expect((await api.status(idOf(status))).promotion?.shadow).toMatchObject({
      gates: [{ gate: 'owner', group: 'shop-owners', need: 1 }],
      changeRecord: true,
      places: [{ place: 'shop/prod/prod', files: [DEPLOYMENT], deliveries: [{ outcome: 'pending' }] }],
    });
    expect(status.gates.map(({ state }) => state)).not.toContain('open');
    expect(await writes()).toEqual(before);
  });

  it('judges the delivery when people bring the content by hand, and ends with its report', async () => {
    const requestId = await ask();
    await watching(requestId);
    const before = await writes();
    await committed('shop-prod/ops', fileOf('1.1.0'), 'somebody-else');
    const status = await api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('shadowed');
    expect(status.promotion?.shadow?.places).toMatchObject([
      { arrived: {}, deliveries: [{ outcome: 'proven', message: expect.stringContaining('waited for') }] },
    ]);
    expect(status.message).toContain('deliveries proven: 1 of 1');
    // its end is told to the ticket system, like every end
    expect((await changesOfOurs(before)).filter((system) => system !== 'tickets')).toEqual([]);
  });

  it('gives way to a newer one, and is in the way of no promotion', async () => {
    await committed('shop-dev/ops', fileOf('1.2.0'), 'ada');
    const older = await ask();
    await watching(older);
    // the same is asked once
    expect(await ask()).toBe(older);
    const newer = await api.promote(
      shopPromotionText({ shadow: true, release: { images: { [image()]: digestOf('1.2.0') } } }),
    );
    const superseded = await api.status(older);
    expect([superseded.status, superseded.message]).toEqual(['cancelled', `superseded by ${newer}`]);
    await watching(newer);
    const before = await writes();
    const real = await api.promote(shopPromotionText());
    const status = await api.until(
      real,
      ({ gates }) => gates.some(({ state }) => state === 'open'),
      PATIENCE_MS,
    );
    expect(status.status).toBe('waiting');
    // what is counted here would be seen
    expect(await changesOfOurs(before)).toEqual(
      expect.arrayContaining(['gitlab', 'servicenow', 'kubernetes']),
    );
    expect((await api.status(newer)).endedAt).toBeUndefined();
    await api.call('olga', 'POST', `/v1/requests/${newer}/cancel`);
    expect((await api.until(newer, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS)).status).toBe(
      'cancelled',
    );
  });

  /** Systems in which Gatehouse wrote something. */
  async function changesOfOurs(before: Readonly<Record<string, number>>): Promise<readonly string[]> {
    const after = await writes();
    return SYSTEMS.filter((system) => after[system] !== before[system]);
  }
});

function idOf(status: RequestStatus): string {
  const id: unknown = Reflect.get(status, 'id');
  return typeof id === 'string' ? id : status.requestId;
}
