/** Activities of promotions in shadow, on the queue `delivery`: they look, and note in the ledger what they saw. */
import { cancellationSignal } from '@temporalio/activity';
import { FAILURE } from '../../domain/failure.js';
import { effectKey } from '../../domain/plan.js';
import type { PlacePlan, PromotionPlan } from '../../domain/promotion/plan.js';
import { changedPlaces } from '../../domain/promotion/progress.js';
import type { PlaceTarget } from '../../domain/promotion/request.js';
import { isShadow, SHADOW_CHECK } from '../../domain/promotion/shadow.js';
import { currentPlan, isOver, lastPassed, type RequestRecord } from '../../domain/record.js';
import type { PromotionRequest } from '../../domain/request.js';
import { hashOf } from '../../planning/promotion/repository-files.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import { effectRefused, StepFailed } from '../errors.js';
import type { Authority } from '../guard/authority.js';
import { refuseWithAlarm } from '../refusal.js';
import type { ShadowActivities } from '../shadow-contracts.js';
import { WaitNotes } from '../wait-notes.js';
import { waitFor } from '../waiting.js';
import type { DeliveryTools } from './activities.js';
import { ClauseTimes } from './clause-times.js';
import { DeliveryProof } from './proof.js';
import { readinessOf } from './readiness.js';
import { contentOf, namesOf, valuesOf } from './wanted.js';

const REMEDY = 'Requests are started by the API';

export interface ShadowDeps {
  readonly tools: DeliveryTools;
  readonly authority: Pick<Authority, 'verify'>;
  readonly files: Pick<GitLabClient, 'readFileAt'>;
  readonly branches: Pick<GitLabRepositories, 'branchHeadOrNull'>;
}

interface Observed {
  readonly record: RequestRecord;
  readonly request: PromotionRequest;
  readonly promotion: PromotionPlan;
  readonly plannedAtMs: number;
}

interface ObservedPlace extends Observed {
  readonly place: PlaceTarget;
  readonly plan: PlacePlan;
}

export function createShadowActivities(deps: ShadowDeps): ShadowActivities {
  const { tools } = deps;
  const { ledger } = tools;
  return {
    async startShadow({ requestId }) {
      const { record, request, plannedAtMs } = await observed(deps, requestId);
      const changed = changedPlaces(record);
      return {
        plannedAtMs,
        places: request.content.targets
          .filter(({ key }) => changed.includes(key))
          .map(({ key, deliveries }) => ({ key, deliveries: deliveries.map(({ name }) => name) })),
      };
    },

    async forecast({ requestId, target, nowMs }) {
      const seen = await observedPlace(deps, requestId, target);
      if (lastPassed(seen.record, target, SHADOW_CHECK.forecast) !== undefined) return;
      const heldBy = (await reasonsToWait(deps, seen, nowMs)).join('; ');
      await ledger.passCheck(requestId, {
        key: effectKey(target, SHADOW_CHECK.forecast),
        system: 'gatehouse',
        readBack: { heldBy },
      });
    },

    async lookForContent({ requestId, target }) {
      const { record, place, plan } = await observedPlace(deps, requestId, target);
      if (lastPassed(record, target, SHADOW_CHECK.arrived) !== undefined) return { hasArrived: true };
      const { project, branch } = place;
      const commit = await deps.branches.branchHeadOrNull(project, branch, cancellationSignal());
      if (commit === null || !(await holdsPlan(deps, project, commit, plan))) return { hasArrived: false };
      await ledger.passCheck(requestId, {
        key: effectKey(target, SHADOW_CHECK.arrived),
        system: 'gitlab',
        readBack: { project, branch, commit },
      });
      return { hasArrived: true };
    },

    async followDelivery({ requestId, target, delivery }) {
      const seen = await observedPlace(deps, requestId, target);
      const check = SHADOW_CHECK.delivered(delivery);
      if (lastPassed(seen.record, target, check) !== undefined) return;
      const notes = new WaitNotes(ledger, { requestId, target, step: check });
      const { system, readBack } = await followed(deps, seen, delivery, notes);
      await ledger.passCheck(requestId, { key: effectKey(target, check), system, readBack });
    },
  };
}

/** @throws StepFailed `EffectRefused` for a request that is not in shadow, is over, or has no plan; with an alarm */
async function observed({ authority, tools }: ShadowDeps, requestId: string): Promise<Observed> {
  const verified = await authority.verify(requestId);
  const seen = 'record' in verified ? observable(verified.record) : verified.faults.join('; ');
  if (typeof seen !== 'string') return seen;
  const detail = `observing: ${seen}`;
  const known = 'record' in verified ? requestId : null;
  return await refuseWithAlarm(tools.ledger, { requestId: known, detail, object: requestId, remedy: REMEDY });
}

/** What can be observed of a request, or why nothing can. */
function observable(record: RequestRecord): Observed | string {
  const { request } = record;
  const plan = currentPlan(record)?.plan;
  if (request.kind !== 'Promotion' || !isShadow(record)) return 'the request is not in shadow';
  if (isOver(record)) return 'the request is over';
  if (plan?.promotion === undefined) return 'nothing is planned';
  return { record, request, promotion: plan.promotion, plannedAtMs: Date.parse(plan.plannedAt) };
}

async function observedPlace(deps: ShadowDeps, requestId: string, target: string): Promise<ObservedPlace> {
  const seen = await observed(deps, requestId);
  const place = seen.request.content.targets.find(({ key }) => key === target);
  const plan = seen.promotion.places.find((one) => one.place === target);
  if (place !== undefined && plan !== undefined) return { ...seen, place, plan };
  throw effectRefused(target, 'the request does not name this place', REMEDY);
}

/** Holds first, and what would be in the way without them. A change record that nobody opens is told by the report. */
async function reasonsToWait(
  { tools }: ShadowDeps,
  { request, place }: ObservedPlace,
  nowMs: number,
): Promise<readonly string[]> {
  const rules = { ...request.content.rules, changeRecord: false };
  const asked = { ...request, content: { ...request.content, rules } };
  const { ledger } = tools;
  const withoutHolds = {
    ...tools,
    ledger: {
      holds: async () => [],
      personal: async () => new Map<string, string>(),
      effectsByKey: (key: string) => ledger.effectsByKey(key),
    },
  };
  const clauses = new Set<string>();
  for (const deps of [tools, withoutHolds]) {
    try {
      const { state, clause } = await readinessOf(deps, asked, place, nowMs, cancellationSignal());
      if (state === 'waiting') clauses.add(clause);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      clauses.add(error.fields.message);
    }
  }
  return [...clauses];
}

async function holdsPlan(
  { files }: ShadowDeps,
  project: string,
  commit: string,
  plan: PlacePlan,
): Promise<boolean> {
  for (const { path, after } of plan.files) {
    const found = await files.readFileAt({ project, commit, path }, cancellationSignal());
    if (hashOf(found?.content ?? null) !== after) return false;
  }
  return true;
}

async function followed({ tools }: ShadowDeps, seen: ObservedPlace, name: string, notes: WaitNotes) {
  const { record, place, plan, promotion } = seen;
  const delivery = place.deliveries.find((one) => one.name === name);
  const commit = lastPassed(record, place.key, SHADOW_CHECK.arrived)?.body.readBack.commit;
  if (delivery === undefined || typeof commit !== 'string') {
    throw effectRefused(place.key, `there is nothing to follow by ${name}`, REMEDY);
  }
  const names = namesOf(delivery);
  const wanted = {
    delivery,
    ...names,
    project: place.project,
    commit,
    files: plan.files.map(({ path, after }) => ({ path, sha256: after })),
    ...valuesOf(seen.request.content, place, promotion, plan),
    ...contentOf(promotion, plan, delivery, place.change),
  };
  const proof = new DeliveryProof(tools, wanted, tools.stabilisationMs, 'asks nobody');
  const times = new ClauseTimes(Date.now);
  const { system, object } = names;
  const { maxWaitMs } = tools;
  try {
    const readBack = await waitFor(
      { system, operation: 'follow delivery', object, maxWaitMs, remedy: 'Look at it in the cluster', notes },
      async (signal) => {
        const look = await proof.look(signal, maxWaitMs);
        times.note(look.state === 'reached' ? undefined : look.clause);
        return look;
      },
    );
    return { system, readBack: { ...readBack, outcome: 'proven', message: times.describe() } };
  } catch (error) {
    const isVerdict = error instanceof StepFailed && VERDICTS.includes(error.type);
    if (!isVerdict) throw error;
    return {
      system,
      readBack: { commit, outcome: 'failed', message: `${error.fields.message} (${times.describe()})` },
    };
  }
}

/** What a real promotion would have failed for, too. */
const VERDICTS: readonly string[] = [FAILURE.hopeless, FAILURE.overdue];
