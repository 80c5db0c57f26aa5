/** helm-controller by its documented rules (helm-controller 1.6, docs/spec/v2; it can't be had from the module proxy). */
import { createHash } from 'node:crypto';
import type { ObjectKey } from '../object-store.js';
import { isLoose, type KubeObject, kubeTime, type Loose } from '../objects.js';
import { resourceOf } from '../resources.js';
import { type AppliedObjects, ApplyRefused, healthOf } from './applied-objects.js';
import { ChartFault, type RenderedChart, renderChart } from './chart-rendering.js';
import { finish, write } from './controller-tools.js';
import { inventoryOf } from './kustomization.js';
import { PullFailed } from './registry.js';
import { chartOf, type SourceTools } from './sources.js';
import {
  conditionOf,
  durationMs,
  isObserved,
  isReady,
  isSuspended,
  listAt,
  progressing,
  ready,
  retrying,
  textAt,
  valueAt,
  withCondition,
  withoutConditions,
  withStatus,
} from './status.js';

const INTERVAL_MS = 300_000;
/** Helm's own default, and how often it looks, in milliseconds. */
const TIMEOUT_MS = 300_000;
const HEALTH_MS = 50;
/** Snapshots that are kept by default. */
const MOST_HISTORY = 5;

export interface HelmReleaseTools extends SourceTools {
  readonly objects: AppliedObjects;
}

/** Reconciles one HelmRelease. @returns milliseconds until the next time */
export async function reconcileHelmRelease(
  key: ObjectKey,
  tools: HelmReleaseTools,
): Promise<number | undefined> {
  const begun = tools.store.get(key);
  if (begun === null) return undefined;
  if (isSuspended(begun)) {
    finish(tools, key, begun, observed);
    return undefined;
  }
  const sourceKey = makeChart(begun, key, tools);
  write(tools, key, (object) => progressing(object, 'Fulfilling prerequisites'));
  const interval = durationMs(textAt(begun, 'spec', 'interval'), INTERVAL_MS);
  const unready = dependencyOf(begun, key, tools);
  if (unready !== undefined) {
    const message = `dependency '${unready}' is not ready`;
    finish(tools, key, begun, (object) => notReady(object, 'DependencyNotReady', message));
    return tools.retryMs();
  }
  const source = tools.store.get(sourceKey);
  if (source === null) {
    const message = `could not get Source object: ${sourceKey.resource.kind} "${sourceKey.name}" not found`;
    finish(tools, key, begun, (object) => notReady(object, 'ArtifactFailed', message));
    return tools.retryMs();
  }
  const unmet = unmetOf(source);
  if (unmet !== undefined) {
    // the newest spec does not count as seen until the chart is there; the request does
    finish(tools, key, begun, (object) => notReady(object, 'SourceNotReady', unmet));
    return interval;
  }
  return (await release({ key, begun, source, sourceKey }, tools)) ?? interval;
}

interface Attempt {
  readonly key: ObjectKey;
  readonly begun: KubeObject;
  readonly source: KubeObject;
  readonly sourceKey: ObjectKey;
}

async function release(attempt: Attempt, tools: HelmReleaseTools): Promise<number | undefined> {
  const { key, begun, source, sourceKey } = attempt;
  const values = valueAt(begun, 'spec', 'values');
  const context = {
    name: releaseNameOf(begun),
    namespace: namespaceOf(begun, key),
    values: isLoose(values) ? values : {},
  };
  let chart: RenderedChart;
  let digest: string;
  try {
    const pulled = await chartOf(source, sourceKey, tools);
    digest = pulled.digest;
    chart = renderChart(pulled.archive, context);
  } catch (error) {
    if (!(error instanceof PullFailed) && !(error instanceof ChartFault)) throw error;
    const message = `Could not load chart: ${error.message}`;
    finish(tools, key, begun, (object) => retrying(object, 'ArtifactFailed', message));
    return tools.retryMs();
  }
  const isOci = source.kind === 'OCIRepository';
  const version = isOci
    ? `${chart.version}+${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`
    : chart.version;
  const configDigest = `sha256:${createHash('sha256').update(JSON.stringify(context.values)).digest('hex')}`;
  const [newest] = historyOf(begun);
  const isNew = newest === undefined;
  const isSame =
    newest?.status === 'deployed' && newest.chartVersion === version && newest.configDigest === configDigest;
  const tried = {
    lastAttemptedGeneration: begun.metadata.generation,
    lastAttemptedRevision: version,
    lastAttemptedConfigDigest: configDigest,
    ...(isOci ? { lastAttemptedRevisionDigest: digest } : {}),
    storageNamespace: key.namespace,
  };
  if (isSame) {
    const message = `Helm release ${context.namespace}/${context.name}.v${String(newest.version)} is in sync with chart ${chart.name}@${version}`;
    const released = conditionOf(begun, 'Released');
    const reason = released?.status === 'True' ? textAt(released, 'reason') : 'UpgradeSucceeded';
    finish(tools, key, begun, (object) => {
      const told = withCondition(withoutConditions(object, 'Remediated'), {
        type: 'Released',
        status: 'True',
        reason,
        message,
      });
      return ready(withStatus(told, { ...tried, failures: undefined }), reason, message);
    });
    return undefined;
  }
  const hasGivenUp = conditionOf(begun, 'Stalled')?.reason === 'RetriesExceeded' && isObserved(begun);
  if (hasGivenUp && !isForcedAnew(begun)) {
    // retries are over: only another spec, or forceAt, begins anew
    finish(tools, key, begun, (object) => ({ ...object, status: begun.status }));
    return undefined;
  }
  await act({ ...attempt, chart, version, configDigest, tried, context, isNew }, tools);
  return undefined;
}

interface Action extends Attempt {
  readonly chart: RenderedChart;
  readonly version: string;
  readonly configDigest: string;
  readonly tried: Loose;
  readonly context: { readonly name: string; readonly namespace: string };
  readonly isNew: boolean;
}

/** Install or upgrade, with the wait for what it made, and what follows when that fails. */
async function act(action: Action, tools: HelmReleaseTools): Promise<void> {
  const { key, begun, chart, context, isNew, tried } = action;
  const verb = isNew ? 'install' : 'upgrade';
  const retries = Number(valueAt(begun, 'spec', verb, 'remediation', 'retries') ?? 0);
  const timeoutMs = durationMs(textAt(begun, 'spec', 'timeout'), TIMEOUT_MS);
  write(tools, key, (object) =>
    progressing(
      withStatus(object, { ...tried, lastAttemptedReleaseAction: verb }),
      `Running '${verb}' action with timeout of ${timeoutMs / 1_000}s`,
    ),
  );
  const former = inventoryOf(begun);
  const before = tools.objects.read(key.cluster, former);
  let failures = 0;
  for (;;) {
    const { problem, inventory } = await deployed(action, timeoutMs, tools);
    if (tools.isStopped()) return;
    if (problem === undefined) {
      tools.objects.prune(key.cluster, former, inventory);
      const message = `Helm ${verb} succeeded for release ${context.namespace}/${context.name}.v${nextVersion(begun)} with chart ${chart.name}@${action.version}`;
      const reason = isNew ? 'InstallSucceeded' : 'UpgradeSucceeded';
      finish(tools, key, begun, (object) => {
        const told = withCondition(withoutConditions(object, 'Remediated'), {
          type: 'Released',
          status: 'True',
          reason,
          message,
        });
        const status = {
          history: historyWith(begun, action, 'deployed', verb),
          inventory: { entries: inventory },
        };
        return ready(
          withStatus(told, { ...status, failures: undefined, upgradeFailures: undefined }),
          reason,
          message,
        );
      });
      return;
    }
    failures += 1;
    const message = `Helm ${verb} failed for release ${context.namespace}/${context.name} with chart ${chart.name}@${action.version}: ${problem}`;
    const reason = isNew ? 'InstallFailed' : 'UpgradeFailed';
    write(tools, key, (object) => {
      const told = withCondition(object, { type: 'Released', status: 'False', reason, message });
      const status = { history: historyWith(begun, action, 'failed', verb), failures };
      return withStatus(retrying(told, reason, message), status);
    });
    if (retries > 0 && !isNew) tools.objects.restore(key.cluster, before, inventory);
    if (failures <= retries) continue;
    finish(tools, key, begun, (object) =>
      givenUp(object, { verb, failures, reason, message, rolledBack: retries > 0 && !isNew }, begun),
    );
    return;
  }
}

/** Applies what the chart makes, and waits for it as Helm does. */
async function deployed(
  { key, chart, context }: Action,
  timeoutMs: number,
  tools: HelmReleaseTools,
): Promise<{ readonly problem?: string; readonly inventory: ReturnType<AppliedObjects['apply']> }> {
  try {
    const inventory = tools.objects.apply(key.cluster, context.namespace, chart.objects);
    for (const until = Date.now() + timeoutMs; Date.now() < until && !tools.isStopped(); ) {
      const states = tools.objects.read(key.cluster, inventory).map(healthOf);
      if (states.every((state) => state === 'Current')) return { inventory };
      if (states.includes('Failed')) return { problem: 'context deadline exceeded', inventory };
      await new Promise((resolve) => setTimeout(resolve, HEALTH_MS));
    }
    return { problem: 'context deadline exceeded', inventory };
  } catch (error) {
    if (!(error instanceof ApplyRefused)) throw error;
    return { problem: error.message, inventory: [] };
  }
}

/** The end of all attempts: with remediation the version before runs again, while Git still asks for this one. */
function givenUp(
  object: KubeObject,
  end: {
    readonly verb: string;
    readonly failures: number;
    readonly reason: string;
    readonly message: string;
    readonly rolledBack: boolean;
  },
  begun: KubeObject,
): KubeObject {
  const stalled = withCondition(withoutConditions(object, 'Reconciling'), {
    type: 'Stalled',
    status: 'True',
    reason: 'RetriesExceeded',
    message: `Failed to ${end.verb} after ${end.failures} attempt(s)`,
  });
  const told = observed(
    withCondition(stalled, { type: 'Ready', status: 'False', reason: end.reason, message: end.message }),
  );
  const [failed] = historyOf(told);
  const [last] = historyOf(begun);
  if (!end.rolledBack || last === undefined) return told;
  const message = `Helm rollback to previous release ${String(last.namespace)}/${String(last.name)}.v${String(last.version)} with chart ${String(last.chartName)}@${String(last.chartVersion)} succeeded`;
  const again = {
    ...last,
    status: 'deployed',
    action: 'rollback',
    version: Number(failed?.version ?? 0) + 1,
    lastDeployed: kubeTime(new Date()),
  };
  return withStatus(
    withCondition(told, { type: 'Remediated', status: 'True', reason: 'RollbackSucceeded', message }),
    { history: [again, ...historyOf(told).map(superseded)].slice(0, MOST_HISTORY) },
  );
}

/** The HelmChart of a HelmRelease, made or changed as its spec has it; for `chartRef` the object that it names. */
function makeChart(object: KubeObject, key: ObjectKey, tools: HelmReleaseTools): ObjectKey {
  const { store, record } = tools;
  const ref = valueAt(object, 'spec', 'chartRef');
  if (isLoose(ref)) {
    const plural = textAt(ref, 'kind') === 'OCIRepository' ? 'ocirepositories' : 'helmcharts';
    const namespace = textAt(ref, 'namespace') || key.namespace;
    return { cluster: key.cluster, resource: resourceOf(plural), namespace, name: textAt(ref, 'name') };
  }
  const template = valueAt(object, 'spec', 'chart', 'spec');
  const sourceNamespace = textAt(template, 'sourceRef', 'namespace') || key.namespace;
  const chartKey = {
    cluster: key.cluster,
    resource: resourceOf('helmcharts'),
    namespace: sourceNamespace,
    name: `${key.namespace}-${key.name}`,
  };
  const spec = {
    chart: textAt(template, 'chart'),
    version: textAt(template, 'version') || '*',
    interval: textAt(template, 'interval') || textAt(object, 'spec', 'interval') || '5m',
    reconcileStrategy: 'ChartVersion',
    sourceRef: {
      kind: textAt(template, 'sourceRef', 'kind') || 'HelmRepository',
      name: textAt(template, 'sourceRef', 'name'),
    },
  };
  const live = store.get(chartKey);
  if (live === null) {
    store.create(chartKey, { metadata: { name: chartKey.name, namespace: sourceNamespace }, spec }, record);
  } else store.replace(chartKey, { ...live, spec }, record);
  write(tools, key, (now) => withStatus(now, { helmChart: `${sourceNamespace}/${chartKey.name}` }));
  return chartKey;
}

/** Why a source does not serve yet: a chart that failed leaves its newest spec unseen. */
function unmetOf(source: KubeObject): string | undefined {
  const { kind, metadata } = source;
  const saying = (words: string): string =>
    `${kind} '${metadata.namespace ?? ''}/${metadata.name}' is not ready: ${words}`;
  const readyOf = conditionOf(source, 'Ready');
  if (!isObserved(source)) {
    return saying(
      readyOf?.status === 'False'
        ? textAt(readyOf, 'message')
        : 'latest generation of object has not been reconciled',
    );
  }
  const stalled = conditionOf(source, 'Stalled');
  if (stalled?.status === 'True') return saying(textAt(stalled, 'message'));
  return valueAt(source, 'status', 'artifact') === undefined
    ? saying('does not have an artifact')
    : undefined;
}

function dependencyOf(object: KubeObject, key: ObjectKey, { store }: HelmReleaseTools): string | undefined {
  for (const { name, namespace } of listAt(object, 'spec', 'dependsOn')) {
    const at = typeof namespace === 'string' ? namespace : key.namespace;
    const found = store.get({ ...key, namespace: at, name: String(name) });
    if (found === null || !isReady(found)) return `${at}/${String(name)}`;
  }
  return undefined;
}

function notReady(object: KubeObject, reason: string, message: string): KubeObject {
  return withCondition(object, { type: 'Ready', status: 'False', reason, message });
}

function observed(object: KubeObject): KubeObject {
  return withStatus(object, { observedGeneration: object.metadata.generation });
}

/** `forceAt` counts together with a request of the same value. */
function isForcedAnew(object: KubeObject): boolean {
  const annotations = object.metadata.annotations ?? {};
  const force = annotations['reconcile.fluxcd.io/forceAt'];
  return (
    force !== undefined &&
    force === annotations['reconcile.fluxcd.io/requestedAt'] &&
    force !== textAt(object, 'status', 'lastHandledReconcileAt')
  );
}

function releaseNameOf(object: KubeObject): string {
  const target = textAt(object, 'spec', 'targetNamespace');
  const composed = target === '' ? object.metadata.name : `${target}-${object.metadata.name}`;
  return textAt(object, 'spec', 'releaseName') || composed;
}

function namespaceOf(object: KubeObject, key: ObjectKey): string {
  return textAt(object, 'spec', 'targetNamespace') || key.namespace;
}

function historyOf(object: KubeObject): readonly Loose[] {
  return listAt(object, 'status', 'history');
}

function nextVersion(object: KubeObject): number {
  return Number(historyOf(object)[0]?.version ?? 0) + 1;
}

function historyWith(
  begun: KubeObject,
  { chart, version, configDigest, context }: Action,
  status: 'deployed' | 'failed',
  action: string,
): readonly Loose[] {
  const now = kubeTime(new Date());
  const old = historyOf(begun);
  const snapshot = {
    apiVersion: 'v2',
    name: context.name,
    namespace: context.namespace,
    version: nextVersion(begun),
    status,
    action,
    chartName: chart.name,
    chartVersion: version,
    ...(chart.appVersion === '' ? {} : { appVersion: chart.appVersion }),
    configDigest,
    digest: `sha256:${createHash('sha256').update(JSON.stringify(chart.objects)).digest('hex')}`,
    firstDeployed: textAt(old.at(-1), 'firstDeployed') || now,
    lastDeployed: now,
  };
  return [snapshot, ...(status === 'deployed' ? old.map(superseded) : old)].slice(0, MOST_HISTORY);
}

function superseded(snapshot: Loose): Loose {
  return snapshot.status === 'deployed' ? { ...snapshot, status: 'superseded' } : snapshot;
}
