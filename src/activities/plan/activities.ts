/** Activities on the queue `plan`: read every system, write nothing but the plan in the ledger. */
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { effectKey, type TargetPlan, totalsOf, WHOLE_REQUEST } from '../../domain/plan.js';
import type { RequestRecord } from '../../domain/record.js';
import type { PersonalRef } from '../../domain/request.js';
import { type PlanningSystems, planTargets } from '../../planning/fleet-plan.js';
import { canonicalJson } from '../../security/canonical.js';
import type { PlanActivities } from '../contracts.js';
import { effectRefused } from '../errors.js';
import { report } from '../heartbeats.js';
import {
  type Computed,
  planOnce,
  type RecordingDeps,
  recordUnlessThere,
  verifiedRecord,
} from './recorded.js';

export interface PlanActivityDeps extends RecordingDeps {
  readonly systems: PlanningSystems;
  /** a plan older than this is computed anew before the rollout, in milliseconds */
  readonly replanAfterMs: number;
}

export function createPlanActivities(deps: PlanActivityDeps): PlanActivities {
  return {
    planFleet: ({ requestId }) => planOnce(deps, requestId, (record) => compute(deps, record)),

    async confirmPlan({ requestId }) {
      const record = await verifiedRecord(deps, requestId);
      const known = record.plans.at(-1);
      if (known === undefined)
        throw effectRefused(requestId, 'there is no plan to confirm', 'Retry the request');
      const { epoch } = known.body;
      if (Date.now() - Date.parse(known.at) < deps.replanAfterMs) return { state: 'confirmed', epoch };
      const fresh = await compute(deps, record);
      // a conflict that came up meanwhile concerns single targets: they fail with it, the rest goes on
      const same = substanceOf(fresh.targets) === substanceOf(known.body.plan.targets);
      if (same || totalsOf(fresh.targets).conflict > 0) return { state: 'confirmed', epoch };
      await recordUnlessThere(deps, record, fresh, epoch + 1);
      return { state: 'changed', epoch: epoch + 1 };
    },
  };
}

async function compute(deps: PlanActivityDeps, record: RequestRecord): Promise<Computed> {
  const { ledger, systems } = deps;
  const { request } = record;
  if (request.kind !== 'Fleet') {
    throw effectRefused(
      record.requestId,
      `the request is a ${request.kind}`,
      'Its workflow is started by the API',
    );
  }
  const beneficiary = await findBeneficiary(deps, request.requestedFor);
  const targets = await planTargets(
    request.content.targets,
    systems,
    {
      history: (key) => ledger.effectsByKey(key),
      personal: (refs) => ledger.personal(refs),
      keepPersonal: (values) => ledger.keepPersonal(record.requestId, values),
    },
    (done) => report({ attempt: activityInfo().attempt, targets: done }),
    cancellationSignal(),
  );
  return typeof beneficiary === 'string'
    ? { targets, beneficiary }
    : { targets: [beneficiary, ...targets], beneficiary: '' };
}

/** A ticket is not a person: whom it is for must be somebody in the directory (design, section 6). */
async function findBeneficiary(
  deps: PlanActivityDeps,
  requestedFor: PersonalRef,
): Promise<string | TargetPlan> {
  const mail = (await deps.ledger.personal([requestedFor])).get(requestedFor);
  const user =
    mail === undefined ? null : await deps.systems.directory.userByMail(mail, cancellationSignal());
  if (user !== null) return user.personId;
  return {
    target: WHOLE_REQUEST,
    effects: [
      {
        key: effectKey(WHOLE_REQUEST, 'requested-for'),
        system: 'directory',
        object: 'requested-for',
        action: 'conflict',
        count: 1,
        detail: 'the person it is requested for is not in the directory. Ask again for somebody who is',
      },
    ],
    invitees: [],
    notes: [],
  };
}

/** What matters of a plan: which effects with which action, and who is invited; not its wording or time. */
function substanceOf(targets: readonly TargetPlan[]): string {
  return canonicalJson(
    targets.map((target) => ({
      target: target.target,
      invitees: [...target.invitees].sort(),
      effects: target.effects.map(({ key, object, action, count }) => ({ key, object, action, count })),
    })),
  );
}
