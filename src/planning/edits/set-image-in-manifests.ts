/** Sets an image wherever the manifests of a directory name it. */
import { isMap } from 'yaml';
import { type FileSet, filesWithin, type TextChange } from '../../domain/file-set.js';
import { type ImageReference, parseImage, writeImage } from '../../domain/image-reference.js';
import { type EditPlace, EditRefused, type EditResult } from './edit-result.js';
import { placeOf } from './reported-place.js';
import {
  readYamlFile,
  type ScalarPlace,
  scalarsOf,
  setPlaces,
  sourceOf,
  type YamlFile,
} from './yaml-places.js';

export interface ManifestImage {
  /** repository of the image, without tag and digest */
  readonly image: string;
  readonly to: Pick<ImageReference, 'tag' | 'digest'>;
}

/**
 * Sets tag and digest of every `image` of a Kubernetes object below the directory whose repository is this one; several
 * containers and several files are fine, and all are listed.
 * @throws EditRefused `none-found` when nothing names it
 */
export function setImageInManifests(
  files: FileSet,
  directory: string,
  { image, to }: ManifestImage,
): EditResult {
  const value = writeImage({ repository: image, ...to });
  const changes: TextChange[] = [];
  const places: EditPlace[] = [];
  for (const [path, text] of filesWithin(files, directory)) {
    if (!/\.(?:ya?ml|json)$/.test(path) || !text.includes(image)) continue;
    const file = readYamlFile(path, text);
    const found = scalarsOf(file).filter((place) => names(file, place, image));
    if (found.length === 0) continue;
    const after = setPlaces(
      file,
      found.map((place) => ({ place, value })),
    );
    places.push(...found.map((place) => placeOf(path, place, value)));
    if (after !== text) changes.push({ path, before: text, after });
  }
  if (places.length > 0) return { files: changes, places };
  throw new EditRefused({
    refusal: 'none-found',
    path: directory,
    message: `no manifest names the image ${image}`,
    remedy:
      'Correct the image or the directory of the place; an image that a kustomization sets is another kind of edit.',
  });
}

/** Kinds whose keys are the owner's own. */
const HOLDS_TEXTS: ReadonlySet<string> = new Set(['ConfigMap', 'Secret']);

/** An `image` of an object, not a label or annotation of that name. */
function names(file: YamlFile, place: ScalarPlace, image: string): boolean {
  if (place.name !== 'image' || /(?:^|\.)metadata\./.test(place.at)) return false;
  const source = sourceOf(place.node);
  if (source === null || parseImage(source)?.repository !== image) return false;
  const root = file.documents[place.document]?.contents;
  if (!isMap(root) || typeof root.get('apiVersion') !== 'string') return false;
  const kind = root.get('kind');
  return typeof kind === 'string' && !HOLDS_TEXTS.has(kind);
}
