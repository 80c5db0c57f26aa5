/** Activities on the queue `plan`: read every system, write nothing but the plan in the ledger. */
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { mapTargetTexts, textsOfTargets, withReferences } from '../../domain/personal-text.js';
import {
  effectKey,
  isEmptyPlan,
  type Plan,
  type TargetPlan,
  totalsOf,
  WHOLE_REQUEST,
} from '../../domain/plan.js';
import { currentPlan, type RequestRecord } from '../../domain/record.js';
import type { PersonalRef } from '../../domain/request.js';
import { LedgerRefused } from '../../ledger/errors.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import { type PlanningSystems, planTargets } from '../../planning/fleet-plan.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import type { PlanActivities, PlanResult } from '../contracts.js';
import { effectRefused } from '../errors.js';
import type { Authority } from '../guard/authority.js';
import { conflictsOf } from '../ledger/endings.js';
import { keepAddresses } from '../ledger/kept-addresses.js';

export interface PlanActivityDeps {
  readonly ledger: WorkerLedger;
  readonly authority: Authority;
  readonly systems: PlanningSystems;
  /** a plan older than this is computed anew before the rollout, in milliseconds */
  readonly replanAfterMs: number;
}

export function createPlanActivities(deps: PlanActivityDeps): PlanActivities {
  const { ledger } = deps;
  return {
    async planFleet({ requestId }) {
      const record = await verifiedRecord(deps, requestId);
      if (currentPlan(record) !== undefined) return resultOf(record);
      const closed = closedBy(record);
      if (closed !== undefined) return closed;
      try {
        await recordPlan(deps, record, await compute(deps, record), 1);
      } catch (error) {
        if (!isOver(error)) throw error;
      }
      const read = await readBack(ledger, requestId);
      return closedBy(read) ?? resultOf(read);
    },

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
      try {
        await recordPlan(deps, record, fresh, epoch + 1);
      } catch (error) {
        // revoked meanwhile: the gates, which are looked at next, say so
        if (!isOver(error)) throw error;
      }
      return { state: 'changed', epoch: epoch + 1 };
    },
  };
}

/** A request that was revoked, or ended, before there was a plan: nothing more is planned. */
function closedBy(record: RequestRecord): PlanResult | undefined {
  if (currentPlan(record) !== undefined) return undefined;
  const over = record.entries.some(({ type }) => type === 'request.revoked' || type === 'request.ended');
  return over ? { state: 'refused', epoch: 0, message: 'the request was revoked or has ended' } : undefined;
}

function isOver(error: unknown): boolean {
  return error instanceof LedgerRefused && (error.reason === 'revoked' || error.reason === 'ended');
}

interface Computed {
  readonly targets: readonly TargetPlan[];
  readonly beneficiary: string;
}

async function verifiedRecord(deps: PlanActivityDeps, requestId: string): Promise<RequestRecord> {
  const request = await deps.authority.verify(requestId);
  if ('record' in request) {
    await refuseForeignRun(deps, request.record);
    return request.record;
  }
  const detail = request.faults.join('; ');
  await deps.ledger.raiseAlarm(null, {
    alarm: 'invalid-signature',
    detail: `request ${requestId.slice(0, 64)}: ${detail}`.slice(0, 500),
    count: 1,
  });
  throw effectRefused(requestId, detail, 'Start requests through the API');
}

/** The workflow id is the mutual exclusion: a second run of a request under another name would double its work. */
async function refuseForeignRun(deps: PlanActivityDeps, record: RequestRecord): Promise<void> {
  const workflowId = activityInfo().workflowExecution?.workflowId ?? 'none';
  if (workflowId === record.request.workflowId) return;
  const detail = `a run under the name ${workflowId.slice(0, 200)} is none of this request`;
  await deps.ledger.raiseAlarm(record.requestId, { alarm: 'effect-refused', detail, count: 1 });
  throw effectRefused(record.requestId, detail, `Its run is ${record.request.workflowId}`);
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
    (done) => heartbeat({ attempt: activityInfo().attempt, targets: done }),
    cancellationSignal(),
  );
  const kept = await withoutAddresses(deps, record.requestId, targets);
  return typeof beneficiary === 'string'
    ? { targets: kept, beneficiary }
    : { targets: [beneficiary, ...kept], beneficiary: '' };
}

/** The plan goes into the chain, which is kept for ever: people stand in it by reference. */
async function withoutAddresses(
  deps: PlanActivityDeps,
  requestId: string,
  targets: readonly TargetPlan[],
): Promise<readonly TargetPlan[]> {
  const refs = await keepAddresses(deps.ledger, requestId, textsOfTargets(targets));
  return mapTargetTexts(targets, (text) => withReferences(text, refs));
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

async function recordPlan(
  deps: PlanActivityDeps,
  record: RequestRecord,
  computed: Computed,
  epoch: number,
): Promise<void> {
  const plan: Plan = {
    version: 1,
    requestId: record.requestId,
    epoch,
    beneficiary: { personId: computed.beneficiary },
    targets: computed.targets,
    plannedAt: new Date().toISOString(),
  };
  await deps.ledger.recordPlan(record.requestId, {
    epoch,
    digest: digest(canonicalJson(plan)),
    totals: totalsOf(computed.targets),
    plan,
  });
}

async function readBack(ledger: WorkerLedger, requestId: string): Promise<RequestRecord> {
  const record = recordOf(await ledger.entriesOf(requestId));
  if (record === null)
    throw effectRefused(requestId, 'the ledger knows no such request', 'Start it through the API');
  return record;
}

function resultOf(record: RequestRecord): PlanResult {
  const plan = currentPlan(record);
  const targets = plan?.plan.targets ?? [];
  const epoch = plan?.epoch ?? 0;
  if (totalsOf(targets).conflict > 0) return { state: 'refused', epoch, message: conflictsOf(record) };
  if (isEmptyPlan(targets))
    return { state: 'empty', epoch, message: `${targets.length} unchanged, nothing to do` };
  return { state: 'planned', epoch, message: 'planned' };
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
