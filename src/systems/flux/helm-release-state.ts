/**
 * Decides whether a HelmRelease runs our chart version with the values of its newest spec. `Ready=True` alone may be of
 * the version before; a release that was rolled back is ready again with the old version (reference: promotion, section
 * 3.4; helm-controller 1.6, docs/spec/v2). Pure: no clock, no calls.
 */
import { sameChartVersion } from '../chart-version.js';
import type { Hopeless, Judgement, Waiting } from '../judgement.js';
import { conditionOf, type FluxSource, type HelmRelease, isTrue } from './objects.js';
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

export interface HelmReleaseExpectation extends Patience {
  /** our chart version; build metadata is left out when it is compared */
  readonly chartVersion: string;
  /** value of the annotation that we wrote: only a reconciliation that began after it counts */
  readonly token?: string;
}

export type HelmReleaseWait =
  | 'spec-behind'
  | 'spec-not-observed'
  | 'reconcile-pending'
  | 'chart-not-ready'
  | 'not-attempted'
  | 'reconciling'
  | 'retrying'
  | 'other-version'
  | 'values-behind'
  | 'settling';
export type HelmReleaseHopeless =
  | 'release-missing'
  | 'release-deleted'
  | 'release-suspended'
  | 'chart-missing'
  | 'chart-not-ready'
  | 'rolled-back'
  | 'release-stalled'
  | 'test-failed'
  | 'release-failed';

export type HelmReleaseJudgement = Judgement<'deployed', HelmReleaseWait, HelmReleaseHopeless>;

/**
 * Judges one reading of a HelmRelease.
 * @param release null when it does not exist
 * @param chart the HelmChart that was made for it; undefined when it is unknown or not readable
 * @param now ISO 8601, the time of the reading
 */
export function judgeHelmRelease(
  release: HelmRelease | null,
  chart: FluxSource | undefined,
  expectation: HelmReleaseExpectation,
  now: string,
): HelmReleaseJudgement {
  const absent = judgePresence<HelmReleaseHopeless>(release, 'HelmRelease', {
    missing: 'release-missing',
    deleted: 'release-deleted',
    suspended: 'release-suspended',
  });
  if (absent !== undefined) return absent;
  // judgePresence answers for null
  if (release === null) return waiting('not-attempted', 'it does not exist');
  return (
    judgeSpec(release, expectation) ??
    judgeChart(release, chart, expectation, now) ??
    judgeAttempt(release, expectation) ??
    judgeDeployed(release, expectation, now) ?? { state: 'deployed', readBack: readBackOf(release) }
  );
}

type Unmet = Waiting<HelmReleaseWait> | Hopeless<HelmReleaseHopeless>;

/** Everything that the status says of an older spec, failures too, is of the past. */
function judgeSpec(release: HelmRelease, expectation: HelmReleaseExpectation): Unmet | undefined {
  const wanted = release.spec.chart?.spec.version;
  if (wanted !== undefined && isExact(wanted) && !sameChartVersion(wanted, expectation.chartVersion)) {
    return waiting(
      'spec-behind',
      `its spec still asks for chart version ${wanted}: the change has not reached the cluster`,
      expectation.waitingSince,
    );
  }
  if (!isObserved(release) && !lacksItsChart(release, expectation)) {
    return waiting(
      'spec-not-observed',
      `its newest spec has not been reconciled to an end yet; now: ${saying(conditionOf(release, 'Ready'))}`,
      expectation.waitingSince,
    );
  }
  if (expectation.token !== undefined && release.status?.lastHandledReconcileAt !== expectation.token) {
    return waiting(
      'reconcile-pending',
      `the reconciliation that was asked for has not ended; now: ${saying(conditionOf(release, 'Ready'))}`,
      expectation.waitingSince,
    );
  }
  return undefined;
}

/**
 * True when the newest spec was looked at and has no chart: it does not count as observed until the chart is there, so
 * waiting for that would hide the reason for ever (helm-controller, `Reconcile` and `reconcileRelease`).
 */
function lacksItsChart(release: HelmRelease, { token }: HelmReleaseExpectation): boolean {
  const ready = conditionOf(release, 'Ready');
  if (ready?.status !== 'False' || !CHART_REASONS.includes(ready.reason ?? '')) return false;
  const isAnswered = token !== undefined && release.status?.lastHandledReconcileAt === token;
  return isAnswered || ready.observedGeneration === release.metadata.generation;
}

const CHART_REASONS: readonly string[] = ['SourceNotReady', 'ArtifactFailed'];

/** `1.4.2` is exact, `1.x`, `>=1.4` and `*` are ranges. */
function isExact(version: string): boolean {
  return /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]*)?$/.test(version.trim());
}

function judgeChart(
  release: HelmRelease,
  chart: FluxSource | undefined,
  expectation: HelmReleaseExpectation,
  now: string,
): Unmet | undefined {
  const { status, metadata } = release;
  // a version can be marked as failed before it was tried (helm-controller #1422): the attempt must be of this spec
  const ofThisSpec =
    status?.lastAttemptedGeneration === undefined || status.lastAttemptedGeneration === metadata.generation;
  if (ofThisSpec && sameChartVersion(status?.lastAttemptedRevision, expectation.chartVersion))
    return undefined;
  const stalled = chart === undefined ? undefined : conditionOf(chart, 'Stalled');
  if (chart !== undefined && stalled?.status === 'True' && isCurrent(chart, stalled)) {
    return hopeless(
      'chart-missing',
      `its chart cannot be had: ${saying(stalled)}`,
      'Publish the chart version (a release may only be merged when its chart is in the registry), reconcile the chart, then retry.',
    );
  }
  const ready = conditionOf(release, 'Ready');
  if (ready?.status === 'False' && CHART_REASONS.includes(ready.reason ?? '')) {
    // the release may have been looked at before the chart failed, and not since
    const cause = chart === undefined ? undefined : conditionOf(chart, 'Ready');
    const message = `its chart is not ready: ${saying(cause?.status === 'False' ? cause : ready)}`;
    if (hasLasted(ready, expectation, now)) {
      return hopeless(
        'chart-not-ready',
        message,
        'Check that the chart version is in its registry and that the source may read it, then retry.',
      );
    }
    return waiting('chart-not-ready', message, ready.lastTransitionTime);
  }
  const tried = status?.lastAttemptedRevision ?? 'nothing';
  return waiting(
    'not-attempted',
    `it has tried ${tried} last, and not yet what the newest spec asks for`,
    expectation.waitingSince,
  );
}

/** Our version was attempted: is it under way, or has it failed? */
function judgeAttempt(release: HelmRelease, expectation: HelmReleaseExpectation): Unmet | undefined {
  const [reconciling, ready] = [conditionOf(release, 'Reconciling'), conditionOf(release, 'Ready')];
  const remediated = conditionOf(release, 'Remediated');
  if (reconciling?.status === 'True') {
    return remediated?.status === 'True' || reconciling.reason === 'ProgressingWithRetry'
      ? waiting(
          'retrying',
          `the last attempt failed and is tried again: ${saying(ready)}`,
          reconciling.lastTransitionTime,
        )
      : waiting('reconciling', saying(reconciling), reconciling.lastTransitionTime);
  }
  if (remediated?.status === 'True' && ready?.status !== 'True') {
    const runs = release.status?.history?.[0]?.chartVersion;
    return hopeless(
      'rolled-back',
      `Flux gave our version up${runs === undefined ? '' : ` and runs ${runs}`}: ${saying(remediated)}`,
      'Git still asks for our version: revert the commit, or push a correction, then retry.',
    );
  }
  if (isTrue(release, 'Stalled')) {
    return hopeless(
      'release-stalled',
      `it has stopped: ${saying(conditionOf(release, 'Stalled'))}`,
      'Correct the release, then reconcile it with the annotations forceAt and requestedAt of one value, then retry.',
    );
  }
  if (conditionOf(release, 'TestSuccess')?.status === 'False') {
    return hopeless(
      'test-failed',
      `the tests of our version failed: ${saying(conditionOf(release, 'TestSuccess'))}`,
      'Look at the log of the test pods; revert the commit or push a correction, then retry.',
    );
  }
  const newest = release.status?.history?.[0];
  if (ready?.status === 'False' && newest?.status === 'failed' && isOurs(newest.chartVersion, expectation)) {
    return hopeless(
      'release-failed',
      `the release of our version failed and stays so: ${saying(ready)}`,
      'Look at what Helm says; revert the commit or push a correction, then retry.',
    );
  }
  return undefined;
}

function judgeDeployed(
  release: HelmRelease,
  expectation: HelmReleaseExpectation,
  now: string,
): Unmet | undefined {
  const ready = conditionOf(release, 'Ready');
  const newest = release.status?.history?.[0];
  if (newest === undefined || newest.status !== 'deployed' || !isOurs(newest.chartVersion, expectation)) {
    const runs = newest === undefined ? 'nothing' : `${newest.chartVersion} (${newest.status})`;
    return waiting('other-version', `it runs ${runs}; ${saying(ready)}`, ready?.lastTransitionTime);
  }
  if (ready?.status !== 'True') return waiting('reconciling', saying(ready), ready?.lastTransitionTime);
  const attempted = release.status?.lastAttemptedConfigDigest;
  if (attempted !== undefined && newest.configDigest !== undefined && attempted !== newest.configDigest) {
    return waiting('values-behind', 'it runs our chart with older values', ready.lastTransitionTime);
  }
  const since = later(newest.lastDeployed, ready.lastTransitionTime ?? '1970-01-01T00:00:00Z');
  if (Date.parse(now) - since >= expectation.stabilisationMs) return undefined;
  return waiting(
    'settling',
    `it is ready and must stay so for ${Math.ceil(expectation.stabilisationMs / 1000)} s`,
    new Date(since).toISOString(),
  );
}

function isOurs(version: string, { chartVersion }: HelmReleaseExpectation): boolean {
  return sameChartVersion(version, chartVersion);
}

function readBackOf({ metadata, status }: HelmRelease) {
  const newest = status?.history?.[0];
  return {
    release: metadata.name,
    chartVersion: newest?.chartVersion ?? '',
    revision: newest?.version ?? 0,
    ...(newest?.configDigest === undefined ? {} : { configDigest: newest.configDigest }),
  };
}
