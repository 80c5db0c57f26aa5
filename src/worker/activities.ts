/** Which activities each task queue serves. */
import { createArgoCdActivities } from '../activities/argocd/activities.js';
import { createExternalSecretsActivities } from '../activities/external-secrets/activities.js';
import { createGitLabActivities } from '../activities/gitlab/activities.js';
import { Authority } from '../activities/guard/authority.js';
import { DirectoryMembership } from '../activities/guard/directory-membership.js';
import { EffectGuard, selectCluster } from '../activities/guard/effect-guard.js';
import { fleetObstacles } from '../activities/guard/fleet-limits.js';
import { refusingForeignInputs } from '../activities/inputs.js';
import { createLedgerActivities } from '../activities/ledger/activities.js';
import { createPromotionLedgerActivities } from '../activities/ledger/promotion.js';
import { createNotificationActivities } from '../activities/notifications/activities.js';
import { Mailing } from '../activities/notifications/mailing.js';
import { createOtterizeActivities } from '../activities/otterize/activities.js';
import { createPlanActivities } from '../activities/plan/activities.js';
import { createSentinelActivities } from '../activities/sentinel/activities.js';
import { createStrayNotices } from '../activities/sentinel/tell-of-strays.js';
import { type Installation, waitAtMostMs } from '../config/installation.js';
import type { InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import type { PathManifest } from '../domain/promotion/path.js';
import type { PolicySubject } from '../domain/request.js';
import type { QueueName } from '../domain/task-queues.js';
import { directoriesOfPaths } from '../domain/values-places.js';
import type { WorkerLedger } from '../ledger/ports.js';
import type { KeyRing } from '../security/keyring.js';
import type { InstalledSystems } from '../systems/installed.js';
import { type GuardFacts, promotionActivities } from './promotion-activities.js';

export interface ActivityDeps {
  readonly installation: Installation;
  readonly ledger: WorkerLedger;
  readonly ring: KeyRing;
  readonly systems: InstalledSystems;
  readonly inventory: InventoryManifest;
  /** of promotions; none: this installation promotes nothing */
  readonly paths: readonly PathManifest[];
  readonly policyFor: (subject: PolicySubject) => PolicyManifest | undefined;
}

export type ActivityQueue = Exclude<QueueName, 'workflows'>;

/** Activities by queue, all behind the same guard, and none with an input that is not of its shape. */
export function activitiesByQueue(deps: ActivityDeps): Readonly<Record<ActivityQueue, object>> {
  const byQueue = guardedActivities(deps);
  const judged = (queue: ActivityQueue): object => refusingForeignInputs(byQueue[queue], deps.ledger);
  return {
    ledger: judged('ledger'),
    plan: judged('plan'),
    otterize: judged('otterize'),
    gitlab: judged('gitlab'),
    argocd: judged('argocd'),
    notifications: judged('notifications'),
    'external-secrets': judged('external-secrets'),
    registry: judged('registry'),
    'change-records': judged('change-records'),
    delivery: judged('delivery'),
    verification: judged('verification'),
  };
}

function guardedActivities(deps: ActivityDeps): Readonly<Record<ActivityQueue, object>> {
  const { installation, ledger, ring, systems } = deps;
  const authority = new Authority(ledger, ring);
  const facts: GuardFacts = {
    policyFor: deps.policyFor,
    inventory: deps.inventory,
    membership: new DirectoryMembership(systems.directory),
  };
  const guard = new EffectGuard(ledger, authority, {
    select: selectCluster,
    ...facts,
    obstacles: fleetObstacles({ ledger, inventory: deps.inventory, owned: directoriesOfPaths(deps.paths) }),
  });
  const promotion = promotionActivities(deps, authority, facts);
  const { paths } = deps;
  const mailing = new Mailing({ ...systems, ledger, inventory: deps.inventory });
  const waits = { waitAtMostMs: waitAtMostMs(installation) };
  return {
    ledger: {
      ...createLedgerActivities({ ledger, authority, guard, clock: () => ledger.now() }),
      ...createPromotionLedgerActivities({ ledger, authority, guard }),
    },
    plan: {
      ...createPlanActivities({ ledger, authority, systems, replanAfterMs: installation.replanAfterMs }),
      ...promotion.plan,
      ...createSentinelActivities({
        ledger,
        gitlab: systems.gitlab,
        repositories: systems.promotion.repositories,
        paths,
        nowMs: () => Date.now(),
      }),
    },
    otterize: createOtterizeActivities({ ledger, guard, ...systems, ...waits }),
    gitlab: { ...createGitLabActivities({ guard, ...systems }), ...promotion.gitlab },
    argocd: createArgoCdActivities({
      ledger,
      guard,
      ...systems,
      stabilisationMs: installation.stabilisationMs,
      ...waits,
    }),
    notifications: {
      ...createNotificationActivities({ ledger, mailing, publicUrl: installation.page.publicUrl }),
      ...createStrayNotices({
        ledger,
        mailing,
        ownersOf: (application) => paths.find(({ metadata }) => metadata.name === application)?.spec.owners,
        operators: deps.inventory.spec.roles.operators,
        publicUrl: installation.page.publicUrl,
      }),
    },
    'external-secrets': createExternalSecretsActivities({ ledger, guard, ...systems, ...waits }),
    registry: promotion.registry,
    'change-records': promotion.changeRecords,
    delivery: promotion.delivery,
    verification: promotion.verification,
  };
}
