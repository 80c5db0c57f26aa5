/** What stands against an effect of a fleet beside its gates. */
import { describe, expect, it } from 'vitest';
import { fleetObstacles } from '../../../src/activities/guard/fleet-limits.js';
import type { LedgerEntry } from '../../../src/domain/ledger.js';
import type { InventoryManifest } from '../../../src/domain/manifest.js';
import type { HoldScope } from '../../../src/domain/promotion/holds.js';
import type { FleetRequest } from '../../../src/domain/request.js';
import { expandFleet } from '../../../src/manifests/expand.js';
import { readManifests } from '../../../src/manifests/read.js';
import { exampleOf } from '../../manifests/examples.js';

const { fleets, inventories } = readManifests([
  { file: 'fleet.yaml', text: exampleOf('Fleet') },
  { file: 'inventory.yaml', text: exampleOf('Inventory') },
]);
const [fleet] = fleets;
const inventory = inventories[0]?.manifest;
if (fleet === undefined || inventory === undefined) throw new Error('the examples are gone');
const content = expandFleet(fleet, inventory, (value) => value, []);
const target = content.targets.find(({ key }) => key === 'harbour-02/prod');
if (target === undefined) throw new Error('the example has no harbour-02/prod');

// what was looked for above is there
const [known, place] = [inventory, target];

const request: FleetRequest = {
  version: 1,
  kind: 'Fleet',
  requestId: 'req-1',
  workflowId: 'fleet/otterize/otterize',
  requester: { kind: 'person', id: 'p-ada' },
  requestedFor: 'ref',
  policy: { name: 'saas', digest: '' },
  contentHash: '',
  acceptedAt: '2026-11-01T00:00:00.000Z',
  content,
};

function holdOn(scope: HoldScope): LedgerEntry<'hold.placed'> {
  return {
    seq: 1,
    type: 'hold.placed',
    requestId: null,
    prevHash: '',
    hash: '',
    at: '2026-11-01T00:00:00.000Z',
    body: { holdId: 'hold-1', scope, by: { kind: 'person', id: 'p-olga' } },
  };
}

async function met(scopes: readonly HoldScope[], changed: InventoryManifest = known) {
  const ledger = { holds: async () => scopes.map(holdOn) };
  return fleetObstacles({ ledger, inventory: changed, owned: [] })(request, place);
}

describe('an effect of a fleet', () => {
  it('waits for a hold on everything, on its stage, on its service', async () => {
    for (const scope of [
      {},
      { environment: 'prod' },
      { application: 'otterize' },
      { application: 'otterize', environment: 'prod' },
    ]) {
      expect(await met([scope])).toMatchObject({
        state: 'held',
        detail: expect.stringContaining('hold-1'),
      });
    }
  });

  it('is not concerned by holds on others', async () => {
    expect(await met([{ environment: 'dev' }, { application: 'shop' }])).toBeUndefined();
  });

  it('is refused when the inventory no longer gives the place, though the request was accepted', async () => {
    const narrowed = { ...known, spec: { ...known.spec, services: {} } };
    expect(await met([], narrowed)).toMatchObject({
      state: 'refused',
      detail: expect.stringContaining('the inventory names no place'),
    });
  });
});
