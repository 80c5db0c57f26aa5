/** Finds the release: what was asked for, and for all that was left out what the environment before runs. */
import type { FileSet } from '../../domain/file-set.js';
import { type ImageReference, writeImage } from '../../domain/image-reference.js';
import type { Place } from '../../domain/promotion/path.js';
import type { Release, ReleaseChart, ReleaseImage } from '../../domain/promotion/release.js';
import type { PromotionContent } from '../../domain/promotion/request.js';
import type { RenderedObject } from '../rendering/rendered-objects.js';
import { PlanConflict } from './conflict.js';
import {
  chartVersionsIn,
  declaredIn,
  imagesByEdits,
  ofRepository,
  versionsByEdits,
} from './declared-images.js';
import { onlyImage } from './only-image.js';
import { renderPlace } from './render-place.js';
import { readPlace } from './repository-files.js';
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
  const files = await readPlace(systems.repositories, source, commit, undefined, signal);
  const { objects } = await renderPlace(files, source, systems, content.charts, signal);
  const finding: Finding = { content, systems, source, files, objects, signal };
  const images: ReleaseImage[] = [];
  for (const repository of content.images) images.push(await findImage(finding, repository));
  const charts: ReleaseChart[] = [];
  for (const chart of content.charts) charts.push(await findChart(finding, chart));
  return { release: { images, charts, commit }, source };
}

interface Finding {
  readonly content: PromotionContent;
  readonly systems: PromotionSystems;
  readonly source: Place;
  readonly files: FileSet;
  readonly objects: readonly RenderedObject[];
  readonly signal: AbortSignal | undefined;
}

/** What the request names, else what Git says. */
async function findImage(finding: Finding, repository: string): Promise<ReleaseImage> {
  const { content, systems, signal } = finding;
  const asked = content.asked.images[repository];
  const declared = asked === undefined ? declaredImage(finding, repository) : askedImage(repository, asked);
  if (declared === undefined) {
    throw new PlanConflict(
      'release',
      `${content.from.name} runs no image ${repository}`,
      'Correct the images of the path, or name the image in the request',
    );
  }
  const wanted = { ...declared, repository };
  return await resolved(wanted, systems, signal);
}

function declaredImage(
  { content, source, files, objects }: Finding,
  repository: string,
): ImageReference | undefined {
  return onlyImage(content.from.name, repository, [
    ...ofRepository(declaredIn(objects), repository),
    ...imagesByEdits(content, source, files, repository),
  ]);
}

/** A digest, a tag, or both as an earlier plan has them. */
function askedImage(repository: string, asked: string): ImageReference {
  if (asked.startsWith('sha256:')) return { repository, digest: asked };
  const [tag, digest] = asked.split('@');
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
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
  { content, source, files, objects, systems: { registry }, signal }: Finding,
  chart: { readonly name: string; readonly repository: string },
): Promise<ReleaseChart> {
  const asked = content.asked.charts[chart.name];
  const wanted =
    asked === undefined
      ? [...chartVersionsIn(objects, chart.name), ...versionsByEdits(content, source, files, chart.name)]
      : [{ value: asked, where: 'the request' }];
  const [version, another] = [...new Set(wanted.map(({ value }) => value))];
  if (version === undefined) {
    throw new PlanConflict(
      'release',
      `${content.from.name} has no HelmRelease, Application or Chart.yaml with the chart ${chart.name}`,
      'Correct the charts of the path, or name the version in the request',
    );
  }
  if (another !== undefined) {
    throw new PlanConflict(
      'release',
      `${content.from.name} has the chart ${chart.name} twice: ${wanted.map(({ value, where }) => `${value} (${where})`).join(' and ')}`,
      'Name in the request which version is released',
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
