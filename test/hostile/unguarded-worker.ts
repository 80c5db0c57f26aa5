/**
 * The positive control: a worker of the real activities of Otterize behind a guard that always says yes. It exists in the
 * tests only; the product has no switch for it.
 */
import { selectCluster } from '../../src/activities/guard/effect-guard.js';
import { createOtterizeActivities } from '../../src/activities/otterize/activities.js';
import { waitAtMostMs } from '../../src/config/installation.js';
import { ownParts, serve } from '../support/own-worker.js';
import { GuardThatSaysYes } from './guard-that-says-yes.js';

const { installation, ledger, systems, authority, inventory, policyFor } = await ownParts();
const guard = new GuardThatSaysYes(ledger, authority, {
  select: selectCluster,
  policyFor,
  inventory,
  membership: { isMember: () => Promise.resolve(true), personIdOf: () => Promise.resolve(null) },
});
await serve(
  installation,
  'otterize',
  createOtterizeActivities({ ledger, guard, ...systems, waitAtMostMs: waitAtMostMs(installation) }),
);
process.exit(0);
