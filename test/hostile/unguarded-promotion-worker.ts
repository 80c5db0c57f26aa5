/**
 * The positive control: a worker of the real activities of promotions in Git behind a guard that always says yes. It exists in
 * the tests only; the product has no switch for it.
 */
import { createPromotionGitActivities } from '../../src/activities/gitlab/promotion.js';
import { selectPlace } from '../../src/activities/guard/select-place.js';
import { ownParts, serve } from '../support/own-worker.js';
import { GuardThatSaysYes } from './guard-that-says-yes.js';

const { installation, ledger, systems, authority, inventory, policyFor } = await ownParts();
const { promotion } = systems;
const places = new GuardThatSaysYes(ledger, authority, {
  select: selectPlace,
  policyFor,
  inventory,
  membership: { isMember: () => Promise.resolve(true), personIdOf: () => Promise.resolve(null) },
});
await serve(
  installation,
  'gitlab',
  createPromotionGitActivities({
    ledger,
    places,
    systems: {
      gitlab: systems.gitlab,
      repositories: promotion.repositories,
      directory: systems.directory,
      registry: promotion.registry,
      harbor: promotion.harbor,
      kustomize: promotion.kustomize,
      runs: () => Promise.resolve({ isProven: true, message: '' }),
    },
    mergeRequests: promotion.mergeRequests,
    readinessOf: () => Promise.resolve({ state: 'ready', clause: '' }),
    publicUrl: installation.page.publicUrl,
  }),
);
process.exit(0);
