/** The part of an Argo CD Application that Gatehouse reads (argoproj.io/v1alpha1, Argo CD 3.5). */
import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';

const Text = Type.Optional(Type.String());
const Texts = Type.Optional(Type.Array(Type.String()));

const Source = Type.Object({ repoURL: Text, targetRevision: Text, path: Text, chart: Text });

const Commits = { drySHA: Text, hydratedSHA: Text };

/** How the source hydrator made what is synced: each hydrated commit from one of the dry source (argo-cd 3.5, types.go). */
const HydratorStatus = Type.Object({
  lastSuccessfulOperation: Type.Optional(Type.Union([Type.Object(Commits), Type.Null()])),
  currentOperation: Type.Optional(
    Type.Union([
      Type.Object({
        ...Commits,
        /** Hydrating, Failed, Hydrated */
        phase: Text,
        message: Text,
        startedAt: Text,
        finishedAt: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      }),
      Type.Null(),
    ]),
  ),
});

const RevisionOfSync = Type.Object({ revision: Text, revisions: Texts, deployStartedAt: Text });

/** `resources` chooses some of the objects, `dryRun` applies nothing: neither runs the hooks */
const AskedSync = Type.Object({
  revision: Text,
  revisions: Texts,
  dryRun: Type.Optional(Type.Boolean()),
  resources: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
});

const ResourceResult = Type.Object({
  kind: Text,
  namespace: Text,
  name: Text,
  message: Text,
  /** Synced, SyncFailed, Pruned, PruneSkipped */
  status: Text,
  /** Running, Succeeded, Failed, Error; for hooks it is what counts */
  hookPhase: Text,
  /** PreSync, Sync, PostSync, SyncFail; empty for plain resources */
  hookType: Text,
});

const OperationState = Type.Object({
  phase: Type.String(),
  message: Text,
  startedAt: Text,
  finishedAt: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  retryCount: Type.Optional(Type.Integer()),
  operation: Type.Optional(
    Type.Object({
      sync: Type.Optional(AskedSync),
      initiatedBy: Type.Optional(Type.Object({ username: Text })),
      /** attempts after the first; less than 0 is without end */
      retry: Type.Optional(
        Type.Object({ limit: Type.Optional(Type.Integer()), refresh: Type.Optional(Type.Boolean()) }),
      ),
    }),
  ),
  syncResult: Type.Optional(
    Type.Object({
      revision: Text,
      revisions: Texts,
      resources: Type.Optional(Type.Union([Type.Array(ResourceResult), Type.Null()])),
    }),
  ),
});

/** One of the objects that it manages, without what these have made themselves. */
const Resource = Type.Object({
  group: Text,
  kind: Text,
  namespace: Text,
  name: Text,
  /** Synced, OutOfSync, Unknown */
  status: Text,
  hook: Type.Optional(Type.Boolean()),
});

const Condition = Type.Object({ type: Type.String(), message: Type.String(), lastTransitionTime: Text });

const Status = Type.Object({
  sync: Type.Optional(
    Type.Object({
      status: Type.String(),
      revision: Text,
      revisions: Texts,
      /** the spec that was compared */
      comparedTo: Type.Optional(
        Type.Object({
          source: Type.Optional(Type.Union([Source, Type.Null()])),
          sources: Type.Optional(Type.Union([Type.Array(Source), Type.Null()])),
        }),
      ),
    }),
  ),
  sourceHydrator: Type.Optional(HydratorStatus),
  health: Type.Optional(Type.Object({ status: Text, lastTransitionTime: Text })),
  operationState: Type.Optional(OperationState),
  conditions: Type.Optional(Type.Array(Condition)),
  reconciledAt: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  /** syncs of everything that succeeded, oldest first; selective ones and dry runs are left out by Argo CD */
  history: Type.Optional(Type.Union([Type.Array(RevisionOfSync), Type.Null()])),
  resources: Type.Optional(Type.Union([Type.Array(Resource), Type.Null()])),
  /** images of everything that runs, as their pods name them */
  summary: Type.Optional(Type.Object({ images: Type.Optional(Type.Union([Texts, Type.Null()])) })),
});

const ApplicationObject = Type.Object({
  metadata: Type.Object({
    name: Type.String({ minLength: 1 }),
    namespace: Text,
    uid: Text,
    deletionTimestamp: Text,
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    ownerReferences: Type.Optional(
      Type.Array(Type.Object({ kind: Type.String(), name: Type.String(), uid: Type.String() })),
    ),
  }),
  spec: Type.Object({
    project: Text,
    destination: Type.Optional(Type.Object({ name: Text, server: Text, namespace: Text })),
    source: Type.Optional(Source),
    sources: Type.Optional(Type.Array(Source)),
    sourceHydrator: Type.Optional(
      Type.Object({
        drySource: Source,
        /** a branch from which somebody moves what is hydrated to where it is synced from */
        hydrateTo: Type.Optional(Type.Union([Type.Object({ targetBranch: Text }), Type.Null()])),
      }),
    ),
    syncPolicy: Type.Optional(
      Type.Object({
        automated: Type.Optional(
          Type.Union([
            Type.Object({
              enabled: Type.Optional(Type.Boolean()),
              selfHeal: Type.Optional(Type.Boolean()),
            }),
            Type.Null(),
          ]),
        ),
      }),
    ),
  }),
  operation: Type.Optional(Type.Unknown()),
  status: Type.Optional(Status),
});

/** As Argo CD stores it; every field but the name may be missing on a new object. */
export type Application = Type.Static<typeof ApplicationObject>;
export type ApplicationCondition = Type.Static<typeof Condition>;
export type ApplicationOperation = Type.Static<typeof OperationState>;
export type ApplicationResult = Type.Static<typeof ResourceResult>;

/**
 * Takes an object from the API server as an Application.
 * @throws SystemError kind `malformed` when a field that is read is of another type
 */
export function applicationFrom(object: unknown, subject: CallSubject): Application {
  return shapeOf(ApplicationObject, object, subject);
}

/** Set on the object to ask for a comparison; the controller removes it when it has taken the request. */
export const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';
/** Stops all reconciliation of an Application. */
export const SKIP_RECONCILE_ANNOTATION = 'argocd.argoproj.io/skip-reconcile';

/** Under this name the controller of an ApplicationSet starts the syncs of a rolling sync (argo-cd 3.5, applicationset/controllers). */
const SET_CONTROLLER = 'applicationset-controller';

/**
 * True when a change of it is synced by itself: by auto-sync, or by the rolling sync of the ApplicationSet that made it, which
 * keeps auto-sync off and is known by the sync that it started last.
 */
export function isSyncedByItself({ metadata, spec, status }: Application): boolean {
  const automated = spec.syncPolicy?.automated;
  if (automated !== undefined && automated !== null && automated.enabled !== false) return true;
  const ofSet = (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'ApplicationSet');
  return ofSet && status?.operationState?.operation?.initiatedBy?.username === SET_CONTROLLER;
}

/** 40 or 64 hexadecimal digits: only such a text is a commit (the field may hold a branch name or a chart version). */
export function isCommit(revision: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}

/**
 * Every commit that the last comparison or the last operation names: ask Git which of them contain ours, then judge.
 */
export function commitsNamedBy(application: Application): readonly string[] {
  const { sync, operationState } = application.status ?? {};
  const named = [
    sync?.revision,
    ...(sync?.revisions ?? []),
    ...(operationState === undefined ? [] : revisionsOfOperation(operationState)),
  ];
  return [...new Set(named.filter(isGiven).filter(isCommit))];
}

/** What an operation applied, or was asked to apply when it has no result yet. */
export function revisionsOfOperation(operation: ApplicationOperation): readonly string[] {
  const { syncResult } = operation;
  const asked = operation.operation?.sync;
  const applied = [syncResult?.revision, ...(syncResult?.revisions ?? [])].filter(isGiven);
  return applied.length > 0 ? applied : [asked?.revision, ...(asked?.revisions ?? [])].filter(isGiven);
}

function isGiven(revision: string | undefined): revision is string {
  return revision !== undefined && revision !== '';
}
