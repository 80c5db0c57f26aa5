/** Sets an entry of `images` in a kustomization, and adds one where there is none. */
import { isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import type { FileSet } from '../../domain/file-set.js';
import { writeImage } from '../../domain/image-reference.js';
import { fieldsAt, inOneOrder, isFields, listAt, textAt } from '../rendering/data.js';
import { EditRefused, type EditResult } from './edit-result.js';
import { existingFile } from './existing-file.js';
import { editedEntry, type TagAndDigest, withNewEntry } from './kustomize-image-entry.js';
import { keyText, valuesByPath } from './yaml-document.js';
import { readYamlFile, sourceOf, type YamlFile } from './yaml-places.js';

/** What is not given is taken out of the entry: kustomize would still use it. */
export type KustomizeImage = TagAndDigest & {
  /** `name` of the entry, or its `newName` where no entry has the name */
  readonly image: string;
};

/**
 * Sets tag, digest or both of one image. An entry that is missing is added at the end.
 * @param path of the kustomization file
 * @throws EditRefused `two-places` when two entries are about the image
 */
export function setKustomizeImage(files: FileSet, path: string, wanted: KustomizeImage): EditResult {
  const text = existingFile(files, path);
  const file = readYamlFile(path, text);
  const root = rootOf(file);
  const entry = entryFor(file, root, wanted.image);
  const after =
    entry === undefined
      ? withNewEntry(file, root, imagesPair(root), wanted)
      : editedEntry(file, entry, wanted);
  const index = after === text ? indexOf(file, wanted.image) : verified(file, after, wanted);
  const changed = readYamlFile(path, after);
  return {
    files: after === text ? [] : [{ path, before: text, after }],
    places: [
      {
        path,
        line: lineOf(changed, index),
        at: `images[${index}]`,
        before: entry === undefined ? null : shownEntry(wanted.image, imagesIn(file)[index]),
        after: shownEntry(wanted.image, imagesIn(changed)[index]),
      },
    ],
  };
}

function rootOf(file: YamlFile): YAMLMap {
  const [document, other] = file.documents;
  const root = document?.contents;
  if (other === undefined && isMap(root) && root.anchor === undefined && root.tag === undefined) return root;
  throw new EditRefused({
    refusal: 'not-editable',
    path: file.path,
    message: 'a kustomization is one document with a plain map',
    remedy: 'Write it so, without anchors and tags.',
  });
}

function imagesPair(root: YAMLMap): Pair | undefined {
  return root.items.find((pair) => keyText(pair.key) === 'images');
}

/** The one entry about an image. */
function entryFor(file: YamlFile, root: YAMLMap, image: string): YAMLMap | undefined {
  if (root.items.some((pair) => keyText(pair.key) === '<<' || keyText(pair.key) === 'imageTags')) {
    throw new EditRefused({
      refusal: 'not-editable',
      path: file.path,
      message: 'images may stand in "imageTags" or be merged in by "<<"',
      remedy: 'Write them under "images".',
    });
  }
  const pair = imagesPair(root);
  const list = pair?.value;
  if (list === undefined || list === null || (isScalar(list) && list.value === null)) return undefined;
  const entries = isSeq(list) && list.anchor === undefined && list.tag === undefined ? list.items : undefined;
  if (entries === undefined || !entries.every((entry) => isMap(entry))) {
    throw new EditRefused({
      refusal: 'not-editable',
      path: file.path,
      lines: [file.lineAt(offsetOf(pair?.key))],
      message: '"images" is not a plain list of maps',
      remedy: 'Write each image as an entry with name and newTag or digest.',
    });
  }
  const maps = entries.filter((entry): entry is YAMLMap => isMap(entry));
  const byName = maps.filter((entry) => textIn(entry, 'name') === image);
  const meant = byName.length > 0 ? byName : maps.filter((entry) => textIn(entry, 'newName') === image);
  if (meant.length <= 1) return meant[0];
  throw new EditRefused({
    refusal: 'two-places',
    path: file.path,
    lines: meant.map((entry) => file.lineAt(offsetOf(entry))),
    message: `two places to change: several entries of "images" are about ${image}`,
    remedy: 'Keep one entry for it.',
  });
}

function textIn(entry: YAMLMap, key: string): string | null {
  const value = entry.items.find((pair) => keyText(pair.key) === key)?.value;
  return isScalar(value) ? sourceOf(value) : null;
}

function offsetOf(node: unknown): number {
  return isMap(node) || isSeq(node) || isScalar(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Reads the text again: only the one entry may differ. @returns its index */
function verified(file: YamlFile, after: string, wanted: KustomizeImage): number {
  const changed = readYamlFile(file.path, after);
  const index = indexOf(changed, wanted.image);
  const before = imagesIn(file);
  const expected = before.map((entry) => entry);
  const { newTag: _, digest: __, ...rest } = isFields(before[index]) ? before[index] : { name: wanted.image };
  expected[index] = {
    ...rest,
    ...(wanted.newTag !== undefined && { newTag: wanted.newTag }),
    ...(wanted.digest !== undefined && { digest: wanted.digest }),
  };
  const same =
    JSON.stringify(inOneOrder(expected)) === JSON.stringify(inOneOrder(imagesIn(changed))) &&
    JSON.stringify(outsideOfImages(file)) === JSON.stringify(outsideOfImages(changed));
  if (same) return index;
  throw new EditRefused({
    refusal: 'not-editable',
    path: file.path,
    message: 'the file is written in a way that cannot be edited without changing other values too',
    remedy: 'Set the image by hand once, or simplify the formatting around it.',
  });
}

function outsideOfImages(file: YamlFile): readonly (readonly [string, string])[] {
  return [...valuesByPath(file.documents[0]?.contents)].filter(([key]) => !key.startsWith('$."images"'));
}

function imagesIn(file: YamlFile): readonly unknown[] {
  try {
    const value: unknown = file.documents[0]?.toJS({ maxAliasCount: 100 });
    return listAt(value, 'images');
  } catch {
    return [];
  }
}

function indexOf(file: YamlFile, image: string): number {
  const entries = imagesIn(file);
  const byName = entries.findIndex((entry) => textAt(entry, 'name') === image);
  return byName >= 0 ? byName : entries.findIndex((entry) => textAt(entry, 'newName') === image);
}

function lineOf(file: YamlFile, index: number): number {
  const root = file.documents[0]?.contents;
  const list = isMap(root) ? imagesPair(root)?.value : undefined;
  return file.lineAt(offsetOf(isSeq(list) ? list.items[index] : list));
}

function shownEntry(image: string, entry: unknown): string {
  const { newTag, digest } = fieldsAt({ entry }, 'entry');
  return writeImage({
    repository: image,
    ...(newTag !== undefined && newTag !== null && { tag: String(newTag) }),
    ...(typeof digest === 'string' && { digest }),
  });
}
