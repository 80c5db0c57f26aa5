/** kustomize-controller (docs/spec/v1 of kustomize-controller 1.9): which fields it writes, and when. */
import type { RepositoryMirror } from '../argocd/repository-mirror.js';
import type { ObjectKey } from '../object-store.js';
import { isLoose, type KubeObject, type Loose } from '../objects.js';
import { resourceOf } from '../resources.js';
import { type AppliedObjects, ApplyRefused, healthOf, type InventoryEntry } from './applied-objects.js';
import { type ControllerTools, finish, write } from './controller-tools.js';
import { BuildFault, buildCommit } from './kustomize-build.js';
import {
  durationMs,
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

const INTERVAL_MS = 600_000;
/** How often health is looked at, in milliseconds. */
const HEALTH_MS = 50;

export interface KustomizationTools extends ControllerTools {
  readonly mirrorOf: (url: string) => RepositoryMirror;
  readonly objects: AppliedObjects;
}

/** Reconciles one Kustomization. @returns milliseconds until the next time */
export async function reconcileKustomization(
  key: ObjectKey,
  tools: KustomizationTools,
): Promise<number | undefined> {
  const begun = tools.store.get(key);
  if (begun === null || isSuspended(begun)) return undefined;
  const waitFor = (reason: string, message: string): number => {
    finish(tools, key, begun, (object) => retrying(object, reason, message));
    return tools.retryMs();
  };
  const source = sourceOf(begun, key, tools);
  if (source === null) {
    const name = textAt(begun, 'spec', 'sourceRef', 'name');
    return waitFor('ArtifactFailed', `GitRepository.source.toolkit.fluxcd.io "${name}" not found`);
  }
  const revision = textAt(source, 'status', 'artifact', 'revision');
  if (revision === '') return waitFor('ArtifactFailed', 'Source artifact not found, retrying in 30s');
  const unready = dependencyOf(begun, key, revision, tools);
  if (unready !== undefined) return waitFor('DependencyNotReady', `dependency '${unready}' is not ready`);
  const attempt = { key, begun, source, revision };
  try {
    await makeAttempt(attempt, tools);
    return durationMs(textAt(begun, 'spec', 'interval'), INTERVAL_MS);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    const message = error instanceof Error ? error.message : '';
    finish(tools, key, begun, (object) => {
      const told =
        reason === 'HealthCheckFailed'
          ? withCondition(object, { type: 'Healthy', status: 'False', reason, message })
          : object;
      return retrying(told, reason, message);
    });
    return durationMs(textAt(begun, 'spec', 'retryInterval'), tools.retryMs());
  }
}

interface Attempt {
  readonly key: ObjectKey;
  readonly begun: KubeObject;
  readonly source: KubeObject;
  readonly revision: string;
}

/** Something of it did not become well in its time. */
class HealthCheckFault extends Error {
  override readonly name = 'HealthCheckFault';
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof BuildFault) return error.kind === 'path' ? 'ArtifactFailed' : 'BuildFailed';
  if (error instanceof ApplyRefused) return 'ReconciliationFailed';
  return error instanceof HealthCheckFault ? 'HealthCheckFailed' : undefined;
}

async function makeAttempt(attempt: Attempt, tools: KustomizationTools): Promise<void> {
  const { key, begun, source, revision } = attempt;
  const timeout = textAt(begun, 'spec', 'timeout') || textAt(begun, 'spec', 'interval');
  write(tools, key, (object) =>
    progressing(object, `Fetching manifests for revision ${revision} with a timeout of ${timeout}`),
  );
  const commit = revision.slice(revision.lastIndexOf(':') + 1);
  const mirror = tools.mirrorOf(textAt(source, 'spec', 'url'));
  const attempted = (): unknown =>
    write(tools, key, (object) => withStatus(object, { lastAttemptedRevision: revision }));
  const manifests = await buildCommit(mirror, commit, textAt(begun, 'spec', 'path')).catch(
    (error: unknown) => {
      // without the folder the revision does not count as attempted
      if (error instanceof BuildFault && error.kind === 'build') attempted();
      throw error;
    },
  );
  attempted();
  const target = textAt(begun, 'spec', 'targetNamespace');
  const placed = target === '' ? manifests : manifests.map((one) => inNamespace(one, target));
  const before = inventoryOf(begun);
  const inventory = tools.objects.apply(key.cluster, key.namespace, placed);
  write(tools, key, (object) => withStatus(object, { inventory: { entries: inventory } }));
  if (valueAt(begun, 'spec', 'prune') === true) tools.objects.prune(key.cluster, before, inventory);
  await checkHealth(attempt, inventory, durationMs(timeout, INTERVAL_MS), tools);
  finish(tools, key, begun, (object) =>
    ready(
      withStatus(object, { lastAppliedRevision: revision }),
      'ReconciliationSucceeded',
      `Applied revision: ${revision}`,
    ),
  );
}

/** With `wait` everything that was applied must be well; without it "applied" is all that `Ready` says. */
async function checkHealth(
  { key, begun, revision }: Attempt,
  inventory: readonly InventoryEntry[],
  timeoutMs: number,
  tools: KustomizationTools,
): Promise<void> {
  if (valueAt(begun, 'spec', 'wait') !== true) {
    write(tools, key, (object) => withoutConditions(object, 'Healthy'));
    return;
  }
  const message = `Running health checks for revision ${revision} with a timeout of ${timeoutMs / 1_000}s`;
  write(tools, key, (object) =>
    withCondition(progressing(object, message), {
      type: 'Healthy',
      status: 'Unknown',
      reason: 'Progressing',
      message,
    }),
  );
  const startedMs = Date.now();
  const until = startedMs + timeoutMs;
  for (;;) {
    if (tools.isStopped()) return;
    const unwell = tools.objects
      .read(key.cluster, inventory)
      .map((object) => ({ object, health: healthOf(object) }))
      .filter(({ health }) => health !== 'Current');
    if (unwell.length === 0) break;
    const isFailed = unwell.some(({ health }) => health === 'Failed');
    if (isFailed || Date.now() >= until) {
      const list = unwell.map(
        ({ object: { kind, metadata }, health }) =>
          `${kind}/${metadata.namespace ?? ''}/${metadata.name} status: '${health}'`,
      );
      const after = `${(Date.now() - startedMs) / 1_000}s`;
      throw new HealthCheckFault(
        isFailed
          ? `health check failed after ${after}: failed early due to stalled resources: [${list.join(', ')}]`
          : `health check failed after ${after}: timeout waiting for: [${list.join(', ')}]`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, HEALTH_MS));
  }
  write(tools, key, (object) =>
    withCondition(object, {
      type: 'Healthy',
      status: 'True',
      reason: 'Succeeded',
      message: `Health check passed in ${Date.now() - startedMs}ms`,
    }),
  );
}

/** The source that a Kustomization reads, or null; only Git is built here. */
export function sourceOf(
  kustomization: KubeObject,
  key: ObjectKey,
  tools: ControllerTools,
): KubeObject | null {
  if (textAt(kustomization, 'spec', 'sourceRef', 'kind') !== 'GitRepository') return null;
  return tools.store.get({
    cluster: key.cluster,
    resource: resourceOf('gitrepositories'),
    namespace: textAt(kustomization, 'spec', 'sourceRef', 'namespace') || key.namespace,
    name: textAt(kustomization, 'spec', 'sourceRef', 'name'),
  });
}

/** The first dependency that is not ready with the same source at this revision. */
function dependencyOf(
  object: KubeObject,
  key: ObjectKey,
  revision: string,
  tools: ControllerTools,
): string | undefined {
  for (const { name, namespace } of listAt(object, 'spec', 'dependsOn')) {
    const at = typeof namespace === 'string' ? namespace : key.namespace;
    const found = tools.store.get({ ...key, namespace: at, name: String(name) });
    const isSameSource =
      found !== null &&
      textAt(found, 'spec', 'sourceRef', 'name') === textAt(object, 'spec', 'sourceRef', 'name');
    const isCurrent = !isSameSource || textAt(found, 'status', 'lastAppliedRevision') === revision;
    if (found === null || !isReady(found) || !isCurrent) return `${at}/${String(name)}`;
  }
  return undefined;
}

export function inventoryOf(object: KubeObject): readonly InventoryEntry[] {
  return listAt(object, 'status', 'inventory', 'entries').map((entry) => ({
    id: textAt(entry, 'id'),
    v: textAt(entry, 'v'),
  }));
}

function inNamespace(manifest: Loose, namespace: string): Loose {
  const metadata = isLoose(manifest.metadata) ? manifest.metadata : {};
  return { ...manifest, metadata: { ...metadata, namespace } };
}
