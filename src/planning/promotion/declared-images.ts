/** What Git says an environment runs: images of what is rendered, and values that edits of the path name. */

import type { FileSet } from '../../domain/file-set.js';
import { type ImageReference, parseImage } from '../../domain/image-reference.js';
import type { Edit, Place } from '../../domain/promotion/path.js';
import type { PromotionContent } from '../../domain/promotion/request.js';
import { isSameRepository } from '../../domain/registry-reference.js';
import { EditRefused } from '../edits/edit-result.js';
import { type FoundValue, readValueAt, withoutName } from '../edits/set-value.js';
import { applicationSources, chartUses } from '../rendering/chart-releases.js';
import { fieldsAt } from '../rendering/data.js';
import { imagesOf } from '../rendering/images.js';
import { objectTitle, type RenderedObject } from '../rendering/rendered-objects.js';
import { type ChartEdit, type ImageEdit, imageIn, versionIn } from './release-part.js';

/** One value, and where it stands. */
export interface Declared<T> {
  readonly value: T;
  /** for people, e.g. `Deployment shop/web` or `release.yaml spec.values.image.tag` */
  readonly where: string;
}

/** Every image of rendered objects: of pods, and those that an Application sets for what it reads elsewhere. */
export function declaredIn(objects: readonly RenderedObject[]): readonly Declared<ImageReference>[] {
  const inPods = imagesOf(objects).map(({ image, object }) => ({ text: image, object }));
  const inApplications = objects.flatMap((object) =>
    object.kind === 'Application' ? applicationImages(object).map((text) => ({ text, object })) : [],
  );
  return [...inPods, ...inApplications].flatMap(({ text, object }) => {
    const value = parseImage(text);
    return value === undefined ? [] : [{ value, where: objectTitle(object) }];
  });
}

/** `kustomize.images` of every source of an Application. */
function applicationImages(object: RenderedObject): readonly string[] {
  return applicationSources(object).flatMap((source) => {
    const { images } = fieldsAt(source, 'kustomize');
    return Array.isArray(images)
      ? images.flatMap((image: unknown) => (typeof image === 'string' ? [withoutName(image)] : []))
      : [];
  });
}

/** Versions of a chart that rendered objects ask for: HelmReleases and Applications, whatever they ask for. */
export function chartVersionsIn(
  objects: readonly RenderedObject[],
  chart: string,
): readonly Declared<string>[] {
  return chartUses(objects)
    .filter((use) => use.chart === chart && use.version !== undefined)
    .map(({ version = '', object }) => ({ value: version, where: objectTitle(object) }));
}

/** What values of the environment before say of an image, where it has the files that the edits name. */
export function imagesByEdits(
  content: PromotionContent,
  source: Place,
  files: FileSet,
  repository: string,
): readonly Declared<ImageReference>[] {
  return editsFor(content, source, (edit): edit is ImageEdit => edit.kind === 'value' && 'image' in edit)
    .filter(({ image }) => image === repository)
    .flatMap(({ file, at, take }) => {
      const found = valueIn(files, source, file, at);
      const value = found === undefined ? undefined : imageIn(take, repository, found);
      return value === undefined ? [] : [{ value, where: `${file} ${at}` }];
    });
}

/** The same of a chart's version. */
export function versionsByEdits(
  content: PromotionContent,
  source: Place,
  files: FileSet,
  chart: string,
): readonly Declared<string>[] {
  return editsFor(content, source, (edit): edit is ChartEdit => 'chart' in edit)
    .filter((edit) => edit.chart === chart)
    .flatMap((edit) => {
      const found = valueIn(files, source, edit.file, edit.at);
      const prefix = edit.kind === 'value' ? edit.prefix : undefined;
      const value = found === undefined ? undefined : versionIn(found, prefix);
      return value === undefined ? [] : [{ value, where: `${edit.file} ${edit.at}` }];
    });
}

/** Images that are of a repository, under whatever spelling. */
export function ofRepository(
  all: readonly Declared<ImageReference>[],
  repository: string,
): readonly Declared<ImageReference>[] {
  return all.filter(({ value }) => isSameRepository(value.repository, repository));
}

/** Edits of the environment before, which say where it has its values; else those of the one that is promoted to. */
function editsFor<T extends Edit>(
  { targets }: PromotionContent,
  source: Place,
  isMeant: (edit: Edit) => edit is T,
): readonly T[] {
  const own = source.change.kind === 'edit' ? source.change.edits.filter(isMeant) : [];
  if (own.length > 0) return own;
  const edits = targets.flatMap(({ change }) => (change.kind === 'edit' ? change.edits.filter(isMeant) : []));
  return [...new Map(edits.map((edit) => [JSON.stringify(edit), edit])).values()];
}

function valueIn(files: FileSet, { directory }: Place, file: string, at: string): FoundValue | undefined {
  try {
    return readValueAt(files, directory === '' || directory === '.' ? file : `${directory}/${file}`, at);
  } catch (error) {
    // it may be laid out otherwise; then what is rendered says it, or nothing does
    if (error instanceof EditRefused) return undefined;
    throw error;
  }
}
