/** The stories of promotions, told by the real workflows: what they ask for in which order, and what they never ask for. */
import type { WorkflowHandle } from '@temporalio/client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StepFailed } from '../../src/activities/errors.js';
import { FAILURE, type FailureType } from '../../src/domain/failure.js';
import { type FleetProgress, QUERY, SIGNAL, WORKFLOW_TYPE } from '../../src/domain/messages.js';
import type { Request, Script } from './script.js';
import { timed } from './timed.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EU = 'shop/prod/eu';
const US = 'shop/prod/us';
const EFFECTS = ['ensureTags', 'ensureMerge', 'ensureRevert'] as const;

const opened = timed();
let script: Script;
beforeEach(() => {
  script = opened().script;
});

const input = { requestId: 'req-1', timing: 'standard' };
function begin(request: Partial<Request> = {}): void {
  script.begin({ targets: [EU], ...request });
}
const start = (): Promise<WorkflowHandle> => script.run(WORKFLOW_TYPE.promotion, [input]);
const tell = async (): Promise<unknown> => (await start()).result();
const until = (look: () => unknown, expected: unknown): Promise<void> =>
  expect.poll(look, { timeout: 60_000, interval: 20 }).toEqual(expected);
/** Real time: nothing is asked of the run, so no time is skipped. */
const asked = (name: string, times = 1): Promise<void> => until(() => script.count(name) >= times, true);

/** The run itself knows of the failure, so that a command finds it. */
const failed = (handle: WorkflowHandle): Promise<void> =>
  until(async () => (await handle.query<FleetProgress>(QUERY.progress)).targets[EU], 'failed');

const paused = (handle: WorkflowHandle): Promise<void> =>
  until(async () => (await handle.query<FleetProgress>(QUERY.progress)).paused, true);

function failing(type: FailureType, message = 'the script says no'): StepFailed {
  return new StepFailed(type, {
    system: 'gitlab',
    operation: 'play',
    object: EU,
    message,
    remedy: 'Play it again',
    ...(type === FAILURE.provider ? { scope: 'provider' } : {}),
  });
}

describe('when everybody agrees', () => {
  it('proposes, asks, confirms, merges, proves, and closes the change record', async () => {
    begin();
    await expect(tell()).resolves.toMatchObject({ state: 'ended', outcome: 'done' });
    expect(script.calls.filter((call) => !call.startsWith('notify'))).toEqual([
      'planPromotion',
      'readProposals',
      'ensureChangeRecord shop/prod',
      `ensureMergeRequest ${EU}`,
      'advanceGates',
      'confirmPromotion',
      'startPromotion',
      `startPlace ${EU}`,
      `readReadiness ${EU}`,
      `ensureTags ${EU}`,
      `ensureMerge ${EU}`,
      `waitForDelivery ${EU}`,
      `passSoak ${EU}`,
      `closeTarget ${EU} done`,
      'startPromotion',
      'advanceGates',
      'ensureChangeRecordEnd shop/prod',
      'closeRequest',
    ]);
  });

  it('waits for a window that opens in days, and for news at once', async () => {
    begin();
    const opensAt = (await opened().env.currentTimeMs()) + 3 * DAY;
    script.on('readReadiness', async (_, nth) =>
      nth === 1
        ? { state: 'waiting', clause: 'the window opens on Tuesday', wakeAtMs: opensAt }
        : nth === 2
          ? { state: 'waiting', clause: 'the change record waits for its approval' }
          : { state: 'ready', clause: 'nothing is in the way' },
    );
    const handle = await start();
    await asked('readReadiness');
    expect(script.only(...EFFECTS)).toEqual([]);
    await opened().env.sleep(3 * DAY + HOUR);
    await asked('readReadiness', 2);
    // the second clause names no time: days pass, and nobody looks again
    await opened().env.sleep(20 * DAY);
    expect(script.count('readReadiness')).toBe(2);
    await opened().env.client.workflow.getHandle(`place/${EU}`).signal(SIGNAL.news);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
    expect(script.only(...EFFECTS)).toEqual([`ensureTags ${EU}`, `ensureMerge ${EU}`]);
  });

  it('soaks before it counts, and looks again at its end', async () => {
    begin();
    script.on('startPlace', () => ({ deliveries: ['argo'], checks: 1, soakMs: DAY }));
    const before = await opened().env.currentTimeMs();
    await expect(tell()).resolves.toMatchObject({ outcome: 'done' });
    expect((await opened().env.currentTimeMs()) - before).toBeGreaterThanOrEqual(DAY);
    expect(script.only('waitForDelivery', 'runChecks', 'confirmDelivery', 'passSoak')).toEqual([
      `waitForDelivery ${EU}`,
      `runChecks ${EU}`,
      `confirmDelivery ${EU}`,
      `passSoak ${EU}`,
    ]);
  });

  it('takes one wave after the other', async () => {
    begin({ targets: [EU, US], maxInFlight: 2, waves: [1, 1] });
    await expect(tell()).resolves.toMatchObject({ outcome: 'done' });
    expect(script.only('startPlace', 'closeTarget')).toEqual([
      `startPlace ${EU}`,
      `closeTarget ${EU} done`,
      `startPlace ${US}`,
      `closeTarget ${US} done`,
    ]);
  });
});

describe('when people do not agree', () => {
  it.each(['rejected', 'expired'])(
    'a gate that is %s: nothing is merged, what was proposed is closed',
    async (state) => {
      begin();
      script.on('advanceGates', () => ({ state, message: `owner: ${state}`, notices: [] }));
      await expect(tell()).resolves.toMatchObject({ message: `owner: ${state}` });
      expect(script.only(...EFFECTS, 'closeMergeRequest', 'ensureChangeRecordEnd')).toEqual([
        `closeMergeRequest ${EU}`,
        'ensureChangeRecordEnd shop/prod',
      ]);
    },
  );

  it('a plan that has nothing to do, or that cannot be, asks nobody', async () => {
    begin();
    script.on('planPromotion', () => ({ state: 'refused', epoch: 1, message: 'it is in the way' }));
    await expect(tell()).resolves.toMatchObject({ message: 'it is in the way' });
    expect(script.only('readProposals', 'ensureMergeRequest', 'advanceGates', ...EFFECTS)).toEqual([]);
  });

  it('cancelled while it waits for people: what was proposed is closed', async () => {
    begin();
    script.on('advanceGates', () => ({ state: 'waiting', message: 'owner is open', notices: [] }));
    const handle = await start();
    await asked('advanceGates');
    expect(await script.command(handle, 'cancel')).toMatchObject({ accepted: true });
    await expect(handle.result()).resolves.toMatchObject({ message: 'cancelled by an operator' });
    expect(script.only(...EFFECTS, 'closeMergeRequest')).toEqual([`closeMergeRequest ${EU}`]);
  });

  it('a command that the ledger does not hold is not obeyed', async () => {
    begin();
    script.on('readReadiness', () => ({ state: 'waiting', clause: 'a hold' }));
    script.on('confirmCommand', () => ({ confirmed: false }));
    const handle = await start();
    await asked('readReadiness');
    expect(await script.command(handle, 'rollback')).toMatchObject({ accepted: false });
    expect(await script.command(handle, 'cancel')).toMatchObject({ accepted: false });
    expect(script.only('ensureRevert', 'holdEnvironment', 'closeRequest')).toEqual([]);
    script.on('confirmCommand', () => ({ confirmed: true }));
    await script.command(handle, 'cancel');
    await handle.result();
  });

  it('gates that somebody forged as passed: the ledger refuses to start, and it waits on', async () => {
    begin();
    script.on('startPromotion', (_, nth) => {
      if (nth === 1) throw failing(FAILURE.refused);
    });
    const handle = await start();
    await asked('startPromotion');
    expect(script.only(...EFFECTS)).toEqual([]);
    await handle.signal(SIGNAL.decision, { jti: 'news', envelope: '' });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
  });
});

describe('when what was agreed on is no longer what would be done', () => {
  it('before the rollout: it is proposed and asked anew', async () => {
    begin();
    script.on('confirmPromotion', (_, nth) => ({ state: nth === 1 ? 'changed' : 'confirmed', epoch: nth }));
    await expect(tell()).resolves.toMatchObject({ outcome: 'done' });
    expect(
      script.only('ensureMergeRequest', 'advanceGates', 'startPromotion', 'ensureMerge').slice(0, 5),
    ).toEqual([
      `ensureMergeRequest ${EU}`,
      'advanceGates',
      `ensureMergeRequest ${EU}`,
      'advanceGates',
      'startPromotion',
    ]);
  });

  it('right before the merge: the place has not failed, people are asked anew', async () => {
    begin();
    script.on('ensureMerge', (_, nth) => {
      if (nth === 1) throw failing(FAILURE.void);
    });
    await expect(tell()).resolves.toMatchObject({ outcome: 'done' });
    expect(script.only('advanceGates', 'ensureMerge', 'closeTarget').slice(0, 5)).toEqual([
      'advanceGates',
      `ensureMerge ${EU}`,
      'advanceGates',
      `ensureMerge ${EU}`,
      `closeTarget ${EU} done`,
    ]);
  });
});

describe('when it fails', () => {
  const backTo = [`ensureMerge ${EU}`, `closeTarget ${EU} failed`, 'holdEnvironment', `ensureRevert ${EU}`];

  it.each<[string, string, () => unknown]>([
    ['the delivery', 'waitForDelivery', () => Promise.reject(failing(FAILURE.hopeless))],
    ['a check', 'runChecks', () => ({ state: 'failed', message: 'the till is red' })],
  ])('%s, and the policy rolls back: held, taken back, proven', async (_, name, answer) => {
    begin({ onFailure: 'rollback' });
    script.on('startPlace', () => ({ deliveries: ['argo'], checks: 1, soakMs: 0 }));
    script.on(name, ({ revert }) => (revert === true ? undefined : answer()));
    await tell();
    expect(script.only('ensureMerge', 'holdEnvironment', 'ensureRevert', 'closeTarget')).toEqual([
      ...backTo,
      `closeTarget ${EU} done`,
    ]);
    expect(script.calls.filter((call) => call === `waitForDelivery ${EU}`)).toHaveLength(2);
    expect(script.only('closeMergeRequest', 'ensureChangeRecordEnd')).toEqual([
      `closeMergeRequest ${EU}`,
      'ensureChangeRecordEnd shop/prod',
    ]);
  });

  it('at the end of the soak, and the policy rolls back', async () => {
    begin({ onFailure: 'rollback' });
    script.on('startPlace', () => ({ deliveries: ['argo'], checks: 0, soakMs: DAY }));
    script.on('confirmDelivery', () => ({ state: 'regressed', message: 'it fell back' }));
    await tell();
    expect(script.only('ensureMerge', 'holdEnvironment', 'ensureRevert', 'closeTarget')).toEqual([
      ...backTo,
      `closeTarget ${EU} done`,
    ]);
  });

  it('while it is watched after the success, and the policy rolls back', async () => {
    begin({ onFailure: 'rollback', watchMs: 5 * HOUR });
    script.on('confirmDelivery', (_, nth) =>
      nth < 3 ? { state: 'holds', message: '' } : { state: 'regressed', message: 'it died slowly' },
    );
    await tell();
    expect(script.count('confirmDelivery')).toBe(3);
    expect(script.only('holdEnvironment', 'ensureRevert')).toEqual(['holdEnvironment', `ensureRevert ${EU}`]);
  });

  it('before the merge: nothing is taken back, and a retry begins anew', async () => {
    begin({ onFailure: 'rollback' });
    script.on('ensureTags', (_, nth) => {
      if (nth === 1) throw failing(FAILURE.taken);
    });
    const handle = await start();
    await failed(handle);
    expect(script.only('ensureMerge', 'ensureRevert', 'holdEnvironment')).toEqual([]);
    await script.command(handle, 'retry', [EU]);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
    expect(script.only('ensureMerge', 'closeTarget')).toEqual([
      `closeTarget ${EU} failed`,
      `ensureMerge ${EU}`,
      `closeTarget ${EU} done`,
    ]);
  });

  it('after the merge, and people decide: it waits for them, and a rollback takes it back', async () => {
    begin({ onFailure: 'hold' });
    script.on('waitForDelivery', ({ revert }) => {
      if (revert !== true) throw failing(FAILURE.hopeless);
    });
    const handle = await start();
    await failed(handle);
    expect(script.only('ensureRevert', 'holdEnvironment')).toEqual([]);
    await script.command(handle, 'rollback');
    await handle.result();
    expect(script.only('holdEnvironment', 'ensureRevert')).toEqual(['holdEnvironment', `ensureRevert ${EU}`]);
  });

  it('a check that could not say never rolls back by itself; accepted, it counts', async () => {
    begin({ onFailure: 'rollback' });
    script.on('startPlace', () => ({ deliveries: ['argo'], checks: 1, soakMs: 0 }));
    script.on('runChecks', (_, nth) =>
      nth === 1 ? { state: 'inconclusive', message: 'no data' } : { state: 'passed', message: 'accepted' },
    );
    const handle = await start();
    await failed(handle);
    expect(script.only('ensureRevert', 'holdEnvironment')).toEqual([]);
    await script.command(handle, 'accept', [EU]);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
  });

  it('more than is borne stops the waves after it, until somebody gives it up', async () => {
    begin({ targets: [EU, US], waves: [1, 1], maxFailures: 0 });
    script.on('ensureMerge', ({ target }) => {
      if (target === EU) throw failing(FAILURE.system);
    });
    const handle = await start();
    await failed(handle);
    expect(script.only('startPlace')).toEqual([`startPlace ${EU}`]);
    await script.command(handle, 'skip', [EU, US]);
    await handle.result();
    expect(script.only('startPlace', 'closeTarget', 'closeMergeRequest')).toEqual([
      `startPlace ${EU}`,
      `closeTarget ${EU} failed`,
      `closeTarget ${EU} skipped`,
      `closeTarget ${US} skipped`,
      `closeMergeRequest ${EU}`,
      `closeMergeRequest ${US}`,
    ]);
  });

  it("by the provider's trouble: nothing else starts until somebody resumes, and then it is tried again", async () => {
    begin({ targets: [EU, US], waves: [], maxFailures: 0 });
    script.on('ensureMerge', (_, nth) => {
      if (nth === 1) throw failing(FAILURE.provider);
    });
    const handle = await start();
    await failed(handle);
    await paused(handle);
    expect(script.only('startPlace')).toEqual([`startPlace ${EU}`]);
    await script.command(handle, 'resume');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'done' });
    expect([...script.only('closeTarget')].sort()).toEqual([
      `closeTarget ${EU} done`,
      `closeTarget ${EU} failed`,
      `closeTarget ${US} done`,
    ]);
  });
});

describe('taken back while it is under way', () => {
  it('a place that still waits is left, only what was merged is reverted', async () => {
    begin({ targets: [EU, US], waves: [1, 1] });
    script.on('readReadiness', ({ target }) =>
      target === US ? { state: 'waiting', clause: 'a freeze' } : { state: 'ready', clause: '' },
    );
    const handle = await start();
    await asked('readReadiness', 2);
    await script.command(handle, 'rollback');
    await handle.result();
    expect(script.only('ensureMerge', 'ensureRevert')).toEqual([`ensureMerge ${EU}`, `ensureRevert ${EU}`]);
    expect(script.only('closeTarget')).toContain(`closeTarget ${US} cancelled`);
  });
});

it('an input of another shape is told and refused', async () => {
  begin();
  const handle = await script.run(WORKFLOW_TYPE.promotion, [{ requestId: 'req-1', timing: 'at once' }]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: FAILURE.input } });
  expect(script.calls).toEqual(['reportUnreadableInput']);
});
