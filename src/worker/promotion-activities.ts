/** The activities of promotions, by queue, behind guards of their own. */
import { createChangeRecordActivities } from '../activities/change-records/activities.js';
import {
  createDeliveryActivities,
  type DeliveryActivityDeps,
  deliveryTools,
} from '../activities/delivery/activities.js';
import { readinessOf } from '../activities/delivery/readiness.js';
import { placeRuns } from '../activities/delivery/runs.js';
import { createShadowActivities } from '../activities/delivery/shadow.js';
import { createPromotionGitActivities, type PromotionGitDeps } from '../activities/gitlab/promotion.js';
import type { Authority } from '../activities/guard/authority.js';
import { EffectGuard, type GuardSettings } from '../activities/guard/effect-guard.js';
import { selectEnvironment, selectPlace } from '../activities/guard/select-place.js';
import { createPromotionPlanActivities } from '../activities/plan/promotion.js';
import { createRegistryActivities } from '../activities/registry/activities.js';
import { createVerificationActivities } from '../activities/verification/activities.js';
import { waitAtMostMs } from '../config/installation.js';
import { runningImages } from '../delivery/running-images.js';
import type { PlaceTarget } from '../domain/promotion/request.js';
import type { PromotionRequest, RequestDocument } from '../domain/request.js';
import { Flux } from '../systems/flux/flux.js';
import { Workloads } from '../systems/kubernetes/workloads.js';
import type { ActivityDeps } from './activities.js';

/** What guards of every kind of request look up outside the ledger. */
export type GuardFacts = Pick<
  GuardSettings<RequestDocument, unknown>,
  'policyFor' | 'inventory' | 'membership'
>;

/** Activities of promotions by the queue that serves them. */
export function promotionActivities(deps: ActivityDeps, authority: Authority, facts: GuardFacts) {
  const { installation, ledger, systems } = deps;
  const { promotion } = systems;
  const assignmentGroup = installation.systems.servicenow?.assignmentGroup;
  const publicUrl = installation.page.publicUrl.replace(/\/$/, '');
  const places = new EffectGuard<PromotionRequest, PlaceTarget>(ledger, authority, {
    select: selectPlace,
    ...facts,
  });
  const environments = new EffectGuard<PromotionRequest, null>(ledger, authority, {
    select: selectEnvironment,
    ...facts,
  });
  const delivering: DeliveryActivityDeps = {
    ledger,
    guard: places,
    gitlab: systems.gitlab,
    repositories: promotion.repositories,
    repositoryOf: (project) => `${installation.systems.gitlab.url.replace(/\/$/, '')}/${project}.git`,
    registry: promotion.registry,
    changeRecords: promotion.changeRecords,
    clusters: {
      applicationsOf: ({ connection, namespace }) =>
        systems.applicationsOf({ connection, namespace, name: '' }),
      fluxOf: (name) => new Flux({ connection: promotion.connectionOf(name) }),
      workloadsOf: (name) => new Workloads(promotion.connectionOf(name)),
    },
    stabilisationMs: installation.stabilisationMs,
    maxWaitMs: waitAtMostMs(installation),
  };
  const tools = deliveryTools(delivering);
  const reading: PromotionGitDeps['systems'] = {
    gitlab: systems.gitlab,
    repositories: promotion.repositories,
    directory: systems.directory,
    registry: promotion.registry,
    harbor: promotion.harbor,
    kustomize: promotion.kustomize,
    helm: promotion.helm,
    runs: (place, commit, signal, onLook) => placeRuns(tools, place, commit, signal, 'asks', onLook),
    running: (place, signal) => runningImages(place, tools.watched, signal),
  };
  return {
    plan: createPromotionPlanActivities({
      ledger,
      authority,
      systems: reading,
      runsUnasked: (place, commit, signal, onLook) =>
        placeRuns(tools, place, commit, signal, 'asks nobody', onLook),
    }),
    gitlab: createPromotionGitActivities({
      ledger,
      places,
      systems: reading,
      mergeRequests: promotion.mergeRequests,
      readinessOf: (request, place, nowMs) => readinessOf(delivering, request, place, nowMs),
      publicUrl,
    }),
    registry: createRegistryActivities({ guard: places, registry: promotion.registry }),
    changeRecords: createChangeRecordActivities({
      ledger,
      guard: environments,
      changeRecords: promotion.changeRecords,
      publicUrl,
      ...(assignmentGroup === undefined ? {} : { assignmentGroup }),
    }),
    delivery: {
      ...createDeliveryActivities(tools),
      ...createShadowActivities({
        tools,
        authority,
        files: systems.gitlab,
        branches: promotion.repositories,
      }),
    },
    verification: createVerificationActivities({
      ledger,
      guard: places,
      httpChecks: promotion.httpChecks,
      prometheus: promotion.prometheus,
      jobsOf: promotion.jobsOf,
    }),
  };
}
