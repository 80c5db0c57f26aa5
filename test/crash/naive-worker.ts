/**
 * A worker of the queue `otterize` as a script would be written: it creates the organisation without looking first. For the
 * positive control of the crash test; everything else in it is real.
 */
import type { OtterizeActivities } from '../../src/activities/contracts.js';
import { DirectoryMembership } from '../../src/activities/guard/directory-membership.js';
import { EffectGuard, selectCluster } from '../../src/activities/guard/effect-guard.js';
import { createOtterizeActivities } from '../../src/activities/otterize/activities.js';
import { waitAtMostMs } from '../../src/config/installation.js';
import { ownParts, serve } from '../support/own-worker.js';

const { installation, ledger, systems, authority, inventory, policyFor } = await ownParts();
const guard = new EffectGuard(ledger, authority, {
  select: selectCluster,
  policyFor,
  inventory,
  membership: new DirectoryMembership(systems.directory),
});

const activities: OtterizeActivities = {
  ...createOtterizeActivities({ ledger, guard, ...systems, waitAtMostMs: waitAtMostMs(installation) }),
  ensureOrganisation: (ref) =>
    guard.make(ref, 'otterize', 'organisation', async (effect) => {
      const made = await systems.otterize.createOrganization(effect.target.organisation);
      return { outcome: 'created', readBack: { organisationId: made.id, name: made.name } };
    }),
};

await serve(installation, 'otterize', activities);
