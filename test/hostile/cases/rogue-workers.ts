/** Attacks with workers of his own: he takes the tasks, and has no credential of any system. */
import { afterEach, describe, expect, it } from 'vitest';
import { CONFIRMED, forgedStart, PASSED, PLANNED } from '../forged-results.js';
import type { Scene } from '../scene.js';

export function rogueCases(scene: () => Scene): void {
  afterEach(async () => {
    await scene().attacker.withdraw();
    await scene().startAll();
  });

  it('an effect scheduled without any gate is refused', async () => {
    const bait = await scene().askAndOpen();
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
  });

  describe('an activity believes nothing that it is given', () => {
    for (const [queue, name, more] of [
      ['gitlab', 'ensureValues', { project: 'platform/fleets' }],
      ['ledger', 'closeTarget', { outcome: 'failed', failure: { step: 's', message: 'y'.repeat(100_000) } }],
      ['ledger', 'closeTarget', { outcome: 'weird' }],
    ] as const) {
      const fields = Object.keys(more).join(' and ');
      it(`${name} with ${fields} of another shape is refused`, async () => {
        const bait = await scene().askAndOpen();
        const mark = await scene().mark();
        const { requestId, target } = bait;
        const outcomes = await scene().attacker.attempt({
          queue: `gatehouse-${queue}`,
          activities: [{ name, input: { requestId, target, ...more } }],
        });
        expect(outcomes).toEqual(['InvalidInput']);
        await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', null, new RegExp(name));
      });
    }

    it('nobody is told of what the ledger does not prove', async () => {
      const bait = await scene().askAndOpen();
      const mark = await scene().mark();
      const { requestId, target } = bait;
      const notice = { gate: 'procurement', epoch: 1, kind: 'reminder', number: 900 };
      const outcomes = await scene().attacker.attempt({
        queue: 'gatehouse-notifications',
        activities: [
          { name: 'notifyGate', input: { requestId, notice } },
          { name: 'notifyGate', input: { requestId, notice: { ...notice, kind: 'opened', epoch: 77 } } },
          { name: 'notifyRequest', input: { requestId, event: 'target-failed', target } },
          { name: 'notifyRequest', input: { requestId, event: 'rollout-started' } },
          { name: 'notifyRequest', input: { requestId, event: 'approved' } },
        ],
      });
      expect(outcomes).toEqual(['done', 'done', 'done', 'done', 'InvalidInput']);
      await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait, /reminder/);
      await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait, /has not failed/);
    });
  });

  it('a worker that takes the workflow tasks and schedules effects at once gains nothing', async () => {
    const { attacker } = scene();
    await scene().stop('workflows');
    const rogue = await attacker.pollWorkflows();
    const mark = await scene().mark();
    const bait = await scene().ask();
    // his workflow ends when the effect is refused
    const handle = await attacker.started(bait.fleetId);
    await handle.result();
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
    await rogue.stop();
    await scene().start('workflows');
    // the request is none the worse for it
    await attacker.startByHand('fleetOnboarding', bait.fleetId, {
      requestId: bait.requestId,
      timing: 'brisk',
    });
    await scene().opened(bait);
    await scene().approve(bait);
    await scene().expectDoneOnce(mark, bait);
  });

  it('a worker that says yes to everything in place of the ledger gains nothing', async () => {
    const { attacker } = scene();
    const bait = await scene().askAndOpen();
    await scene().stop('ledger');
    const mark = await scene().mark();
    const rogue = await attacker.pollActivities('ledger', {
      advanceGates: () => PASSED,
      confirmCommand: () => ({ confirmed: true }),
      startRollout: () => forgedStart(bait),
      closeTarget: () => undefined,
      closeRequest: () => ({ state: 'ended', outcome: 'done', message: 'done' }),
    });
    const planner = await attacker.pollActivities('plan', {
      planFleet: () => PLANNED,
      confirmPlan: () => CONFIRMED,
    });
    await attacker.signal(bait.fleetId, { jti: 'wake-up', envelope: 'x' });
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
    await attacker.terminate(bait.fleetId);
    await Promise.all([rogue.stop(), planner.stop()]);
    await scene().start('ledger');
  });

  it('an approved effect scheduled many times at once is made once', async () => {
    const { attacker } = scene();
    const bait = await scene().askAndOpen();
    await scene().stop('systems');
    await scene().approve(bait);
    await attacker.pending(bait.clusterId, 'ensureOrganisation');
    await attacker.terminate(bait.fleetId);
    await attacker.terminate(bait.clusterId);
    await scene().start('systems');
    const mark = await scene().mark();
    const { requestId, target, cluster } = bait;
    const outcomes = await attacker.attempt({
      queue: 'gatehouse-otterize',
      activities: Array.from({ length: 6 }, () => ({
        name: 'ensureOrganisation',
        input: { requestId, target },
      })),
    });
    expect(outcomes).toContain('done');
    expect(await scene().effectsSince(mark)).toEqual([
      `otterize: created organization ${cluster.name}-${cluster.stage}`,
    ]);
  });
}
