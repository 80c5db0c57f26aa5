/** What a release makes of the files of one place. */
import { type FileSet, isWithin, type TextChange, withChanges } from '../../domain/file-set.js';
import type { Edit, Place } from '../../domain/promotion/path.js';
import type { Release } from '../../domain/promotion/release.js';
import { promotedTag } from '../../domain/promotion/tags.js';
import { copyDirectory } from '../edits/copy-directory.js';
import { setImageInManifests } from '../edits/set-image-in-manifests.js';
import { setKustomizeImage } from '../edits/set-kustomize-image.js';
import { setScalarAt } from '../edits/set-scalar.js';
import { PlanConflict } from './conflict.js';
import { hashOf } from './repository-files.js';

export interface PlaceChange {
  readonly before: FileSet;
  readonly after: FileSet;
  /** only files that really change */
  readonly changes: readonly TextChange[];
  /** of a copy: path below the directory and hash of what was taken over, part of the release's fingerprint */
  readonly contents: readonly { readonly path: string; readonly sha256: string }[];
  /** tags that have to exist: image and its tag here */
  readonly tags: readonly { readonly repository: string; readonly tag: string; readonly digest: string }[];
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
    return { before, after, changes: files, contents: contentsOf(input), tags: [] };
  }
  let after = before;
  const changed = new Map<string, TextChange>();
  const tags: PlaceChange['tags'][number][] = [];
  for (const edit of place.change.edits) {
    const { files, tag } = edited(edit, after, input);
    if (tag !== undefined) tags.push(tag);
    after = withChanges(after, files);
    for (const change of files) {
      changed.set(change.path, { ...change, before: before.get(change.path) ?? null });
    }
  }
  return { before, after, changes: [...changed.values()], contents: [], tags };
}

function edited(
  edit: Edit,
  files: FileSet,
  { place, release, prefixes }: ChangeInput,
): { readonly files: readonly TextChange[]; readonly tag?: PlaceChange['tags'][number] } {
  switch (edit.kind) {
    case 'manifest-image': {
      const { digest } = imageOf(release, edit.image);
      return setImageInManifests(files, place.directory, { image: edit.image, to: { digest } });
    }
    case 'kustomize-image': {
      const { repository, digest, tag } = imageOf(release, edit.image);
      const path = inDirectory(place, edit.file);
      if ('digest' in edit.by) return setKustomizeImage(files, path, { image: edit.image, digest });
      if (tag === undefined) {
        throw new PlanConflict(
          'release',
          `${edit.image} is named by digest, and ${place.name} names it by a tag with the prefix ${edit.by.tagPrefix}`,
          'Name the tag in the request',
        );
      }
      const newTag = promotedTag(tag, prefixes, edit.by.tagPrefix);
      return {
        files: setKustomizeImage(files, path, { image: edit.image, newTag }).files,
        tag: { repository, tag: newTag, digest },
      };
    }
    case 'chart-version': {
      const chart = release.charts.find(({ name }) => name === edit.chart);
      if (chart === undefined) throw new Error(`the release has no chart ${edit.chart}`);
      return setScalarAt(files, inDirectory(place, edit.file), edit.at, chart.version);
    }
  }
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
