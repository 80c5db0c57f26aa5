/** Attacks with results: activities completed by their id, from outside, with whatever the attacker likes. */
import { afterEach, describe, expect, it } from 'vitest';
import type { EffectResult, RequestEnd } from '../../../src/activities/contracts.js';
import { CONFIRMED, forgedStart, PASSED, PLANNED } from '../forged-results.js';
import type { Bait, Scene } from '../scene.js';

const CREATED: EffectResult = { outcome: 'created', readBack: { organisationId: 'org_forged' } };
const ENDED: RequestEnd = { state: 'ended', outcome: 'done', message: 'done' };
/** Everything that onboards one cluster, in its order; what stands in one line runs side by side. */
const EFFECTS = [
  ['ensureOrganisation'],
  ['ensureInvites', 'ensureEnvironment'],
  ['ensureIntegration'],
  ['ensureValues'],
] as const;
const CHECKS = ['waitForSync', 'waitForExternalSecret', 'waitForConnected'] as const;

export function resultCases(scene: () => Scene): void {
  afterEach(() => scene().startAll());

  async function forgeOnboarding(bait: Bait): Promise<void> {
    const { attacker } = scene();
    for (const step of EFFECTS) {
      await Promise.all(step.map((name) => attacker.forge(bait.clusterId, name, CREATED)));
    }
    for (const name of CHECKS) await attacker.forge(bait.clusterId, name, { readBack: {} });
  }

  it('plan, gates and start of a rollout forged by activity id: the first effect is refused', async () => {
    const { attacker } = scene();
    await scene().stop('ledger');
    const bait = await scene().ask();
    const mark = await scene().mark();
    await attacker.forge(bait.fleetId, 'planFleet', PLANNED);
    await attacker.forge(bait.fleetId, 'advanceGates', PASSED);
    await attacker.forge(bait.fleetId, 'confirmPlan', CONFIRMED);
    await attacker.forge(bait.fleetId, 'startRollout', forgedStart(bait));
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /organisation/);
    await scene().start('ledger');
    await scene().eventually('the cluster to be closed as failed', async () =>
      (await scene().entriesSince(mark)).find(({ type }) => type === 'target.ended'),
    );
    expect(await scene().effectsSince(mark)).toEqual([]);
    await attacker.terminate(bait.fleetId);
  });

  it('gates forged as passed although somebody said no: the rollout is refused', async () => {
    const { attacker } = scene();
    const bait = await scene().askAndOpen();
    await attacker.terminate(bait.fleetId);
    await scene().approveProcurement(bait);
    await scene().api.decide('chi', bait.requestId, 'data-protection', 'reject');
    await scene().stop('ledger');
    await attacker.startByHand('fleetOnboarding', bait.fleetId, {
      requestId: bait.requestId,
      timing: 'brisk',
    });
    const mark = await scene().mark();
    await attacker.forge(bait.fleetId, 'planFleet', PLANNED);
    await attacker.forge(bait.fleetId, 'advanceGates', PASSED);
    await attacker.forge(bait.fleetId, 'confirmPlan', CONFIRMED);
    await attacker.pending(bait.fleetId, 'startRollout');
    await scene().start('ledger');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /data-protection is rejected/);
  });

  it('a plan forged as empty ends the run, not the request', async () => {
    const { attacker } = scene();
    await scene().stop('ledger');
    const bait = await scene().ask();
    const mark = await scene().mark();
    await attacker.forge(bait.fleetId, 'planFleet', { ...PLANNED, state: 'empty' });
    await attacker.pending(bait.fleetId, 'closeRequest');
    await scene().start('ledger');
    await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait);
    expect((await scene().api.status(bait.requestId)).endedAt).toBeUndefined();
  });

  describe('effects forged as made', () => {
    it('an onboarding forged step by step is not believed, and is done in earnest afterwards', async () => {
      const bait = await scene().askAndOpen();
      await scene().stop('systems');
      const mark = await scene().mark();
      await scene().approve(bait);
      await forgeOnboarding(bait);
      await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait, /reported as done/);

      await scene().start('systems');
      await scene().api.until(bait.requestId, ({ targets }) =>
        targets.some(({ state }) => state === 'failed'),
      );
      await scene().api.call('olga', 'POST', `/v1/requests/${bait.requestId}/retry`, {
        targets: [bait.target],
      });
      await scene().expectDoneOnce(mark, bait);
    });

    it('an end forged for cluster and request is not the end in the ledger', async () => {
      const { attacker } = scene();
      const bait = await scene().askAndOpen();
      await scene().stop('systems');
      const mark = await scene().mark();
      await scene().approve(bait);
      await attacker.pending(bait.clusterId, 'ensureOrganisation');
      await scene().stop('ledger');
      await forgeOnboarding(bait);
      await attacker.forge(bait.clusterId, 'closeTarget', null);
      await attacker.forge(bait.fleetId, 'closeRequest', ENDED);
      // what the run does next is its own affair: news of the second approval may have come after it passed the gates
      await scene().start('ledger');
      await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait, /has not ended/);
      expect((await scene().api.status(bait.requestId)).endedAt).toBeUndefined();

      await attacker.ended(bait.fleetId);
      await scene().start('systems');
      await attacker.startByHand('fleetOnboarding', bait.fleetId, {
        requestId: bait.requestId,
        timing: 'brisk',
      });
      await scene().expectDoneOnce(mark, bait);
    });
  });
}
