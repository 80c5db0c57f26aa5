/** Finds the release: what was asked for, and for all that was left out what the environment before runs. */
import { parseImage, writeImage } from '../../domain/image-reference.js';
import type { Place } from '../../domain/promotion/path.js';
import type { Release, ReleaseChart, ReleaseImage } from '../../domain/promotion/release.js';
import type { PromotionContent } from '../../domain/promotion/request.js';
import { chartReleases } from '../rendering/chart-releases.js';
import { textAt } from '../rendering/data.js';
import { imagesOf } from '../rendering/images.js';
import { renderDirectory } from '../rendering/render-directory.js';
import type { RenderedObject } from '../rendering/rendered-objects.js';
import { PlanConflict } from './conflict.js';
import { readDirectory } from './repository-files.js';
import type { PromotionSystems } from './systems.js';

export interface FoundRelease {
  readonly release: Release;
  /** place of the environment before that it was found in */
  readonly source: Place;
}

/** @throws PlanConflict, SystemError, RenderedError */
export async function findRelease(
  content: PromotionContent,
  systems: PromotionSystems,
  signal?: AbortSignal,
): Promise<FoundRelease> {
  const [source] = content.from.places;
  if (source === undefined) throw new Error('the environment before has no place');
  const head = await systems.repositories.branchHeadOrNull(source.project, source.branch, signal);
  if (head === null) {
    throw new PlanConflict(
      'release',
      `${source.project} has no branch ${source.branch}, where releases of ${content.from.name} are`,
      'Create the branch, or correct the path',
    );
  }
  const commit = content.asked.commit ?? head;
  if (commit !== head && !(await systems.gitlab.isAncestor(source.project, commit, head, signal))) {
    throw new PlanConflict(
      'release',
      `commit ${commit.slice(0, 12)} is not on ${source.branch} of ${source.project}`,
      `Name a commit that ${content.from.name} has`,
    );
  }
  const files = await readDirectory(
    systems.repositories,
    { project: source.project, commit, directory: source.directory },
    signal,
  );
  const { objects } = await renderDirectory(files, source.directory, {
    kustomize: systems.kustomize,
    reader: source.deliveries[0]?.kind ?? 'argocd',
    recurse: true,
    signal,
  });
  const images: ReleaseImage[] = [];
  for (const repository of content.images) {
    images.push(await findImage(content, repository, objects, systems, signal));
  }
  const charts: ReleaseChart[] = [];
  for (const chart of content.charts) charts.push(await findChart(content, chart, objects, systems, signal));
  return { release: { images, charts, commit }, source };
}

async function findImage(
  content: PromotionContent,
  repository: string,
  objects: readonly RenderedObject[],
  systems: PromotionSystems,
  signal: AbortSignal | undefined,
): Promise<ReleaseImage> {
  const asked = content.asked.images[repository];
  const running = imagesOf(objects)
    .map(({ image }) => parseImage(image))
    .find((image) => image?.repository === repository);
  const wanted =
    asked === undefined
      ? running
      : asked.startsWith('sha256:')
        ? { repository, digest: asked }
        : { repository, tag: asked };
  if (wanted === undefined) {
    throw new PlanConflict(
      'release',
      `${content.from.name} runs no image ${repository}`,
      'Correct the images of the path, or name the image in the request',
    );
  }
  return await resolved(wanted, systems, signal);
}

/** A digest must be there; a tag leads to the digest that it has now. */
async function resolved(
  wanted: { readonly repository: string; readonly tag?: string; readonly digest?: string },
  systems: PromotionSystems,
  signal: AbortSignal | undefined,
): Promise<ReleaseImage> {
  const { repository, tag, digest } = wanted;
  const text = writeImage(wanted);
  if (systems.registry === undefined) {
    if (digest !== undefined) return { repository, digest };
    throw new PlanConflict(
      'image',
      `${text} is named by a tag, and no registry is configured to look it up`,
      'Configure systems.registry, or name images by digest',
    );
  }
  const found = await systems.registry.resolve(
    digest === undefined ? text : `${repository}@${digest}`,
    signal,
  );
  if (found === null) {
    throw new PlanConflict('image', `${text} is not in the registry`, 'Push it first, or name another one');
  }
  return { repository, digest: found.digest, ...(tag === undefined ? {} : { tag }) };
}

async function findChart(
  content: PromotionContent,
  chart: { readonly name: string; readonly repository: string },
  objects: readonly RenderedObject[],
  { registry }: PromotionSystems,
  signal: AbortSignal | undefined,
): Promise<ReleaseChart> {
  const version = content.asked.charts[chart.name] ?? runningChart(chart.name, objects);
  if (version === undefined) {
    throw new PlanConflict(
      'release',
      `${content.from.name} has no HelmRelease of the chart ${chart.name}`,
      'Correct the charts of the path, or name the version in the request',
    );
  }
  if (registry === undefined) return { name: chart.name, version };
  const found = chart.repository.startsWith('oci://')
    ? await registry.chartVersion(`${chart.repository.slice('oci://'.length)}/${chart.name}`, version, signal)
    : await registry.classicChartVersion(chart.repository, chart.name, version, signal);
  if (found === null) {
    throw new PlanConflict(
      'chart',
      `chart ${chart.name} ${version} is not in ${chart.repository}`,
      'Wait until it is published, or name another version: a HelmRelease of a missing chart fails',
    );
  }
  return { name: chart.name, version, ...(found.digest === undefined ? {} : { digest: found.digest }) };
}

/** By `spec.chart`, whatever it asks for, or by the OCIRepository that `spec.chartRef` names. */
function runningChart(name: string, objects: readonly RenderedObject[]): string | undefined {
  const referred = chartReleases(objects, '').find(({ chart }) => chart === name)?.version;
  if (referred !== undefined) return referred;
  return objects
    .filter(
      ({ kind, object }) =>
        kind === 'HelmRelease' && textAt(object, 'spec', 'chart', 'spec', 'chart') === name,
    )
    .map(({ object }) => textAt(object, 'spec', 'chart', 'spec', 'version'))
    .find((version) => version !== undefined);
}
