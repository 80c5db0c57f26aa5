/** The story of one cluster: its steps in their order, and how it ends when one of them does not work. */
import type { WorkflowHandle } from '@temporalio/client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StepFailed } from '../../src/activities/errors.js';
import { FAILURE, type TroubleScope } from '../../src/domain/failure.js';
import { WORKFLOW_TYPE } from '../../src/domain/messages.js';
import type { Script } from './script.js';
import { timed } from './timed.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });
const ONE = 'harbour-01/dev';
const TWO = 'harbour-02/dev';

const opened = timed();
let script: Script;
beforeEach(() => {
  script = opened().script;
  script.begin({ targets: [ONE] });
});

const input = { requestId: 'req-1', target: ONE, service: 'otterize', timing: 'standard' };
const start = (): Promise<WorkflowHandle> => script.run(WORKFLOW_TYPE.cluster, [input]);
const asked = (name: string): Promise<void> =>
  expect.poll(() => script.count(name), { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
/** An effect that ends while its cancellation is on the way is one that the time-skipping server loses its way with. */
const isToldToStop = (handle: WorkflowHandle): Promise<void> =>
  expect
    .poll(
      async () =>
        ((await handle.fetchHistory()).events ?? []).some(
          (event) => event.activityTaskCancelRequestedEventAttributes != null,
        ),
      { timeout: 60_000 },
    )
    .toBe(true);
const MADE = { outcome: 'created', readBack: {} };

function saysNo(scope: TroubleScope = 'target'): StepFailed {
  return new StepFailed(scope === 'provider' ? FAILURE.provider : FAILURE.system, {
    system: 'otterize',
    operation: 'play',
    object: ONE,
    message: 'the script says no',
    remedy: 'Play it again',
    scope,
  });
}

it('makes the tenant, its environment before its integration, then the values, then looks whether it works', async () => {
  await (await start()).result();
  const { calls } = script;
  const at = (name: string): number => calls.findIndex((call) => call.startsWith(name));
  expect(calls).toHaveLength(9);
  expect(at('ensureOrganisation')).toBe(0);
  expect(at('ensureIntegration')).toBeGreaterThan(at('ensureEnvironment'));
  expect(calls.slice(4)).toEqual([
    `ensureValues ${ONE}`,
    `waitForSync ${ONE}`,
    `waitForExternalSecret ${ONE}`,
    `waitForConnected ${ONE}`,
    `closeTarget ${ONE} done`,
  ]);
});

describe('ends as failed, with its step, its cause and its remedy', () => {
  it.each([
    ['ensureOrganisation', ['ensureInvites', 'ensureEnvironment', 'ensureIntegration', 'ensureValues']],
    ['ensureIntegration', ['ensureValues', 'waitForSync']],
    ['ensureValues', ['waitForSync', 'waitForConnected']],
    ['waitForSync', ['waitForExternalSecret', 'waitForConnected']],
  ])('at %s: nothing that comes after it is begun', async (step, never) => {
    const reports: unknown[] = [];
    script.on(step, () => Promise.reject(saysNo()));
    script.on('closeTarget', (closed) => {
      reports.push(closed);
    });
    await expect((await start()).result()).rejects.toMatchObject({ cause: { type: FAILURE.target } });
    expect(script.only(...never)).toEqual([]);
    expect(reports).toMatchObject([
      {
        outcome: 'failed',
        failure: { step, system: 'otterize', message: 'the script says no', remedy: 'Play it again' },
      },
    ]);
  });

  it("by the provider's trouble, which is not the cluster's own", async () => {
    script.on('ensureOrganisation', () => Promise.reject(saysNo('provider')));
    await expect((await start()).result()).rejects.toMatchObject({ cause: { type: FAILURE.provider } });
    expect(script.only('closeTarget')).toEqual([`closeTarget ${ONE} failed`]);
  });
});

it('side by side: when one step fails, the one beside it finishes its effect and begins no other', async () => {
  let release: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    release = resolve;
  });
  script.on('ensureInvites', () => Promise.reject(saysNo()));
  script.on('ensureEnvironment', async () => {
    await isHeld;
    return MADE;
  });
  const handle = await start();
  await asked('ensureInvites');
  await asked('ensureEnvironment');
  await isToldToStop(handle);
  expect(script.count('closeTarget')).toBe(0);
  release();
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: FAILURE.target } });
  expect(script.only('ensureIntegration', 'closeTarget')).toEqual([`closeTarget ${ONE} failed`]);
});

it('cancelled: the effect in hand is finished, nothing else begins, and it ends as cancelled', async () => {
  let release: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    release = resolve;
  });
  script.on('ensureValues', async () => {
    await isHeld;
    return MADE;
  });
  const handle = await start();
  await asked('ensureValues');
  await handle.cancel();
  await isToldToStop(handle);
  release();
  await expect(handle.result()).rejects.toThrow();
  expect(script.only('waitForSync', 'closeTarget')).toEqual([`closeTarget ${ONE} cancelled`]);
});

it('goes on whatever anybody signals, a name that the SDK keeps for itself too', async () => {
  let release: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    release = resolve;
  });
  script.on('ensureOrganisation', async () => {
    await isHeld;
    return MADE;
  });
  const handle = await start();
  await asked('ensureOrganisation');
  for (const name of ['__temporal_x', 'whatever']) await handle.signal(name, { stop: true });
  release();
  await handle.result();
  expect(script.only('closeTarget')).toEqual([`closeTarget ${ONE} done`]);
});

it('an input of another shape is told and refused', async () => {
  const bad = await script.run(WORKFLOW_TYPE.cluster, [{ ...input, timing: 'at once' }]);
  await expect(bad.result()).rejects.toMatchObject({ cause: { type: FAILURE.input } });
  expect(script.calls).toEqual(['reportUnreadableInput']);
});

describe('a fleet of clusters', () => {
  const fleet = { requestId: 'req-1', timing: 'standard' };

  it('asks people, confirms the plan, and takes no more clusters in hand than it may', async () => {
    script.begin({ targets: [ONE, TWO], maxInFlight: 1 });
    const handle = await script.run(WORKFLOW_TYPE.fleet, [fleet]);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
    expect(
      script.only(
        'planFleet',
        'advanceGates',
        'confirmPlan',
        'startRollout',
        'ensureOrganisation',
        'closeTarget',
      ),
    ).toEqual([
      'planFleet',
      'advanceGates',
      'confirmPlan',
      'startRollout',
      `ensureOrganisation ${ONE}`,
      `closeTarget ${ONE} done`,
      `ensureOrganisation ${TWO}`,
      `closeTarget ${TWO} done`,
    ]);
  });

  it('whose plan is another by now asks people again before anything begins', async () => {
    script.on('confirmPlan', (_, nth) => ({ state: nth === 1 ? 'changed' : 'confirmed', epoch: nth }));
    const handle = await script.run(WORKFLOW_TYPE.fleet, [fleet]);
    await handle.result();
    expect(script.only('advanceGates', 'confirmPlan', 'startRollout')).toEqual([
      'advanceGates',
      'confirmPlan',
      'advanceGates',
      'confirmPlan',
      'startRollout',
    ]);
  });

  it('that cannot be planned waits for somebody to mend it, and plans again when told', async () => {
    script.on('planFleet', (_, nth) => (nth === 1 ? Promise.reject(saysNo()) : undefined));
    const handle = await script.run(WORKFLOW_TYPE.fleet, [fleet]);
    await asked('closeTarget');
    expect(script.calls).toEqual(['planFleet', 'closeTarget request failed']);
    await expect
      .poll(() => handle.query<{ stage: string }>('progress').then(({ stage }) => stage), { timeout: 60_000 })
      .toBe('attention');
    await script.command(handle, 'retry');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
  });
});
