import { readFile } from 'node:fs/promises';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { workflowBundle } from '../support/stack.js';
import { keptDataConverter } from './kept-codec.js';
import { type KeptHistory, keptHistories } from './kept-history.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
Runtime.install({
  logger: new DefaultLogger('ERROR', () => {}),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

const HISTORIES = keptHistories();
const dataConverter = keptDataConverter();

/** Changes to the code that make other commands than those in the histories, by kind of workflow. */
const CHANGED: Readonly<Record<string, readonly [before: string, after: string]>> = {
  cluster: ['await otterize.ensureOrganisation(ref)', 'await gitlab.ensureValues(ref)'],
  fleet: ['this.activities.plan.planFleet(', 'this.activities.plan.confirmPlan('],
  promotion: ['gitlab.ensureMergeRequest(', 'gitlab.ensureMerge('],
  place: ['ledger.startPlace(ref)', 'gitlab.ensureRevert(ref)'],
};

/** Runs that began on an earlier release go on with the code of today: its commands are those in the history. */
describe('kept histories', () => {
  let code: string;
  beforeAll(async () => {
    code = await readFile((await workflowBundle()).codePath, 'utf8');
  });

  const replay = ({ history, workflowId }: KeptHistory, bundle: string): Promise<void> =>
    Worker.runReplayHistory({ workflowBundle: { code: bundle }, dataConverter }, history, workflowId);

  it('cover waiting, success, failure, no, cancel and rollback, of each kind of workflow', () => {
    const names = new Set(HISTORIES.map(({ name }) => name.replace(/^\d+\.\d+\.\d+-/, '')));
    expect([...names].sort()).toEqual([
      'cluster-cancelled',
      'cluster-done',
      'cluster-failed',
      'fleet-cancelled',
      'fleet-done',
      'fleet-failure-and-retry',
      'fleet-rejected',
      'fleet-waiting',
      'place-done',
      'place-reverted',
      'promotion-done',
      'promotion-rejected',
      'promotion-rolled-back',
      'promotion-waiting',
    ]);
  });

  it.each(HISTORIES)('$name replays on the code of today', async (kept) => {
    await replay(kept, code);
  });

  it.each(HISTORIES)('$name does not replay on code that does other things', async (kept) => {
    const [before, after] = CHANGED[kept.workflowId.split('/')[0] ?? ''] ?? ['', ''];
    expect(code.split(before)).toHaveLength(2);
    await expect(replay(kept, code.replace(before, after))).rejects.toThrow(/[Nn]ondeterminism/);
  });

  it('are bound to their workflow: under another id nothing of them can be read', async () => {
    const [kept] = HISTORIES;
    if (kept === undefined) throw new Error('no histories');
    await expect(replay({ ...kept, workflowId: 'fleet/otterize/another' }, code)).rejects.toThrow();
  });
});
