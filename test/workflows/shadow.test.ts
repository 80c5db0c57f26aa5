/** A promotion in shadow, and the sentinel: they look, and change nothing. */
import type { WorkflowHandle } from '@temporalio/client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StepFailed } from '../../src/activities/errors.js';
import { FAILURE } from '../../src/domain/failure.js';
import { WORKFLOW_TYPE } from '../../src/domain/messages.js';
import { SHADOW_PATIENCE_MS } from '../../src/domain/promotion/shadow.js';
import type { Script } from './script.js';
import { timed } from './timed.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });
const HOUR = 3_600_000;
const EU = 'shop/prod/eu';
/** whatever a shadow must never ask for */
const CHANGES = [
  'ensureChangeRecord',
  'ensureMergeRequest',
  'ensureTags',
  'ensureMerge',
  'ensureRevert',
  'holdEnvironment',
  'advanceGates',
];

const opened = timed();
let script: Script;
beforeEach(() => {
  script = opened().script;
  script.begin({ targets: [EU] });
});

const until = (look: () => unknown, expected: unknown): Promise<void> =>
  expect.poll(look, { timeout: 60_000, interval: 20 }).toEqual(expected);

describe('a shadow', () => {
  let plannedAtMs: number;
  beforeEach(async () => {
    plannedAtMs = await opened().env.currentTimeMs();
    script.on('startShadow', () => ({ plannedAtMs, places: [{ key: EU, deliveries: ['argo'] }] }));
  });
  const start = (): Promise<WorkflowHandle> =>
    script.run(WORKFLOW_TYPE.shadow, [{ requestId: 'req-1', timing: 'standard' }]);

  it('says what it would do, waits for an hour until somebody has brought it, and follows its delivery', async () => {
    script.on('lookForContent', async () => ({
      hasArrived: (await opened().env.currentTimeMs()) - plannedAtMs > HOUR,
    }));
    await expect((await start()).result()).resolves.toMatchObject({ state: 'ended' });
    expect(script.only('planPromotion', 'forecast', 'followDelivery')).toEqual([
      'planPromotion',
      `forecast ${EU}`,
      `followDelivery ${EU}`,
    ]);
    expect(script.only(...CHANGES)).toEqual([]);
  });

  it('that nobody brings ends when its patience does', async () => {
    // planned so long ago that an hour is left: each look is an activity, and there are thirty in an hour
    plannedAtMs -= SHADOW_PATIENCE_MS - HOUR;
    script.on('lookForContent', () => ({ hasArrived: false }));
    await (await start()).result();
    expect((await opened().env.currentTimeMs()) - plannedAtMs).toBeGreaterThan(SHADOW_PATIENCE_MS);
    expect(script.count('lookForContent')).toBeGreaterThan(20);
    expect(script.only('followDelivery', ...CHANGES)).toEqual([]);
  });

  it('whose plan is refused looks for nothing', async () => {
    script.on('planPromotion', () => ({ state: 'refused', epoch: 1, message: 'in the way' }));
    await (await start()).result();
    expect(script.only('startShadow', 'forecast', 'lookForContent', ...CHANGES)).toEqual([]);
  });

  it('is cancelled while it waits', async () => {
    script.on('lookForContent', () => ({ hasArrived: false }));
    const handle = await start();
    await until(() => script.count('lookForContent') > 0, true);
    await script.command(handle, 'cancel');
    await handle.result();
    expect(script.only('followDelivery', ...CHANGES)).toEqual([]);
  });
});

describe('the sentinel', () => {
  const refs = ['ops-1', 'ops-2', 'ops-3', 'ops-4', 'ops-5'].map((project) => ({ project, branch: 'main' }));

  it('looks at every branch and tells of what it found', async () => {
    script.on('listProductionRefs', () => refs);
    await (await script.run('sentinel', [])).result();
    expect([...script.only('judgeRef')].sort()).toEqual(refs.map(({ project }) => `judgeRef ${project}`));
    expect(script.calls.at(-1)).toBe('tellOfStrays');
    expect(script.only(...CHANGES)).toEqual([]);
  });

  it('one branch that cannot be looked at hides no other, and is seen', async () => {
    script.on('listProductionRefs', () => refs);
    script.on('judgeRef', ({ project }) => {
      if (project !== 'ops-1') return undefined;
      throw new StepFailed(FAILURE.system, {
        system: 'gitlab',
        operation: 'play',
        object: project,
        message: 'gone',
        remedy: 'Mend the path',
      });
    });
    await expect((await script.run('sentinel', [])).result()).rejects.toMatchObject({
      cause: { cause: { type: FAILURE.system } },
    });
    expect(script.count('judgeRef')).toBe(refs.length);
    expect(script.count('tellOfStrays')).toBe(1);
  });
});
