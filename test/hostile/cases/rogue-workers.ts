/** Attacks with workers of his own: he takes the tasks, and has no credential of any system. */
import { afterEach, describe, expect, it } from 'vitest';
import { CONFIRMED, forgedStart, PASSED, PLANNED } from '../forged-results.js';
import type { Scene } from '../scene.js';

const EFFECTS = [
  ['otterize', 'ensureOrganisation'],
  ['otterize', 'ensureInvites'],
  ['otterize', 'ensureEnvironment'],
  ['otterize', 'ensureIntegration'],
  ['otterize', 'waitForConnected'],
  ['gitlab', 'ensureValues'],
  ['argocd', 'waitForSync'],
  ['external-secrets', 'waitForExternalSecret'],
] as const;

export function rogueCases(scene: () => Scene): void {
  afterEach(async () => {
    await scene().attacker.withdraw();
    await scene().startAll();
  });

  describe('every activity that touches a system asks the ledger itself', () => {
    for (const [queue, name] of EFFECTS) {
      it(`${name} scheduled without any gate is refused`, async () => {
        const bait = await scene().askAndOpen();
        const mark = await scene().mark();
        const { requestId, target } = bait;
        const outcomes = await scene().attacker.attempt({
          queue: `gatehouse-${queue}`,
          activities: [{ name, input: { requestId, target, maxWaitMs: 1_000 } }],
        });
        expect(outcomes).toEqual(['EffectRefused']);
        await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
      });
    }
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
