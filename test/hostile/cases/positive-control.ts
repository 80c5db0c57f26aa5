/** With the guard out of the way the very same attacks have their effect: what refuses them above is the guard. */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { RunningProcess } from '../../../sandbox/stack/processes.js';
import { startOwnWorker } from '../../support/start-own-worker.js';
import { claimsFor, FORGERIES, GATES, plant } from '../envelopes.js';
import { CONFIRMED, forgedStart, PASSED } from '../forged-results.js';
import type { Mark } from '../hostile-stage.js';
import type { Bait, Scene } from '../scene.js';

export function positiveControl(scene: () => Scene): void {
  let unguarded: RunningProcess<unknown> | undefined;

  beforeAll(async () => {
    await scene().stop('systems');
    unguarded = await startOwnWorker(scene().stack, new URL('../unguarded-worker.ts', import.meta.url));
  });
  afterAll(async () => {
    await unguarded?.stop();
    await scene().start('systems');
  });

  afterEach(() => scene().start('ledger'));

  async function expectOrganisation(mark: Mark, { cluster }: Bait): Promise<void> {
    const effect = `otterize: created organization ${cluster.name}-${cluster.stage}`;
    await scene().eventually(`the effect ${effect}`, async () =>
      (await scene().effectsSince(mark)).find((found) => found === effect),
    );
  }

  it('an effect scheduled without any gate is made', async () => {
    const bait = await scene().askAndOpen();
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('done');
    await expectOrganisation(mark, bait);
  });

  it('a cluster run started by hand for a request that nobody approved has its effect', async () => {
    const bait = await scene().askAndOpen();
    const mark = await scene().mark();
    await scene().attacker.startByHand('clusterOnboarding', bait.clusterId, {
      requestId: bait.requestId,
      service: 'otterize',
      target: bait.target,
      timing: 'brisk',
    });
    await expectOrganisation(mark, bait);
    await scene().attacker.terminate(bait.clusterId);
  });

  it('gates forged as passed have their effect', async () => {
    const { attacker } = scene();
    const bait = await scene().askAndOpen();
    await scene().stop('ledger');
    const mark = await scene().mark();
    await attacker.signal(bait.fleetId, { jti: 'wake-up', envelope: 'x' });
    await attacker.forge(bait.fleetId, 'advanceGates', PASSED);
    await attacker.forge(bait.fleetId, 'confirmPlan', CONFIRMED);
    await attacker.forge(bait.fleetId, 'startRollout', forgedStart(bait));
    await expectOrganisation(mark, bait);
    await attacker.terminate(bait.fleetId);
    await attacker.terminate(bait.clusterId).catch(() => undefined);
  });

  it('decisions with alg none in the ledger have their effect', async () => {
    const bait = await scene().askAndOpen();
    await scene().attacker.terminate(bait.fleetId);
    for (const gate of GATES) {
      const claims = await claimsFor(scene(), bait, gate, gate === 'procurement' ? 'ben' : 'chi');
      const { personId } = claims.approver;
      const envelope = await FORGERIES['alg none']?.forge(scene(), claims);
      await plant(scene(), bait, claims, envelope ?? '', { personId });
    }
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('done');
    await expectOrganisation(mark, bait);
  });
}
