/** Reads what a merge has to wait for: holds, the change record, windows and freezes, as they are now. */

import type { Clusters } from '../../delivery/shared-clusters.js';
import { FAILURE } from '../../domain/failure.js';
import { effectKey } from '../../domain/plan.js';
import { holdOf } from '../../domain/promotion/holds.js';
import {
  type ChangeRecordFact,
  type DeliveryWindows,
  judgeReadiness,
  stoppingHolds,
} from '../../domain/promotion/readiness.js';
import { environmentKey, type PlaceTarget, PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import type { FreezePeriod } from '../../domain/promotion/windows.js';
import type { PromotionRequest } from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { judgeSyncWindows } from '../../systems/argocd/sync-windows.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import type { ChangeRecords } from '../../systems/servicenow/change-records.js';
import { CHANGE_STATE } from '../../systems/servicenow/types.js';
import { StepFailed } from '../errors.js';
import type { Readiness } from '../promotion-contracts.js';
import { refuseSuspended, type SuspendedDeps } from './suspended.js';

export interface ReadinessDeps {
  readonly ledger: Pick<WorkerLedger, 'holds' | 'effectsByKey' | 'personal'>;
  readonly repositories: Pick<GitLabRepositories, 'freezePeriods'>;
  /** undefined: not configured */
  readonly changeRecords: Pick<ChangeRecords, 'read'> | undefined;
  readonly clusters: Pick<Clusters, 'applicationsOf'> & SuspendedDeps;
}

/**
 * Whether a change may be merged now, under a request that the guard has verified. What is asked last is not asked as long
 * as something before it is in the way.
 * @param nowMs milliseconds since 1970
 * @throws StepFailed `CannotSucceed` when it never may; SystemError
 */
export async function readinessOf(
  deps: ReadinessDeps,
  request: PromotionRequest,
  place: PlaceTarget,
  nowMs: number,
  signal?: AbortSignal,
): Promise<Readiness> {
  const { content } = request;
  const placed = await deps.ledger.holds();
  const reasons = await deps.ledger.personal(placed.flatMap(({ body }) => body.reason ?? []));
  const holds = placed.map((hold) => holdOf(hold, reasons));
  const isHeld = stoppingHolds({ content, holds }).length > 0;
  const changeRecord = isHeld ? undefined : await changeRecordOf(deps, request, signal);
  const waitsForRecord = content.rules.changeRecord && changeRecord?.approval !== 'approved';
  // an exception goes past calendars, so they are not asked
  const asksCalendars = !isHeld && !waitsForRecord && content.exception === undefined;
  const judgement = judgeReadiness(
    {
      content,
      holds,
      ...(changeRecord === undefined ? {} : { changeRecord }),
      project: place.project,
      freezes: asksCalendars ? await freezesOf(deps, place.project, signal) : [],
      deliveries: asksCalendars ? await syncWindowsOf(deps, place, signal) : [],
    },
    nowMs,
  );
  if (judgement.state === 'ready') await refuseSuspended(deps.clusters, place, signal);
  if (judgement.state !== 'hopeless') return judgement;
  throw new StepFailed(FAILURE.hopeless, {
    system: content.rules.changeRecord ? 'servicenow' : 'gatehouse',
    operation: 'wait for readiness',
    object: place.key,
    message: judgement.clause,
    remedy: judgement.remedy,
  });
}

async function changeRecordOf(
  { ledger, changeRecords }: ReadinessDeps,
  { requestId, content }: PromotionRequest,
  signal: AbortSignal | undefined,
): Promise<ChangeRecordFact | undefined> {
  if (!content.rules.changeRecord) return undefined;
  const key = effectKey(environmentKey(content), PROMOTION_OBJECT.changeRecord);
  const opened = (await ledger.effectsByKey(key)).find(
    (entry) => entry.requestId === requestId && entry.type === 'effect.completed',
  );
  const sysId = opened !== undefined && 'readBack' in opened.body ? opened.body.readBack.sysId : undefined;
  if (opened === undefined || typeof sysId !== 'string') return undefined;
  if (changeRecords === undefined) {
    throw new StepFailed(FAILURE.hopeless, {
      system: 'servicenow',
      operation: 'read change record',
      object: sysId,
      message: 'the path wants a change record, and the installation names no system for them',
      remedy: 'Add systems.servicenow to the installation, then retry',
    });
  }
  const { number, approval, state } = await changeRecords.read(sysId, signal);
  const isOver = state === CHANGE_STATE.closed || state === CHANGE_STATE.canceled;
  return { number, approval, isOver, askedAtMs: Date.parse(opened.at) };
}

async function freezesOf(
  { repositories }: ReadinessDeps,
  project: string,
  signal: AbortSignal | undefined,
): Promise<readonly FreezePeriod[]> {
  const periods = await repositories.freezePeriods(project, signal);
  return periods.map(({ id, ...period }) => ({ name: `${project} #${id}`, ...period }));
}

/** An Application that does not exist yet has no windows: the delivery tells of it. */
async function syncWindowsOf(
  { clusters }: ReadinessDeps,
  place: PlaceTarget,
  signal: AbortSignal | undefined,
): Promise<readonly DeliveryWindows[]> {
  const found: DeliveryWindows[] = [];
  for (const delivery of place.deliveries) {
    if (delivery.kind !== 'argocd') continue;
    const { connection, namespace, application: name } = delivery;
    const applications = clusters.applicationsOf({ connection, namespace });
    const application = await applications.read(name, signal);
    if (application === null) continue;
    const project = await applications.project(application.spec.project ?? 'default', signal);
    const windows = project?.spec.syncWindows ?? [];
    if (windows.length === 0) continue;
    found.push({
      delivery: delivery.name,
      judgeAt: (atMs) => judgeSyncWindows(windows, application, atMs),
    });
  }
  return found;
}
