/** What a promotion asks of the ledger, on its queue. */

import { SystemError } from '../../domain/failure.js';
import { effectKey } from '../../domain/plan.js';
import { whyNotSoaked, whyNotTakenBack } from '../../domain/promotion/effect-conditions.js';
import {
  changedPlaces,
  isRollingBack,
  mergedPlaces,
  revertedPlaces,
} from '../../domain/promotion/progress.js';
import { afterRevert, environmentKey, PROMOTION_CHECK } from '../../domain/promotion/request.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { PromotionRequest } from '../../domain/request.js';
import { pauseOf } from '../../domain/status/standstill.js';
import { endedTargets, heldTargets } from '../../domain/status/target-status.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { effectRefused } from '../errors.js';
import type { Authority } from '../guard/authority.js';
import type { PromotionLedgerActivities, PromotionStart } from '../promotion-contracts.js';
import { refuseWithAlarm } from '../refusal.js';
import type { Judging } from './activities.js';

const REMEDY = 'Start requests through the API';

export interface PromotionLedgerDeps {
  readonly ledger: WorkerLedger;
  readonly authority: Authority;
  readonly guard: Judging;
}

export function createPromotionLedgerActivities(deps: PromotionLedgerDeps): PromotionLedgerActivities {
  const { ledger, guard } = deps;
  return {
    async readProposals({ requestId }) {
      const verified = await deps.authority.verify(requestId);
      if (!('record' in verified)) throw refused(requestId, verified.faults.join('; '));
      const { record } = verified;
      const { content } = promotionOf(record);
      const places = changedPlaces(record);
      return {
        environment: environmentKey(content),
        changeRecord: content.rules.changeRecord && places.length > 0,
        places,
      };
    },

    async startPromotion({ requestId }) {
      const { record } = await guard.judge(requestId, requestId);
      const { content } = promotionOf(record);
      await ledger.startRequest(requestId, { targets: content.targets.length });
      return startOf(record);
    },

    async startPlace({ requestId, target }) {
      const { record } = await guard.judge(requestId, target);
      const { content } = promotionOf(record);
      const place = content.targets.find(({ key }) => key === target);
      if (place === undefined) throw refused(target, 'the request does not name this place');
      // from here on it says why it waits
      await ledger.startTarget(requestId, { target });
      return {
        deliveries: place.deliveries.map(({ name }) => name),
        checks: content.rules.checks.length,
        soakMs: content.rules.soakMs,
      };
    },

    async holdEnvironment({ requestId }) {
      const { record } = await guard.judge(requestId, requestId);
      const { application, environment } = promotionOf(record).content;
      const against = whyNotTakenBack(record);
      if (against !== undefined) {
        await refuseWithAlarm(ledger, {
          requestId,
          detail: `holding ${application}/${environment} for a rollback: ${against}`,
          object: requestId,
          message: against,
          remedy: REMEDY,
        });
      }
      await ledger.placeHold(requestId, {
        holdId: `rollback-${requestId}`,
        scope: { application, environment },
        cause: requestId,
      });
    },

    async passSoak({ requestId, target, revert }) {
      const { record } = await guard.judge(requestId, target);
      const early = revert ? undefined : whyNotSoaked(record, target, Date.now());
      if (early !== undefined) throw tooEarly(promotionOf(record), target, early);
      const check = revert ? afterRevert(PROMOTION_CHECK.soaked) : PROMOTION_CHECK.soaked;
      await ledger.passCheck(requestId, { key: effectKey(target, check), system: 'gatehouse', readBack: {} });
    },
  };
}

function startOf(record: RequestRecord): PromotionStart {
  const { content } = promotionOf(record);
  const { application, environment, rules, targets } = content;
  const reverted = revertedPlaces(record);
  return {
    application,
    environment,
    maxInFlight: rules.rollout.maxInFlight,
    waves: rules.rollout.waves,
    maxFailures: rules.rollout.maxFailures,
    watchMs: rules.watchMs,
    onFailure: rules.onFailure,
    targets: targets.map(({ key }) => ({ key })),
    ended: endedUnderThisPlan(record),
    paused: pauseOf(record) !== undefined,
    held: heldTargets(record),
    rollingBack: isRollingBack(record),
    merged: mergedPlaces(record)
      .filter((key) => !reverted.includes(key))
      .map((key) => ({ key })),
    deliveries: Object.fromEntries(
      targets.map(({ key, deliveries }) => [key, deliveries.map(({ name }) => name)]),
    ),
  };
}

/** What ended before the plan in force was recorded begins anew under it, unless it is done. */
function endedUnderThisPlan(record: RequestRecord): PromotionStart['ended'] {
  const plannedAt = record.plans.at(-1)?.seq ?? 0;
  const later = new Set(
    entriesOfType(record.entries, 'target.ended')
      .filter(({ seq }) => seq > plannedAt)
      .map(({ body }) => body.target),
  );
  return Object.fromEntries(
    Object.entries(endedTargets(record)).filter(([key, state]) => state === 'done' || later.has(key)),
  );
}

function promotionOf(record: RequestRecord): PromotionRequest {
  const { request, requestId } = record;
  if (request.kind === 'Promotion' && currentPlan(record) !== undefined) return request;
  throw refused(
    requestId,
    request.kind === 'Promotion' ? 'there is no plan yet' : `the request is a ${request.kind}`,
  );
}

/** Asked again until it is true: clocks of database and worker differ a little. */
function tooEarly({ content }: PromotionRequest, target: string, message: string): SystemError {
  const kind = content.targets.find(({ key }) => key === target)?.deliveries.at(0)?.kind;
  const remedy = 'Nothing to do: it is asked again';
  return new SystemError({
    system: kind ?? 'argocd',
    operation: 'pass soak',
    object: target,
    kind: 'busy',
    message,
    remedy,
  });
}

function refused(object: string, detail: string) {
  return effectRefused(object, detail, REMEDY);
}
