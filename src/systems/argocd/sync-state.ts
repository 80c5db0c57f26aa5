/**
 * Decides whether an Application runs our commit. "Synced and Healthy" alone may describe the commit before (reference:
 * promotion, section 3.1, whose predicate this is; gitops-objects, section 4.1). Pure: no clock, no calls.
 */
import type { Judgement } from '../judgement.js';
import {
  type Application,
  type ApplicationCondition,
  type ApplicationOperation,
  type ApplicationResult,
  isCommit,
  isSyncedByItself,
  REFRESH_ANNOTATION,
  revisionsOfOperation,
  SKIP_RECONCILE_ANNOTATION,
} from './application.js';
import { failedHydration } from './hydration.js';
import { comparedOurs, comparedRevisions, type ExpectedCommit, isOurs } from './revisions.js';

export interface SyncExpectation extends ExpectedCommit {
  /** ISO 8601: the later of our commit and our request for a refresh; a comparison counts only when it began after it */
  readonly notBefore: string;
  /** milliseconds that the Application must stay Healthy, 15,000 to 60,000: it can look healthy before pods start */
  readonly stabilisationMs: number;
  /**
   * milliseconds that a comparison error or Degraded may last before it counts as final: Git and the repo server have short
   * outages, and pods may need what comes after them
   */
  readonly errorPatienceMs: number;
  /**
   * ISO 8601: when somebody began to wait, for a wait that has no right to ask for a comparison: `notBefore` is then long
   * ago, while the patience with errors and the ages of clauses begin here; `notBefore` when left out
   */
  readonly waitingSince?: string;
  /** milliseconds that it may be Degraded with our commit; `errorPatienceMs` when left out */
  readonly degradedMs?: number;
  /** somebody else starts the syncs (a person, a rolling sync of an ApplicationSet): auto-sync that is off is no obstacle */
  readonly syncedByOthers?: boolean;
}

export type SyncWait =
  | 'operation-running'
  | 'operation-pinned'
  | 'partial-sync'
  | 'comparison-error'
  | 'hydration-failed'
  | 'refresh-pending'
  | 'compared-too-early'
  | 'other-revision'
  | 'out-of-sync'
  | 'not-healthy'
  | 'suspended'
  | 'settling';

export type SyncHopeless =
  | 'application-missing'
  | 'application-deleted'
  | 'reconcile-skipped'
  | 'sync-failed'
  | 'retries-without-end'
  | 'invalid-spec'
  | 'sync-error'
  | 'hydration-failed'
  | 'comparison-error'
  | 'auto-sync-off'
  | 'stays-out-of-sync'
  | 'degraded';

export type SyncJudgement = Judgement<'synced', SyncWait, SyncHopeless>;

/** Default of `errorPatienceMs`: three of Argo CD's repository time-outs. */
export const ERROR_PATIENCE_MS = 180_000;
/** Default of `stabilisationMs`. */
export const STABILISATION_MS = 15_000;

/**
 * Judges one reading of an Application.
 *
 * Waiting clauses ask something of the caller: `compared-too-early` that lasts wants another refresh request (Argo CD up
 * to 3.5.1 loses requests made during a refresh); `other-revision` wants Git asked whether that revision contains ours.
 *
 * @param application null when it does not exist
 * @param now ISO 8601, the time of the reading
 */
export function judgeSync(
  application: Application | null,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement {
  if (application === null) {
    return hopeless('application-missing', 'the Application does not exist', {
      remedy: 'Create it, or correct the name of the application in the file of the request.',
    });
  }
  const judgement = judgeInOrder(application, expectation, now);
  if (judgement.state !== 'waiting' || !OUTLASTED.has(judgement.clause)) return judgement;
  return judgeLasting(application, expectation, now) ?? judgement;
}

/** Clauses that may hide for long that what runs with our commit is Degraded. */
const OUTLASTED: ReadonlySet<string> = new Set<SyncWait>([
  'operation-running',
  'partial-sync',
  'refresh-pending',
  'compared-too-early',
  'out-of-sync',
  'not-healthy',
]);

function judgeInOrder(application: Application, expectation: SyncExpectation, now: string): SyncJudgement {
  return (
    judgeObject(application) ??
    judgeOperation(application, expectation) ??
    judgeConditions(application, expectation, now) ??
    judgeComparison(application, expectation, now) ??
    judgeSyncStatus(application, expectation, now) ??
    judgeCompleteness(application, expectation) ??
    judgeHealth(application, expectation, now) ?? {
      state: 'synced',
      readBack: readBackOf(application, expectation),
    }
  );
}

function judgeObject({ metadata }: Application): SyncJudgement | undefined {
  if (metadata.deletionTimestamp !== undefined) {
    return hopeless('application-deleted', `it has been deleted since ${metadata.deletionTimestamp}`, {
      remedy: 'Create the Application again, then retry.',
    });
  }
  if (metadata.annotations?.[SKIP_RECONCILE_ANNOTATION] === 'true') {
    return hopeless('reconcile-skipped', `the annotation ${SKIP_RECONCILE_ANNOTATION} stops it`, {
      remedy: 'Remove the annotation, then retry.',
    });
  }
  return undefined;
}

/**
 * Degraded for too long with our commit, whatever else is waited for: a sync that is retried again and again, a difference that
 * does not end, or a comparison that is late would hide it until nobody has time left to take it back.
 */
function judgeLasting(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  if (!isDegradedWithOurs(application, expectation)) return undefined;
  const { degradedMs = expectation.errorPatienceMs } = expectation;
  if (Date.parse(now) - degradedSince(application, expectation) < degradedMs) return undefined;
  return hopeless(
    'degraded',
    `our commit is applied, and its health has been Degraded for more than ${Math.round(degradedMs / 1_000)} s`,
    { remedy: 'Look at what is Degraded in Argo CD; revert the commit or push a correction, then retry.' },
  );
}

/** True when our commit was applied, or a sync of it was begun, and it is Degraded since: then what runs badly is ours. */
export function isDegradedWithOurs(application: Application, expectation: SyncExpectation): boolean {
  const { sync, health, operationState, conditions = [], reconciledAt } = application.status ?? {};
  if (health?.status !== 'Degraded') return false;
  // without Git the status may be of before
  if (conditions.some(({ type }) => UNREAD.includes(type))) return false;
  const isCompared =
    isSet(reconciledAt) &&
    isAfter(reconciledAt, expectation.notBefore) &&
    comparedOurs(application, expectation);
  if (isCompared && sync?.status === 'Synced') return true;
  if (operationState === undefined || operationState.operation?.sync?.dryRun === true) return false;
  const isAskedOnly = application.operation !== undefined && !isInProgress(operationState);
  return !isAskedOnly && concernsUs(operationState, expectation);
}

/**
 * When a sync of our commit was begun, in milliseconds since 1970: the first that is known, since later ones (a self-heal) change
 * nothing that it brought.
 * @returns undefined where nothing says so
 */
export function syncBegunMs({ status }: Application, expectation: SyncExpectation): number | undefined {
  const { history, operationState } = status ?? {};
  const begun = (history ?? [])
    .filter(({ revision = '', revisions }) =>
      [revision, ...(revisions ?? [])].some((one) => isOurs(one, expectation)),
    )
    .map(({ deployStartedAt }) => deployStartedAt);
  if (operationState !== undefined && concernsUs(operationState, expectation)) {
    begun.push(operationState.startedAt);
  }
  const times = begun.flatMap((time) => (isSet(time) ? [Date.parse(time)] : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

function isInProgress({ phase }: ApplicationOperation): boolean {
  return phase === 'Running' || phase === 'Terminating';
}

const UNREAD: readonly string[] = ['ComparisonError', 'InvalidSpecError', 'UnknownError'];

/** What was Degraded before our sync gets its patience from the end of that; a sync that fails is over at its last end. */
function degradedSince(application: Application, expectation: SyncExpectation): number {
  const { health, operationState: state } = application.status ?? {};
  const turned = state !== undefined && isInProgress(state) ? state.startedAt : state?.finishedAt;
  return Math.max(
    latest(health?.lastTransitionTime, startOf(expectation)),
    latest(turned, startOf(expectation)),
  );
}

/** The hydrator could not make manifests of our commit: what is compared stays that of before. */
function judgeHydration(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  const failed = failedHydration(application, (commit) => isOurs(commit, expectation));
  if (failed === undefined) return undefined;
  const message = `Argo CD cannot hydrate our commit: ${short(failed.message)}`;
  const since = latest(failed.since, startOf(expectation));
  if (Date.parse(now) - since < expectation.errorPatienceMs) {
    return waiting('hydration-failed', message, failed.since);
  }
  return hopeless('hydration-failed', message, {
    remedy: 'Correct what it says in the dry source and push that, then wait for the new commit.',
  });
}

/** An operation in progress, or one that failed for our revision; failures of older revisions say nothing of ours. */
function judgeOperation(application: Application, expectation: SyncExpectation): SyncJudgement | undefined {
  const state = application.status?.operationState;
  const inProgress = state !== undefined && isInProgress(state);
  if (application.operation !== undefined || inProgress) {
    return judgeRunning(inProgress ? state : undefined, expectation);
  }
  if (state === undefined || (state.phase !== 'Failed' && state.phase !== 'Error')) return undefined;
  // a dry run applies nothing: its failure is none of ours
  if (state.operation?.sync?.dryRun === true || !concernsUs(state, expectation)) return undefined;
  return hopeless('sync-failed', `the sync of our commit ended as ${state.phase}${detailsOf(state)}`, {
    remedy:
      'Remove the cause, sync the Application in Argo CD (it does not try the same commit again), then retry.',
  });
}

/** @param state undefined when the operation was asked for and has not begun */
function judgeRunning(state: ApplicationOperation | undefined, expectation: SyncExpectation): SyncJudgement {
  if (state === undefined) return waiting('operation-running', 'a sync has been asked for', undefined);
  // Running with finishedAt means that it waits for a retry
  const retrying = state.phase === 'Running' && isSet(state.finishedAt);
  const revisions = revisionsOfOperation(state);
  const pinned = revisions.some(isCommit) && !revisions.some((revision) => isOurs(revision, expectation));
  if (retrying && pinned && state.operation?.retry?.refresh !== true) {
    const limit = state.operation?.retry?.limit ?? 0;
    const at = revisions.filter(isCommit).map((revision) => revision.slice(0, 12))[0];
    if (limit < 0) {
      return hopeless(
        'retries-without-end',
        `a failed sync of ${at}, which does not contain our commit, is retried without end${detailsOf(state)}`,
        { remedy: 'Terminate that operation in Argo CD; it then compares with our commit.' },
      );
    }
    return waiting(
      'operation-pinned',
      `a failed sync of ${at}, which does not contain our commit, is retried (${state.retryCount ?? 0} of ${limit}); ours cannot begin before it ends or somebody terminates it${detailsOf(state)}`,
      state.startedAt,
    );
  }
  const doing = retrying
    ? `a failed sync waits for its retry ${(state.retryCount ?? 0) + 1}`
    : `a sync is ${state.phase === 'Terminating' ? 'being stopped' : 'running'}`;
  return waiting('operation-running', `${doing}${detailsOf(state)}`, state.startedAt);
}

function concernsUs(state: ApplicationOperation, expectation: SyncExpectation): boolean {
  const revisions = revisionsOfOperation(state);
  const telling =
    expectation.chartVersion === undefined && expectation.asSpecified === undefined
      ? revisions.filter(isCommit)
      : revisions.filter((one) => one !== '');
  if (telling.length > 0) return telling.some((revision) => isOurs(revision, expectation));
  // without a commit (a manual sync of a branch) only its time tells
  return state.startedAt !== undefined && isAfter(state.startedAt, startOf(expectation));
}

/**
 * A sync of some objects (self-heal, a choice in Argo CD's page) and a dry run end as Succeeded without having run the
 * hooks, and hide what the sync of everything came to; the history holds those of everything that succeeded.
 */
function judgeCompleteness({ status }: Application, expectation: SyncExpectation): SyncJudgement | undefined {
  const state = status?.operationState;
  const asked = state?.operation?.sync;
  const partial = asked?.dryRun === true || (asked?.resources?.length ?? 0) > 0;
  if (state === undefined || !partial || !concernsUs(state, expectation)) return undefined;
  const whole = (status?.history ?? []).flatMap((entry) => [
    entry.revision ?? '',
    ...(entry.revisions ?? []),
  ]);
  if (whole.some((revision) => isOurs(revision, expectation))) return undefined;
  return waiting(
    'partial-sync',
    `only a ${asked?.dryRun === true ? 'dry run' : 'sync of some of its objects'} of our commit is known, which runs no hooks; sync the whole Application in Argo CD`,
    isSet(state.finishedAt) ? state.finishedAt : undefined,
  );
}

/** Names what failed, hooks and resources, because "one or more objects failed" helps nobody. */
function detailsOf(state: ApplicationOperation): string {
  const failed = (state.syncResult?.resources ?? [])
    .filter(hasFailed)
    .map(
      (resource) =>
        `${resource.hookType ? `${resource.hookType} hook ` : ''}${resource.kind ?? '?'}/${resource.name ?? '?'}${
          resource.namespace ? ` in ${resource.namespace}` : ''
        }${resource.message ? ` (${short(resource.message)})` : ''}`,
    );
  const shown = failed.slice(0, 3).join('; ') + (failed.length > 3 ? ` and ${failed.length - 3} more` : '');
  const parts = [shown, state.message === undefined ? '' : short(state.message)].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? '' : `: ${parts.join('. ')}`;
}

function hasFailed({ status, hookPhase, hookType }: ApplicationResult): boolean {
  return hookType ? hookPhase === 'Failed' || hookPhase === 'Error' : status === 'SyncFailed';
}

function judgeConditions(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  const conditions = application.status?.conditions ?? [];
  const reconciledAt = application.status?.reconciledAt;
  const comparedSince = isSet(reconciledAt) && isAfter(reconciledAt, startOf(expectation));
  const find = (type: string) => conditions.find((condition) => condition.type === type);

  const invalid = find('InvalidSpecError');
  if (invalid && (comparedSince || isNewer(invalid, expectation) || lasted(invalid, expectation, now))) {
    return hopeless('invalid-spec', short(invalid.message), {
      remedy: 'Correct the Application (project, destination, source), then retry.',
    });
  }
  const failed = find('SyncError');
  if (failed && comparedSince && comparedOurs(application, expectation)) {
    return hopeless('sync-error', short(failed.message), {
      remedy: 'Remove the cause, sync the Application in Argo CD (auto-sync has given up), then retry.',
    });
  }
  const unread = invalid ?? find('ComparisonError') ?? find('UnknownError');
  if (!unread) return undefined;
  if (unread.type !== 'InvalidSpecError' && lasted(unread, expectation, now)) {
    return hopeless('comparison-error', `${unread.type}: ${short(unread.message)}`, {
      remedy:
        'Correct what Argo CD cannot read (repository access, chart, values file), refresh the Application, then retry.',
    });
  }
  return waiting('comparison-error', `${unread.type}: ${short(unread.message)}`, unread.lastTransitionTime);
}

function isNewer(condition: ApplicationCondition, expectation: SyncExpectation): boolean {
  return (
    condition.lastTransitionTime !== undefined && isAfter(condition.lastTransitionTime, startOf(expectation))
  );
}

/** An error that began before our time may be about to go away: its patience starts with our request. */
function lasted(condition: ApplicationCondition, expectation: SyncExpectation, now: string): boolean {
  const since = latest(condition.lastTransitionTime, startOf(expectation));
  return Date.parse(now) - since >= expectation.errorPatienceMs;
}

function judgeComparison(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  const { reconciledAt, operationState } = application.status ?? {};
  if (application.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined) {
    return waiting(
      'refresh-pending',
      'Argo CD has not yet taken up the request to compare',
      startOf(expectation),
    );
  }
  // times have whole seconds, so an equal one may be of a comparison that began before
  const since = latest(operationState?.finishedAt, expectation.notBefore);
  if (!isSet(reconciledAt) || Date.parse(reconciledAt) <= since) {
    return waiting(
      'compared-too-early',
      `the last comparison (${isSet(reconciledAt) ? reconciledAt : 'none yet'}) is older than the commit, the request for it or the last sync`,
      startOf(expectation),
    );
  }
  if (comparedOurs(application, expectation)) return undefined;
  const unmade = judgeHydration(application, expectation, now);
  if (unmade !== undefined) return unmade;
  const seen = comparedRevisions(application, expectation);
  const shown = seen.map((revision) => (isCommit(revision) ? revision.slice(0, 12) : revision || 'none'));
  if (expectation.asSpecified !== undefined) {
    return waiting(
      'other-revision',
      `Argo CD compares with ${shown.join(', ') || 'no revision'}, which is not what its spec asks for by now`,
      startOf(expectation),
    );
  }
  const wanted = [
    isCommit(expectation.revision) ? expectation.revision.slice(0, 12) : '',
    expectation.chartVersion ?? '',
  ].filter((one) => one !== '');
  return waiting(
    'other-revision',
    `Argo CD compares with ${shown.join(', ') || 'no revision'}, which is not known to contain ${wanted.join(' and ')}`,
    startOf(expectation),
  );
}

function judgeSyncStatus(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  const status = application.status?.sync?.status ?? 'Unknown';
  if (status === 'Synced') return undefined;
  const { operationState, reconciledAt } = application.status ?? {};
  const automated = application.spec.syncPolicy?.automated;
  const automatic = isSyncedByItself(application);
  if (!automatic && expectation.syncedByOthers !== true) {
    return hopeless('auto-sync-off', `it is ${status} and nobody will sync it: auto-sync is off`, {
      remedy: 'Sync the Application in Argo CD or switch auto-sync on, then retry.',
    });
  }
  const applied =
    operationState?.phase === 'Succeeded' &&
    operationState.operation?.sync?.dryRun !== true &&
    concernsUs(operationState, expectation);
  if (applied && status === 'OutOfSync' && automated?.selfHeal !== true) {
    const message = `it is ${status} although the sync of our commit succeeded: something was changed or rolled back in the cluster, or has to be pruned, and without self-heal Argo CD does not sync the same commit again`;
    const since = latest(operationState.finishedAt, startOf(expectation));
    if (Date.parse(now) - since >= expectation.errorPatienceMs) {
      return hopeless('stays-out-of-sync', message, {
        remedy: 'Look at the difference in Argo CD, end it and sync the Application, then retry.',
      });
    }
    return waiting('out-of-sync', message, isSet(reconciledAt) ? reconciledAt : undefined);
  }
  return waiting(
    'out-of-sync',
    automatic
      ? `it is ${status}; auto-sync has not started (a sync window, or a difference that only pruning would end, can hold it back without a word)`
      : `it is ${status} and waits for somebody to sync it`,
    reconciledAt ?? undefined,
  );
}

function judgeHealth(
  application: Application,
  expectation: SyncExpectation,
  now: string,
): SyncJudgement | undefined {
  const { health, operationState } = application.status ?? {};
  const status = health?.status ?? 'Unknown';
  if (status === 'Suspended') {
    return waiting(
      'suspended',
      'something in it is paused (a rollout, job or deployment) and waits for somebody to resume it',
      health?.lastTransitionTime,
    );
  }
  if (status !== 'Healthy') {
    return waiting('not-healthy', `it is synced, its health is ${status}`, health?.lastTransitionTime);
  }
  const since = Math.max(
    latest(health?.lastTransitionTime, expectation.notBefore),
    latest(operationState?.finishedAt, expectation.notBefore),
  );
  if (Date.parse(now) - since >= expectation.stabilisationMs) return undefined;
  return waiting(
    'settling',
    `it is healthy and must stay so for ${Math.ceil(expectation.stabilisationMs / 1000)} s`,
    new Date(since).toISOString(),
  );
}

function readBackOf(application: Application, expectation: SyncExpectation) {
  const { sync, health, operationState, reconciledAt } = application.status ?? {};
  return {
    application: application.metadata.name,
    revision: comparedRevisions(application, expectation)[0] ?? '',
    sync: sync?.status ?? '',
    health: health?.status ?? '',
    operation: operationState?.phase ?? 'none',
    reconciledAt: reconciledAt ?? '',
    ...(isSet(operationState?.finishedAt) ? { finishedAt: operationState.finishedAt } : {}),
  };
}

function waiting(clause: SyncWait, message: string, since: string | undefined): SyncJudgement {
  return { state: 'waiting', clause, message, ...(since === undefined ? {} : { since }) };
}

function hopeless(clause: SyncHopeless, message: string, more: { readonly remedy: string }): SyncJudgement {
  return { state: 'hopeless', clause, message, remedy: more.remedy };
}

/** From when on errors and waits are counted. */
function startOf({ waitingSince, notBefore }: SyncExpectation): string {
  return waitingSince ?? notBefore;
}

function isSet(time: string | null | undefined): time is string {
  return time !== undefined && time !== null && time !== '';
}

function isAfter(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}

/** Milliseconds since 1970 of the later one. */
function latest(time: string | null | undefined, other: string): number {
  return isSet(time) ? Math.max(Date.parse(time), Date.parse(other)) : Date.parse(other);
}

/** Argo CD's messages can be pages long, and name repositories with their credentials; the first words name the cause. */
function short(message: string): string {
  const line = message
    .replace(/\s+/g, ' ')
    .replace(/:\/\/[^\s/@]+@/g, '://')
    .trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}
