/** source-controller: GitRepository, OCIRepository and HelmChart (docs/spec/v1 of source-controller 1.9). */
import { createHash } from 'node:crypto';
import { FetchFailed, type RepositoryMirror } from '../argocd/repository-mirror.js';
import type { ObjectKey } from '../object-store.js';
import { type KubeObject, kubeTime } from '../objects.js';
import { resourceOf } from '../resources.js';
import { type ControllerTools, finish, write } from './controller-tools.js';
import { type PulledChart, PullFailed, type PullingRegistry } from './registry.js';
import {
  durationMs,
  isSuspended,
  progressing,
  ready,
  retrying,
  textAt,
  valueAt,
  withCondition,
  withStatus,
} from './status.js';

const EXACT_VERSION = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;
const MINUTE_MS = 60_000;

export interface SourceTools extends ControllerTools {
  readonly mirrorOf: (url: string) => RepositoryMirror;
  readonly registry: PullingRegistry;
}

/** An archive that a source holds. */
export interface Artifact {
  readonly revision: string;
  /** digest of what it was made of */
  readonly digest: string;
}

/** Reconciles one source. @returns milliseconds until the next time */
export function reconcileSource(key: ObjectKey, tools: SourceTools): Promise<number | undefined> {
  if (key.resource.plural === 'gitrepositories') return reconcileGit(key, tools);
  return key.resource.plural === 'helmcharts' ? reconcileChart(key, tools) : reconcileOci(key, tools);
}

async function reconcileGit(key: ObjectKey, tools: SourceTools): Promise<number | undefined> {
  const begun = tools.store.get(key);
  if (begun === null || isSuspended(begun)) return undefined;
  const url = textAt(begun, 'spec', 'url');
  const branch = textAt(begun, 'spec', 'ref', 'branch') || 'master';
  if (valueAt(begun, 'status', 'artifact') === undefined) {
    write(tools, key, (object) => progressing(object, 'building artifact'));
  }
  try {
    const commit = await tools.mirrorOf(url).head(branch);
    if (commit === null) throw new FetchFailed(`couldn't find remote ref "refs/heads/${branch}"`);
    const artifact = { revision: `${branch}@sha1:${commit}`, digest: digestOf(commit) };
    const message = `stored artifact for revision '${artifact.revision}'`;
    finish(tools, key, begun, (object) => ready(withArtifact(object, artifact), 'Succeeded', message));
    return intervalOf(begun);
  } catch (error) {
    if (!(error instanceof FetchFailed)) throw error;
    const message = `failed to checkout and determine revision: unable to clone '${url}': ${error.message}`;
    finish(tools, key, begun, (object) => failed(object, 'GitOperationFailed', message));
    return tools.retryMs();
  }
}

async function reconcileOci(key: ObjectKey, tools: SourceTools): Promise<number | undefined> {
  const begun = tools.store.get(key);
  if (begun === null || isSuspended(begun)) return undefined;
  const tag = textAt(begun, 'spec', 'ref', 'tag') || 'latest';
  const wanted = textAt(begun, 'spec', 'ref', 'digest');
  const reference = `${hostPathOf(textAt(begun, 'spec', 'url'))}${wanted === '' ? `:${tag}` : `@${wanted}`}`;
  try {
    const digest = await tools.registry.digestOf(reference);
    const revision = wanted === '' ? `${tag}@${digest}` : digest;
    const message = `stored artifact for digest '${revision}'`;
    finish(tools, key, begun, (object) =>
      ready(withArtifact(object, { revision, digest }), 'Succeeded', message),
    );
    return intervalOf(begun);
  } catch (error) {
    if (!(error instanceof PullFailed)) throw error;
    const message = `failed to determine artifact digest: ${error.message}`;
    finish(tools, key, begun, (object) => failed(object, 'OCIArtifactPullFailed', message));
    return tools.retryMs();
  }
}

/** A chart that is not in its registry yet is looked for again and again; in a range nothing is looked for at all. */
async function reconcileChart(key: ObjectKey, tools: SourceTools): Promise<number | undefined> {
  const begun = tools.store.get(key);
  if (begun === null || isSuspended(begun)) return undefined;
  const reference = chartReferenceOf(begun, key, tools);
  if (typeof reference !== 'string') {
    finish(tools, key, begun, (object) => stalled(object, 'InvalidChartReference', reference.fault));
    return undefined;
  }
  const [name, version] = [textAt(begun, 'spec', 'chart'), textAt(begun, 'spec', 'version')];
  try {
    const { digest } = await tools.registry.chart(reference);
    const message = `pulled '${name}' chart with version '${version}'`;
    finish(tools, key, begun, (object) =>
      withStatus(ready(withArtifact(object, { revision: version, digest }), 'ChartPullSucceeded', message), {
        observedChartName: name,
      }),
    );
    return intervalOf(begun);
  } catch (error) {
    if (!(error instanceof PullFailed)) throw error;
    const message = `chart pull error: failed to download chart for remote reference: failed to get 'oci://${reference}': ${error.message}`;
    finish(tools, key, begun, (object) => failed(object, 'ChartPullError', message));
    return tools.retryMs();
  }
}

/** `host/path/name:tag` of a HelmChart of an OCI registry. */
function chartReferenceOf(
  chart: KubeObject,
  key: ObjectKey,
  { store }: SourceTools,
): string | { readonly fault: string } {
  const name = textAt(chart, 'spec', 'sourceRef', 'name');
  const repository = store.get({ ...key, resource: resourceOf('helmrepositories'), name });
  if (repository === null) return { fault: `failed to get source: HelmRepository "${name}" not found` };
  const url = textAt(repository, 'spec', 'url');
  if (!url.startsWith('oci://')) return { fault: `unsupported scheme of the chart repository ${url}` };
  const version = textAt(chart, 'spec', 'version');
  if (!EXACT_VERSION.test(version)) {
    return { fault: `could not locate a version matching provided version string ${version}` };
  }
  return `${hostPathOf(url)}/${textAt(chart, 'spec', 'chart')}:${version.replaceAll('+', '_')}`;
}

/** Pulls what the artifact of a HelmChart or OCIRepository was made of. Throws `PullFailed`. */
export async function chartOf(source: KubeObject, key: ObjectKey, tools: SourceTools): Promise<PulledChart> {
  if (source.kind === 'OCIRepository') {
    const revision = textAt(source, 'status', 'artifact', 'revision');
    const digest = revision.slice(revision.lastIndexOf('sha256:'));
    return tools.registry.chart(`${hostPathOf(textAt(source, 'spec', 'url'))}@${digest}`);
  }
  const reference = chartReferenceOf(source, key, tools);
  if (typeof reference !== 'string') throw new PullFailed(reference.fault);
  return tools.registry.chart(reference);
}

function withArtifact(object: KubeObject, { revision, digest }: Artifact): KubeObject {
  if (textAt(object, 'status', 'artifact', 'revision') === revision) return object;
  const { kind, metadata } = object;
  const path = `${kind.toLowerCase()}/${metadata.namespace ?? ''}/${metadata.name}/${digest.slice(-12)}.tar.gz`;
  const artifact = {
    revision,
    digest,
    path,
    url: `http://source-controller.flux-system.svc.cluster.local./${path}`,
    lastUpdateTime: kubeTime(new Date()),
  };
  return withCondition(withStatus(object, { artifact }), {
    type: 'ArtifactInStorage',
    status: 'True',
    reason: 'Succeeded',
    message: `stored artifact for revision '${revision}'`,
  });
}

function failed(object: KubeObject, reason: string, message: string): KubeObject {
  const fetch = withCondition(object, { type: 'FetchFailed', status: 'True', reason, message });
  return retrying(fetch, reason, message);
}

function stalled(object: KubeObject, reason: string, message: string): KubeObject {
  const told = withCondition(object, { type: 'Stalled', status: 'True', reason, message });
  return withStatus(withCondition(told, { type: 'Ready', status: 'False', reason, message }), {
    observedGeneration: object.metadata.generation,
  });
}

function hostPathOf(url: string): string {
  return url.replace(/^oci:\/\//, '').replace(/\/$/, '');
}

function intervalOf(object: KubeObject): number {
  return durationMs(textAt(object, 'spec', 'interval'), MINUTE_MS);
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
