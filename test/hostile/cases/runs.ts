/** Attacks with runs: started by hand, reset, terminated and started again. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { entriesOfType } from '../../../src/domain/record.js';
import type { Bait, Scene } from '../scene.js';

export function runCases(scene: () => Scene): void {
  const clusterInput = ({ requestId, target }: Bait): unknown => ({
    requestId,
    service: 'otterize',
    target,
    timing: 'brisk',
  });
  const fleetInput = (requestId: string, more: object = {}): unknown => ({
    requestId,
    timing: 'brisk',
    ...more,
  });

  it('a cluster run started by hand for a request that nobody approved is refused', async () => {
    const bait = await scene().askAndOpen();
    const mark = await scene().mark();
    const handle = await scene().attacker.startByHand(
      'clusterOnboarding',
      bait.clusterId,
      clusterInput(bait),
    );
    await expect(handle.result()).rejects.toThrow();
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
    expect((await scene().api.status(bait.requestId)).status).toBe('waiting');
  });

  it('a cluster run started by hand for a cluster that the approved request does not name is refused', async () => {
    const [bait, other] = [await scene().askAndOpen(), await scene().askAndOpen()];
    await scene().attacker.terminate(bait.fleetId);
    await scene().approve(bait);
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation({ ...bait, target: other.target })).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /does not (name|hold)/);
  });

  describe('terminated and started again', () => {
    it('by hand with the same input: goes on, and everything is made once', async () => {
      const bait = await scene().askAndOpen();
      const mark = await scene().mark();
      await scene().approveProcurement(bait);
      await scene().attacker.terminate(bait.fleetId);
      await scene().attacker.startByHand('fleetOnboarding', bait.fleetId, fleetInput(bait.requestId));
      const otterize = new ControlClient(scene().stack.address('otterize'));
      const letGo = (): Promise<void> => otterize.removeFaults('in-hand');
      onTestFinished(letGo);
      await otterize.addFault({
        id: 'in-hand',
        match: { operation: 'createOrganization_mutation' },
        times: 0,
        when: 'before',
        kind: 'hold',
      });
      await scene().approveDataProtection(bait);
      await scene().eventually('an effect in hand', async () => (await otterize.held()).at(0));
      await scene().attacker.terminate(bait.fleetId);
      await letGo();
      await scene().attacker.startByHand('fleetOnboarding', bait.fleetId, fleetInput(bait.requestId));
      await scene().expectDoneOnce(mark, bait);
    });

    it('with a request that does not exist: refused', async () => {
      const bait = await scene().askAndOpen();
      await scene().attacker.terminate(bait.fleetId);
      const mark = await scene().mark();
      const handle = await scene().attacker.startByHand(
        'fleetOnboarding',
        bait.fleetId,
        fleetInput('req-made-up', { carry: { paused: false, cancelled: false, droppedMessages: 0 } }),
      );
      await expect(handle.result()).rejects.toThrow();
      await scene().expectAlarmAndNoEffect(mark, 'invalid-signature', null, /req-made-up/);
    });

    it('with another request, which is approved: refused, since the run is not its own', async () => {
      const [bait, approved] = [await scene().askAndOpen(), await scene().askAndOpen()];
      await scene().attacker.terminate(bait.fleetId);
      await scene().attacker.terminate(approved.fleetId);
      await scene().approve(approved);
      const mark = await scene().mark();
      await scene().attacker.startByHand('fleetOnboarding', bait.fleetId, fleetInput(approved.requestId));
      await scene().expectAlarmAndNoEffect(mark, 'effect-refused', approved, /under the name/);
      await scene().attacker.terminate(bait.fleetId);
    });
  });

  describe('reset to the first task', () => {
    it('between two decisions: nothing is lost, nothing is doubled', async () => {
      const bait = await scene().askAndOpen();
      const mark = await scene().mark();
      await scene().attacker.signal(bait.fleetId, { jti: 'made-up', envelope: 'x' });
      await scene().expectAlarmAndNoEffect(mark, 'decision-not-in-ledger', bait);
      await scene().approveProcurement(bait);
      const beforeReset = await scene().mark();
      await scene().attacker.resetToStart(bait.fleetId);
      // the made-up message comes again with the others
      await scene().expectAlarmAndNoEffect(beforeReset, 'decision-not-in-ledger', bait);
      await scene().approveDataProtection(bait);
      await scene().expectDoneOnce(mark, bait);
      const decisions = entriesOfType((await scene().record(bait)).entries, 'decision.made');
      expect(decisions.map(({ body }) => body.gate).sort()).toEqual(['data-protection', 'procurement']);

      // and once more after the end
      const afterEnd = await scene().mark();
      await scene().attacker.resetToStart(bait.fleetId);
      // it ends, and he cannot read with what
      const ended = scene().attacker.client.workflow.getHandle(bait.fleetId).result();
      await expect(ended).rejects.toThrow(/binary\/encrypted/);
      expect(await scene().effectsSince(afterEnd)).toEqual([]);
      const endings = entriesOfType((await scene().record(bait)).entries, 'request.ended');
      expect(endings).toHaveLength(1);
    });
  });
}
