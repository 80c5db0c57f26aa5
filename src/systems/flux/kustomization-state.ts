/**
 * Decides whether a Kustomization runs our revision. `Ready=True` alone may be of the revision before, and may mean
 * "applied" without "healthy" (reference: promotion, section 3.3; kustomize-controller 1.9). Pure: no clock, no calls.
 */
import type { Judgement } from '../judgement.js';
import { conditionOf, type FluxSource, isTrue, type Kustomization } from './objects.js';
import { commitInOrigin, hashInRevision, ORIGIN_ANNOTATION } from './revision.js';
import {
  type ExpectedRevision,
  isOurRevision,
  judgeSource,
  type SourceHopeless,
  type SourceWait,
  shown,
} from './source-state.js';
import {
  hasLasted,
  hopeless,
  isCurrent,
  isObserved,
  judgePresence,
  later,
  type Patience,
  saying,
  waiting,
} from './words.js';

export interface KustomizationExpectation extends ExpectedRevision, Patience {
  /** value of the annotation that we wrote after the source had our revision: only a reconciliation after it counts */
  readonly token?: string;
}

export type KustomizationWait =
  | SourceWait
  | 'reconcile-pending'
  | 'not-attempted'
  | 'dependency-not-ready'
  | 'reconciling'
  | 'reconcile-failing'
  | 'spec-not-observed'
  | 'settling';
export type KustomizationHopeless =
  | SourceHopeless
  | 'kustomization-missing'
  | 'kustomization-deleted'
  | 'kustomization-suspended'
  | 'kustomization-stalled'
  | 'path-missing'
  | 'build-failed'
  | 'health-check-failed'
  | 'reconcile-failing';

/** Reached: `readBack.health` is `checked`, or `unproven` when nothing in the spec asks for health checks. */
export type KustomizationJudgement = Judgement<'applied', KustomizationWait, KustomizationHopeless>;

/** Commits and digests that either object names: ask Git which of them contain ours, then judge. */
export function hashesNamedBy(
  kustomization: Kustomization | null,
  source: FluxSource | null,
): readonly string[] {
  const { lastAttemptedRevision, lastAppliedRevision } = kustomization?.status ?? {};
  const named = [source?.status?.artifact?.revision, lastAttemptedRevision, lastAppliedRevision];
  return [...new Set(named.map(hashInRevision).filter((hash) => hash !== undefined))];
}

/**
 * Digests of artifacts and the commits that they were made of, as far as either object tells: one that was pushed by a
 * pipeline, or generated from a Git source.
 */
export function originsNamedBy(
  kustomization: Kustomization | null,
  source: FluxSource | null,
): ReadonlyMap<string, string> {
  const { lastAppliedRevision, lastAppliedOriginRevision } = kustomization?.status ?? {};
  const artifact = source?.status?.artifact;
  const origins = new Map<string, string>();
  for (const [revision, origin] of [
    [lastAppliedRevision, lastAppliedOriginRevision],
    [artifact?.revision, artifact?.metadata?.[ORIGIN_ANNOTATION]],
  ] as const) {
    const [digest, commit] = [hashInRevision(revision), commitInOrigin(origin)];
    if (digest !== undefined && commit !== undefined) origins.set(digest, commit);
  }
  return origins;
}

/**
 * Judges one reading of a Kustomization and the source that it names.
 * @param kustomization null when it does not exist
 * @param source null when it does not exist
 * @param now ISO 8601, the time of the reading
 */
export function judgeKustomization(
  kustomization: Kustomization | null,
  source: FluxSource | null,
  expectation: KustomizationExpectation,
  now: string,
): KustomizationJudgement {
  const absent = judgePresence<KustomizationHopeless>(kustomization, 'Kustomization', {
    missing: 'kustomization-missing',
    deleted: 'kustomization-deleted',
    suspended: 'kustomization-suspended',
  });
  if (absent !== undefined) return absent;
  // judgePresence answers for null
  if (kustomization === null) return waiting('not-attempted', 'it does not exist');
  return (
    judgeSource(source, expectation, expectation, now) ??
    judgeAttempt(kustomization, source, expectation, now) ??
    judgeReady(kustomization, expectation, now) ?? {
      state: 'applied',
      readBack: readBackOf(kustomization),
    }
  );
}

function judgeAttempt(
  kustomization: Kustomization,
  source: FluxSource | null,
  expectation: KustomizationExpectation,
  now: string,
): KustomizationJudgement | undefined {
  const { status } = kustomization;
  const stalled = conditionOf(kustomization, 'Stalled');
  if (stalled?.status === 'True' && isCurrent(kustomization, stalled)) {
    return hopeless(
      'kustomization-stalled',
      `it has stopped: ${saying(stalled)}`,
      'Correct the Kustomization, then retry.',
    );
  }
  if (expectation.token !== undefined && status?.lastHandledReconcileAt !== expectation.token) {
    return waiting(
      'reconcile-pending',
      `the reconciliation that was asked for has not ended; now: ${saying(conditionOf(kustomization, 'Ready'))}`,
      expectation.waitingSince,
    );
  }
  const ready = conditionOf(kustomization, 'Ready');
  if (ready?.reason === 'DependencyNotReady' && ready.status === 'False') {
    return waiting('dependency-not-ready', saying(ready), ready.lastTransitionTime);
  }
  const path = judgePath(kustomization, source, expectation);
  if (path !== undefined) return path;
  // what failed before ours was attempted is of another revision
  if (!isOurRevision(status?.lastAttemptedRevision, expectation)) {
    return waiting(
      'not-attempted',
      `it has tried ${shown(status?.lastAttemptedRevision)} last, which is not known to contain ${expectation.revision.slice(0, 12)}`,
      expectation.waitingSince,
    );
  }
  return judgeFailure(kustomization, expectation, now);
}

/**
 * A revision without the folder that the spec names does not count as attempted (kustomize-controller 1.9.5, `reconcile`),
 * so the only trace is a failure that is younger than the artifact, or one after the request that we made for it.
 */
function judgePath(
  kustomization: Kustomization,
  source: FluxSource | null,
  { token }: KustomizationExpectation,
): KustomizationJudgement | undefined {
  const ready = conditionOf(kustomization, 'Ready');
  if (ready?.status !== 'False' || ready.reason !== 'ArtifactFailed') return undefined;
  if (!ready.message?.startsWith('kustomization path not found')) return undefined;
  const fetched = source?.status?.artifact?.lastUpdateTime;
  const isYounger =
    fetched !== undefined && later(ready.lastTransitionTime, '1970-01-01T00:00:00Z') > Date.parse(fetched);
  // judgeAttempt has seen that a request of ours was handled
  if (token === undefined && !isYounger) return undefined;
  return hopeless(
    'path-missing',
    `our revision does not have the folder of its spec: ${saying(ready)}`,
    'Correct spec.path, or push a commit that has the folder, then retry.',
  );
}

/** Our revision was attempted: does it fail? */
function judgeFailure(
  kustomization: Kustomization,
  expectation: KustomizationExpectation,
  now: string,
): KustomizationJudgement | undefined {
  const reconciling = conditionOf(kustomization, 'Reconciling');
  const ready = conditionOf(kustomization, 'Ready');
  // with Progressing an attempt is under way, with ProgressingWithRetry the last one has failed
  if (reconciling?.status === 'True' && reconciling.reason !== 'ProgressingWithRetry') {
    return waiting('reconciling', saying(reconciling), reconciling.lastTransitionTime);
  }
  if (ready?.status !== 'False') return undefined;
  const tried = `our revision was tried and failed: ${saying(ready)}`;
  if (ready.reason === 'HealthCheckFailed') {
    return hopeless(
      'health-check-failed',
      tried,
      'Look at what did not become healthy; revert the commit or push a correction, then retry.',
    );
  }
  if (ready.reason === 'BuildFailed') {
    return hopeless(
      'build-failed',
      tried,
      'Correct the manifests of the commit (kustomize build), then retry.',
    );
  }
  // a refusing webhook or an API server that was away can be gone at the next interval
  if (hasLasted(ready, expectation, now)) {
    return hopeless('reconcile-failing', tried, 'Remove the cause, reconcile the Kustomization, then retry.');
  }
  return waiting('reconcile-failing', tried, ready.lastTransitionTime);
}

function judgeReady(
  kustomization: Kustomization,
  expectation: KustomizationExpectation,
  now: string,
): KustomizationJudgement | undefined {
  const ready = conditionOf(kustomization, 'Ready');
  const applied = kustomization.status?.lastAppliedRevision;
  if (!isOurRevision(applied, expectation) || ready?.status !== 'True') {
    return waiting(
      'reconciling',
      `it has tried our revision and applied ${shown(applied)}; ${saying(ready)}`,
      ready?.lastTransitionTime,
    );
  }
  if (isTrue(kustomization, 'Reconciling')) {
    return waiting(
      'reconciling',
      saying(conditionOf(kustomization, 'Reconciling')),
      ready.lastTransitionTime,
    );
  }
  if (!isObserved(kustomization)) {
    return waiting('spec-not-observed', 'its own spec has changed since, and was not reconciled yet');
  }
  const since = later(ready.lastTransitionTime, '1970-01-01T00:00:00Z');
  if (Date.parse(now) - since >= expectation.stabilisationMs) return undefined;
  return waiting(
    'settling',
    `it is ready and must stay so for ${Math.ceil(expectation.stabilisationMs / 1000)} s`,
    new Date(since).toISOString(),
  );
}

function readBackOf({ metadata, spec, status }: Kustomization) {
  const checked = spec.wait === true || (spec.healthChecks?.length ?? 0) > 0;
  return {
    kustomization: metadata.name,
    revision: status?.lastAppliedRevision ?? '',
    health: checked ? 'checked' : 'unproven',
  };
}
