/** What a release makes of the files of one place. */
import { type FileSet, isWithin, type TextChange, withChanges } from '../../domain/file-set.js';
import type { Edit, Place } from '../../domain/promotion/path.js';
import type { Release } from '../../domain/promotion/release.js';
import { type PromotedTag, promotedTag } from '../../domain/promotion/tags.js';
import { withChartLock } from '../edits/chart-lock.js';
import { copyDirectory } from '../edits/copy-directory.js';
import type { EditResult } from '../edits/edit-result.js';
import { setImageInManifests } from '../edits/set-image-in-manifests.js';
import { setKustomizeImage } from '../edits/set-kustomize-image.js';
import { setValueAt } from '../edits/set-value.js';
import { PlanConflict } from './conflict.js';
import { type ChartEdit, type ImageEdit, imageText, versionText } from './release-part.js';
import { hashOf } from './repository-files.js';

export interface PlaceChange {
  readonly before: FileSet;
  readonly after: FileSet;
  /** only files that really change */
  readonly changes: readonly TextChange[];
  /** of a copy: path below the directory and hash of what was taken over, part of the release's fingerprint */
  readonly contents: readonly { readonly path: string; readonly sha256: string }[];
  /** tags that have to be made: image and its tag here */
  readonly tags: readonly PromotedTag[];
  /** tags that files name as the environment before does: they have to stand on the digest already */
  readonly takenTags: readonly PromotedTag[];
}

export interface ChangeInput {
  readonly place: Place;
  readonly release: Release;
  /** files of the place's repository, at the head of its branch */
  readonly before: FileSet;
  /** files of the environment before, at the commit of the release */
  readonly source: { readonly files: FileSet; readonly directory: string };
  /** prefixes of tags that environments of the path use */
  readonly prefixes: readonly string[];
}

/** @throws EditRefused, PlanConflict */
export function changeOf(input: ChangeInput): PlaceChange {
  const { place, before, source } = input;
  if (place.change.kind === 'copy') {
    const { files } = copyDirectory(source.files, before, {
      from: source.directory,
      to: place.directory,
      keep: place.change.keep,
    });
    const after = withChanges(before, files);
    return { before, after, changes: files, contents: contentsOf(input), tags: [], takenTags: [] };
  }
  let after = before;
  const changed = new Map<string, TextChange>();
  const tags: PromotedTag[] = [];
  const takenTags: PromotedTag[] = [];
  for (const edit of place.change.edits) {
    const { files, tag, takenTag } = edited(edit, after, input);
    if (tag !== undefined) tags.push(tag);
    if (takenTag !== undefined) takenTags.push(takenTag);
    after = withChanges(after, files);
    for (const change of files) {
      changed.set(change.path, { ...change, before: before.get(change.path) ?? null });
    }
  }
  return { before, after, changes: [...changed.values()], contents: [], tags, takenTags };
}

interface EditedFiles {
  readonly files: readonly TextChange[];
  readonly tag?: PromotedTag;
  readonly takenTag?: PromotedTag;
}

function edited(edit: Edit, files: FileSet, { place, release, prefixes }: ChangeInput): EditedFiles {
  switch (edit.kind) {
    case 'manifest-image': {
      const { digest } = imageOf(release, edit.image);
      return setImageInManifests(files, place.directory, { image: edit.image, to: { digest } });
    }
    case 'kustomize-image': {
      const { repository, digest, tag } = imageOf(release, edit.image);
      const path = inDirectory(place, edit.file);
      if ('digest' in edit.by) return setKustomizeImage(files, path, { image: edit.image, digest });
      if (tag === undefined) throw unnamed(edit.image, place.name);
      const newTag = promotedTag(tag, prefixes, edit.by.tagPrefix);
      return {
        files: setKustomizeImage(files, path, { image: edit.image, newTag }).files,
        tag: { repository, tag: newTag, digest },
      };
    }
    case 'chart-version':
      return setVersion(edit, files, place, release);
    case 'value': {
      if ('chart' in edit) return setVersion(edit, files, place, release, edit.prefix);
      return setImagePart(edit, files, { place, release, prefixes });
    }
  }
}

function setVersion(
  { file, at, chart: name }: ChartEdit,
  files: FileSet,
  place: Place,
  release: Release,
  prefix?: string,
): EditResult {
  const chart = release.charts.find((one) => one.name === name);
  if (chart === undefined) throw new Error(`the release has no chart ${name}`);
  const path = inDirectory(place, file);
  return withChartLock(
    files,
    path,
    setValueAt(files, path, at, (found) => versionText(chart.version, found, prefix)),
  );
}

function setImagePart(
  { file, at, image: name, take, prefix }: ImageEdit,
  files: FileSet,
  { place, release, prefixes }: Pick<ChangeInput, 'place' | 'release' | 'prefixes'>,
): EditedFiles {
  const image = imageOf(release, name);
  const isTagged = take === 'tag' || take === 'repository:tag';
  if (isTagged && image.tag === undefined) throw unnamed(name, place.name);
  const { repository, digest } = image;
  const tag =
    !isTagged || image.tag === undefined || prefix === undefined
      ? image.tag
      : promotedTag(image.tag, prefixes, prefix);
  const edited = setValueAt(files, inDirectory(place, file), at, (found) => {
    const text = imageText(take, { repository, digest, ...(tag === undefined ? {} : { tag }) }, found);
    if (text === undefined) throw unnamed(name, place.name);
    return text;
  });
  if (!isTagged || tag === undefined) return edited;
  const named = { repository, tag, digest };
  return prefix === undefined ? { ...edited, takenTag: named } : { ...edited, tag: named };
}

function unnamed(image: string, place: string): PlanConflict {
  return new PlanConflict(
    'release',
    `${image} is named by digest, and ${place} names it by tag`,
    'Name the tag in the request, or take the digest in the path',
  );
}

function imageOf(release: Release, repository: string): Release['images'][number] {
  const image = release.images.find((one) => one.repository === repository);
  if (image === undefined) throw new Error(`the release has no image ${repository}`);
  return image;
}

function inDirectory({ directory }: Place, file: string): string {
  return directory === '' ? file : `${directory}/${file}`;
}

/** What is taken over, by its path below the directory, so that it can be told again in the next environment. */
function contentsOf({ source, place }: ChangeInput): PlaceChange['contents'] {
  const keep = place.change.kind === 'copy' ? place.change.keep : [];
  const { files } = copyDirectory(source.files, new Map(), { from: source.directory, to: '', keep });
  return files.flatMap(({ path, after }) => (after === null ? [] : [{ path, sha256: hashOf(after) }]));
}

/** True when a path is one that the place may change. */
export function isOfPlace({ directory }: Place, path: string): boolean {
  return isWithin(directory, path);
}
