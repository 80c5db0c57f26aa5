/** What stands against an effect of a fleet beside its gates: the inventory of today, and holds. */
import type { InventoryManifest } from '../../domain/manifest.js';
import { describeScope, holdOf, holdsOn } from '../../domain/promotion/holds.js';
import type { ClusterTarget, FleetRequest } from '../../domain/request.js';
import { type OwnedDirectory, refuseValuesPlace } from '../../domain/values-places.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { Obstacle, Obstacles } from './effect-guard.js';

export interface FleetLimitFacts {
  readonly ledger: Pick<WorkerLedger, 'holds'>;
  readonly inventory: InventoryManifest;
  /** directories that other families write */
  readonly owned: readonly OwnedDirectory[];
}

/** Asked before every effect is reserved. */
export function fleetObstacles(facts: FleetLimitFacts): Obstacles<FleetRequest, ClusterTarget> {
  return async (request, target): Promise<Obstacle | undefined> => {
    const { service } = request.content;
    const refusal = refuseValuesPlace(service, target, facts.inventory, facts.owned);
    if (refusal !== undefined) return { state: 'refused', detail: refusal.message };
    // a service is held by its name and a stage by its own, as applications and environments are
    const holds = (await facts.ledger.holds()).map((entry) => holdOf(entry, new Map()));
    const [hold] = holdsOn(holds, { application: service, environment: target.stage });
    return hold === undefined
      ? undefined
      : { state: 'held', detail: `a hold on ${describeScope(hold.scope)} (${hold.holdId})` };
  };
}
