/** Planning of promotions, on the queue `plan`: reads every system, writes nothing but the plan in the ledger. */
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { SystemName } from '../../domain/failure.js';
import { effectKey, type PlannedEffect } from '../../domain/plan.js';
import { environmentKey, PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import { currentPlan, type RequestRecord } from '../../domain/record.js';
import type { PromotionRequest } from '../../domain/request.js';
import { PlanConflict } from '../../planning/promotion/conflict.js';
import {
  isSamePlace,
  planPlaceAgain,
  planPromotion,
  type VerifiedBefore,
} from '../../planning/promotion/promotion-plan.js';
import type { PromotionSystems } from '../../planning/promotion/systems.js';
import { effectRefused } from '../errors.js';
import { report } from '../heartbeats.js';
import type { PromotionPlanActivities } from '../promotion-contracts.js';
import {
  type Computed,
  planOnce,
  type RecordingDeps,
  recordUnlessThere,
  verifiedRecord,
} from './recorded.js';

export interface PromotionPlanDeps extends RecordingDeps {
  readonly systems: PromotionSystems;
  /** as `systems.runs`, but asks no controller for anything: for what is in shadow */
  readonly runsUnasked: PromotionSystems['runs'];
}

export function createPromotionPlanActivities(deps: PromotionPlanDeps): PromotionPlanActivities {
  return {
    planPromotion: ({ requestId }) =>
      planOnce(deps, requestId, (record) => compute(deps, promotionOf(record))),

    async confirmPromotion({ requestId }) {
      const record = await verifiedRecord(deps, requestId);
      const known = currentPlan(record);
      const request = promotionOf(record);
      if (known?.plan.promotion === undefined) {
        throw effectRefused(requestId, 'there is no plan to confirm', 'Retry the request');
      }
      const { epoch, plan } = known;
      if (await stillHolds(deps, request, known.plan.promotion)) return { state: 'confirmed', epoch };
      const fresh = await compute(deps, pinned(request, known.plan.promotion.release), {
        fingerprint: plan.promotion?.fingerprint ?? '',
      });
      await recordUnlessThere(deps, record, withTidying(fresh, request), epoch + 1);
      return { state: 'changed', epoch: epoch + 1 };
    },
  };
}

async function compute(
  deps: PromotionPlanDeps,
  request: PromotionRequest,
  verifiedBefore?: VerifiedBefore,
): Promise<Computed> {
  const { ledger, runsUnasked } = deps;
  const systems: PromotionSystems =
    request.content.shadow === true ? { ...deps.systems, runs: runsUnasked } : deps.systems;
  const { targets, promotion } = await planPromotion(
    request.content,
    systems,
    { checks: (key) => ledger.checksByKey(key), effects: (key) => ledger.effectsByKey(key) },
    () => report({ attempt: activityInfo().attempt }),
    cancellationSignal(),
    verifiedBefore,
  );
  return { targets, beneficiary: '', ...(promotion === undefined ? {} : { promotion }) };
}

/** When something is in the way of a later plan, what was proposed under the one before has to be closed. */
function withTidying(computed: Computed, { content }: PromotionRequest): Computed {
  if (computed.promotion !== undefined) return computed;
  const effect = (target: string, object: string, system: SystemName): PlannedEffect => ({
    key: effectKey(target, object),
    system,
    object,
    action: 'change',
    count: 0,
    detail: 'is closed',
    phase: 'proposal',
  });
  const environment = environmentKey(content);
  return {
    ...computed,
    targets: [
      ...computed.targets.map((plan) =>
        plan.target === environment && content.rules.changeRecord
          ? {
              ...plan,
              effects: [...plan.effects, effect(environment, PROMOTION_OBJECT.changeRecordEnd, 'servicenow')],
            }
          : plan,
      ),
      ...content.targets.map(({ key }) => ({
        target: key,
        effects: [effect(key, PROMOTION_OBJECT.mergeRequestEnd, 'gitlab')],
        invitees: [],
        notes: [],
      })),
    ],
  };
}

/** The same content, on whatever head the branches have by now, is what was agreed on. */
async function stillHolds(
  { systems }: PromotionPlanDeps,
  { content }: PromotionRequest,
  { release, places }: NonNullable<NonNullable<ReturnType<typeof currentPlan>>['plan']['promotion']>,
): Promise<boolean> {
  for (const place of content.targets) {
    const planned = places.find((one) => one.place === place.key);
    if (planned === undefined) return false;
    report({ attempt: activityInfo().attempt });
    const now = await planPlaceAgain(content, place, release, systems, cancellationSignal());
    if (now instanceof PlanConflict || !isSamePlace(planned, now.plan)) return false;
  }
  return true;
}

/** Asks for exactly the release that was found first: planning anew never slips in a later one. */
function pinned(
  request: PromotionRequest,
  release: {
    readonly commit: string;
    readonly images: readonly PinnedImage[];
    readonly charts: readonly PinnedChart[];
  },
): PromotionRequest {
  return {
    ...request,
    content: {
      ...request.content,
      asked: {
        commit: release.commit,
        images: Object.fromEntries(
          release.images.map(({ repository, digest, tag }) => [repository, tag ?? digest]),
        ),
        charts: Object.fromEntries(release.charts.map(({ name, version }) => [name, version])),
      },
    },
  };
}

interface PinnedImage {
  readonly repository: string;
  readonly digest: string;
  readonly tag?: string;
}

interface PinnedChart {
  readonly name: string;
  readonly version: string;
}

function promotionOf({ request, requestId }: RequestRecord): PromotionRequest {
  if (request.kind === 'Promotion') return request;
  throw effectRefused(requestId, `the request is a ${request.kind}`, 'Its workflow is started by the API');
}
