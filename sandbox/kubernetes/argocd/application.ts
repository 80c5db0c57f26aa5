/**
 * What Argo CD writes into an Application, as pure functions of the object, the clock and what was seen in Git
 * (reference: promotion, section 3.1; gitops-objects, section 4.1; Argo CD 3.5).
 */
import { type KubeObject, kubeTime, withAnnotations } from '../objects.js';

export const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';
const RETRY_LIMIT = 5;
const FULL_SHA = /^[0-9a-f]{40}$/;

export interface ApplicationSource {
  readonly repoURL: string;
  readonly path?: string;
  readonly targetRevision?: string;
}

export interface Destination {
  readonly name?: string;
  readonly server?: string;
  readonly namespace?: string;
}

export interface Operation {
  readonly sync?: { readonly revision?: string; readonly [field: string]: unknown };
  readonly initiatedBy?: { readonly automated?: boolean; readonly username?: string };
  readonly [field: string]: unknown;
}

export interface Condition {
  readonly type: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
}

export type Phase = 'Running' | 'Terminating' | 'Failed' | 'Error' | 'Succeeded';
export type Health = 'Healthy' | 'Suspended' | 'Progressing' | 'Missing' | 'Degraded' | 'Unknown';

export interface OperationState {
  readonly phase: string;
  readonly operation: Operation;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly message?: string;
  readonly retryCount?: number;
  readonly syncResult?: {
    readonly revision: string;
    readonly source?: ApplicationSource;
    readonly resources?: readonly unknown[];
  };
}

export interface ApplicationStatus {
  readonly sync?: {
    readonly status: string;
    readonly revision?: string;
    readonly comparedTo?: { readonly source?: ApplicationSource; readonly destination: Destination };
  };
  readonly health?: {
    readonly status?: string;
    readonly message?: string;
    readonly lastTransitionTime?: string;
  };
  readonly operationState?: OperationState;
  readonly history?: readonly {
    readonly id: number;
    readonly deployedAt: string;
    readonly [field: string]: unknown;
  }[];
  readonly conditions?: readonly Condition[];
  readonly reconciledAt?: string;
  readonly [field: string]: unknown;
}

export interface Application extends KubeObject {
  readonly spec: {
    readonly project: string;
    readonly source?: ApplicationSource;
    readonly destination: Destination;
    readonly syncPolicy?: {
      readonly automated?: { readonly enabled?: boolean; readonly [field: string]: unknown };
    };
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: ApplicationStatus;
  readonly operation?: Operation;
}

/** What a look at the repository found: the head and the id of the tree under the application's path. */
export interface Observation {
  readonly revision: string;
  readonly contentId: string;
  /** why manifests cannot be made of it, e.g. a file that is not YAML */
  readonly problem?: string;
}

function withStatus(app: Application, change: Partial<ApplicationStatus>): Application {
  return { ...app, status: { ...app.status, ...change } };
}

/** Sets or removes the condition of a type; an unchanged message keeps its time of transition. */
export function withCondition(
  app: Application,
  type: string,
  message: string | null,
  now: Date,
): Application {
  const others = (app.status?.conditions ?? []).filter((condition) => condition.type !== type);
  const same = (app.status?.conditions ?? []).find(
    (condition) => condition.type === type && condition.message === message,
  );
  if (same !== undefined) return app;
  const conditions =
    message === null ? others : [...others, { type, message, lastTransitionTime: kubeTime(now) }];
  return withStatus(app, { conditions });
}

/**
 * The outcome of a comparison that began at `startedAt`. `live` is the content that was applied last, null for none.
 * Files that give no manifests make the status Unknown with an empty revision and a ComparisonError.
 */
export function withComparison(
  app: Application,
  seen: Observation,
  live: string | null,
  startedAt: Date,
): Application {
  const source = app.spec.source;
  const comparedTo = { ...(source === undefined ? {} : { source }), destination: app.spec.destination };
  const broken = seen.problem !== undefined;
  const status = broken ? 'Unknown' : seen.contentId === live ? 'Synced' : 'OutOfSync';
  const compared = withStatus(app, {
    sync: { status, revision: broken ? '' : seen.revision, comparedTo },
    reconciledAt: kubeTime(startedAt),
    sourceType: 'Helm',
  });
  const judged = withCondition(
    compared,
    'ComparisonError',
    broken
      ? `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = ${seen.problem}`
      : null,
    startedAt,
  );
  return status === 'Synced' ? withCondition(judged, 'SyncError', null, startedAt) : judged;
}

/** The annotation that asked for a refresh is removed when the refresh is over, also one that came meanwhile. */
export function withRefreshDone(app: Application): Application {
  return withAnnotations(app, { [REFRESH_ANNOTATION]: null });
}

/** What automated sync does after a comparison: start at a revision, say that it gave up, or nothing. */
export type AutoSync =
  | { readonly kind: 'start'; readonly revision: string }
  | { readonly kind: 'gave-up'; readonly message: string }
  | { readonly kind: 'nothing' };

/** One attempt per revision: after a failure there is a SyncError and no further attempt. */
export function autoSyncOf(app: Application): AutoSync {
  const automated = app.spec.syncPolicy?.automated;
  const sync = app.status?.sync;
  if (automated === undefined || automated.enabled === false) return { kind: 'nothing' };
  if (app.operation !== undefined || sync?.status !== 'OutOfSync') return { kind: 'nothing' };
  const revision = sync.revision ?? '';
  if (!FULL_SHA.test(revision)) return { kind: 'nothing' };
  const last = app.status?.operationState;
  if (last?.syncResult?.revision === revision) {
    return last.phase === 'Succeeded'
      ? { kind: 'nothing' }
      : { kind: 'gave-up', message: `Failed last sync attempt to ${revision}: ${last.message ?? ''}` };
  }
  return { kind: 'start', revision };
}

/** The operation that automated sync asks for. */
export function automatedOperation(revision: string): Operation {
  return {
    sync: { revision, prune: true },
    initiatedBy: { automated: true },
    retry: { limit: RETRY_LIMIT },
  };
}

export function withOperation(app: Application, operation: Operation): Application {
  return { ...app, operation };
}

/** The controller has taken up `operation`; `revision` is what it resolved the wish to. */
export function withOperationRunning(app: Application, revision: string, now: Date): Application {
  if (app.operation === undefined) return app;
  const source = app.spec.source;
  return withStatus(withCondition(app, 'SyncError', null, now), {
    operationState: {
      phase: 'Running',
      operation: app.operation,
      startedAt: kubeTime(now),
      message: 'waiting for completion of hooks and resources',
      syncResult: { revision, ...(source === undefined ? {} : { source }) },
    },
  });
}

/** Ends the running operation; only a successful one is written into the history. */
export function withOperationFinished(
  app: Application,
  phase: 'Succeeded' | 'Failed' | 'Error',
  message: string,
  now: Date,
  resources: readonly Readonly<Record<string, unknown>>[] = [],
): Application {
  const running = app.status?.operationState;
  if (running === undefined) return app;
  const { operation: _, ...rest } = app;
  const finished: Application = { ...rest, spec: app.spec };
  const operationState: OperationState = {
    ...running,
    phase,
    message,
    finishedAt: kubeTime(now),
    ...(running.syncResult === undefined ? {} : { syncResult: { ...running.syncResult, resources } }),
  };
  if (phase !== 'Succeeded') return withStatus(finished, { operationState });
  const history = app.status?.history ?? [];
  const entry = {
    id: (history.at(-1)?.id ?? -1) + 1,
    revision: running.syncResult?.revision ?? '',
    deployStartedAt: running.startedAt,
    deployedAt: kubeTime(now),
    initiatedBy: { ...running.operation.initiatedBy },
    ...(app.spec.source === undefined ? {} : { source: app.spec.source }),
  };
  return withStatus(finished, {
    operationState,
    history: [...history, entry].slice(-(app.spec.revisionHistoryLimit ?? 10)),
  });
}

/** The aggregated health; its time of transition moves only when the status changes. */
export function withHealth(app: Application, status: Health, now: Date, message?: string): Application {
  if (app.status?.health?.status === status) return app;
  return withStatus(app, {
    health: { status, lastTransitionTime: kubeTime(now), ...(message === undefined ? {} : { message }) },
  });
}

/** Of the list of what it manages, the Deployments of its manifests. */
export function withDeployments(
  app: Application,
  deployments: readonly { readonly namespace: string; readonly name: string }[],
): Application {
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment', status: 'Synced' } as const;
  return deployments.length === 0
    ? app
    : withStatus(app, { resources: deployments.map((one) => ({ ...kind, ...one })) });
}

/** The images that the application's resources run, as Argo CD sums them up. */
export function withImages(app: Application, images: readonly string[]): Application {
  return images.length === 0 ? app : withStatus(app, { summary: { images: [...new Set(images)].sort() } });
}
