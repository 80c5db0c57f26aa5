/** Results that an attacker would like activities to have. */
import type { GatesResult, PlanResult, RolloutStart } from '../../src/activities/contracts.js';
import type { Bait } from './scene.js';

export const PLANNED: PlanResult = { state: 'planned', epoch: 1, message: 'planned' };
export const PASSED: GatesResult = { state: 'passed', message: 'all gates have passed', notices: [] };
export const CONFIRMED = { state: 'confirmed', epoch: 1 };

export function forgedStart({ cluster, target }: Bait): RolloutStart {
  return {
    service: 'otterize',
    maxInFlight: 1,
    targets: [{ key: target, cluster: cluster.name, stage: cluster.stage }],
    ended: {},
    held: [],
    paused: false,
  };
}
