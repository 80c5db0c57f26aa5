/** Plans as the ledger records them: one per epoch, of a verified request only, with people by reference. */
import { activityInfo } from '@temporalio/activity';
import { mapTargetTexts, textsOfTargets, withReferences } from '../../domain/personal-text.js';
import { isEmptyPlan, type Plan, type TargetPlan, totalsOf } from '../../domain/plan.js';
import type { PromotionPlan } from '../../domain/promotion/plan.js';
import { currentPlan, isOver, type RequestRecord } from '../../domain/record.js';
import { waitForTurn } from '../../domain/turns.js';
import { LedgerRefused } from '../../ledger/errors.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import type { PlanResult } from '../contracts.js';
import { effectRefused } from '../errors.js';
import type { Authority } from '../guard/authority.js';
import { conflictsOf } from '../ledger/endings.js';
import { keepAddresses } from '../ledger/kept-addresses.js';
import { refuseWithAlarm } from '../refusal.js';

export interface RecordingDeps {
  readonly ledger: WorkerLedger;
  readonly authority: Authority;
}

/** What was computed of a plan; the rest is the same for every request. */
export interface Computed {
  readonly targets: readonly TargetPlan[];
  /** directory person id; empty: nobody in particular */
  readonly beneficiary: string;
  readonly promotion?: PromotionPlan;
}

/** The first plan of a request, computed once; a repeat answers what is recorded. */
export async function planOnce(
  deps: RecordingDeps,
  requestId: string,
  compute: (record: RequestRecord) => Promise<Computed>,
): Promise<PlanResult> {
  const record = await verifiedRecord(deps, requestId);
  if (currentPlan(record) !== undefined) return resultOf(record);
  const closed = closedBy(record);
  if (closed !== undefined) return closed;
  await recordUnlessThere(deps, record, await compute(record), 1);
  const read = await readBack(deps.ledger, requestId);
  return closedBy(read) ?? resultOf(read);
}

/**
 * Records a plan. A request that was revoked or ended meanwhile needs none: the gates, which are looked at next, say so. Nor
 * does one whose plan an attempt recorded that was given up for its time: what stands in the ledger counts.
 */
export async function recordUnlessThere(
  deps: RecordingDeps,
  record: RequestRecord,
  computed: Computed,
  epoch: number,
): Promise<void> {
  try {
    await recordPlan(deps, record, computed, epoch);
  } catch (error) {
    if (!saysOver(error) && !(await isPlanned(deps.ledger, record.requestId, epoch))) throw error;
  }
}

/** A request that was revoked, or ended, before there was a plan: nothing more is planned. */
function closedBy(record: RequestRecord): PlanResult | undefined {
  if (currentPlan(record) !== undefined) return undefined;
  return isOver(record)
    ? { state: 'refused', epoch: 0, message: 'the request was revoked or has ended' }
    : undefined;
}

function saysOver(error: unknown): boolean {
  return error instanceof LedgerRefused && (error.reason === 'revoked' || error.reason === 'ended');
}

async function isPlanned(ledger: WorkerLedger, requestId: string, epoch: number): Promise<boolean> {
  return (await readBack(ledger, requestId)).plans.some(({ body }) => body.epoch === epoch);
}

/** The request of this run, verified. @throws StepFailed `EffectRefused`, with an alarm */
export async function verifiedRecord(deps: RecordingDeps, requestId: string): Promise<RequestRecord> {
  const request = await deps.authority.verify(requestId);
  if ('record' in request) {
    await refuseForeignRun(deps, request.record);
    await refuseBeforeTurn(deps, request.record);
    return request.record;
  }
  const detail = request.faults.join('; ');
  return await refuseWithAlarm(deps.ledger, {
    requestId: null,
    alarm: 'invalid-signature',
    detail: `request ${requestId.slice(0, 64)}: ${detail}`,
    object: requestId,
    message: detail,
    remedy: 'Start requests through the API',
  });
}

/** The workflow id is the mutual exclusion: a second run of a request under another name would double its work. */
async function refuseForeignRun({ ledger }: RecordingDeps, record: RequestRecord): Promise<void> {
  const { requestId, request } = record;
  const workflowId = activityInfo().workflowExecution?.workflowId ?? 'none';
  if (workflowId === request.workflowId) return;
  const detail = `a run under the name ${workflowId.slice(0, 200)} is none of this request`;
  const remedy = `Its run is ${request.workflowId}`;
  await refuseWithAlarm(ledger, { requestId, detail, object: requestId, remedy });
}

/** The run of another request of its name is in work: only somebody who starts runs by hand comes here before that has ended. */
async function refuseBeforeTurn({ ledger }: RecordingDeps, record: RequestRecord): Promise<void> {
  const wait = waitForTurn(record);
  if (wait === undefined) return;
  const detail = `a run was started before its turn: it waits behind ${wait.behind}`;
  const remedy = 'It is started by itself when its turn has come';
  await refuseWithAlarm(ledger, { requestId: record.requestId, detail, object: record.requestId, remedy });
}

/** The plan goes into the chain, which is kept for ever: people stand in it by reference. */
async function withoutAddresses(
  deps: RecordingDeps,
  requestId: string,
  targets: readonly TargetPlan[],
): Promise<readonly TargetPlan[]> {
  const refs = await keepAddresses(deps.ledger, requestId, textsOfTargets(targets));
  return mapTargetTexts(targets, (text) => withReferences(text, refs));
}

async function recordPlan(
  deps: RecordingDeps,
  record: RequestRecord,
  computed: Computed,
  epoch: number,
): Promise<void> {
  const plan: Plan = {
    version: 1,
    requestId: record.requestId,
    epoch,
    beneficiary: { personId: computed.beneficiary },
    targets: await withoutAddresses(deps, record.requestId, computed.targets),
    ...(computed.promotion === undefined ? {} : { promotion: computed.promotion }),
    plannedAt: new Date().toISOString(),
  };
  await deps.ledger.recordPlan(record.requestId, {
    epoch,
    digest: digest(canonicalJson(plan)),
    totals: totalsOf(plan.targets),
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
