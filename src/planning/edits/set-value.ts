/** Sets or reads one value of one file, YAML or JSON, by a path that may choose entries of lists. */
import { isMap, isScalar, isSeq } from 'yaml';
import type { FileSet } from '../../domain/file-set.js';
import { parseImage } from '../../domain/image-reference.js';
import { parseValuePath, type ValueStep } from '../../domain/promotion/value-path.js';
import { EditRefused, type EditResult } from './edit-result.js';
import { existingFile } from './existing-file.js';
import { placeOf } from './reported-place.js';
import { keyText, stepOf } from './yaml-document.js';
import {
  readYamlFile,
  type ScalarPlace,
  scalarsOf,
  setPlaces,
  sourceOf,
  type YamlFile,
} from './yaml-places.js';

/** One value that is there. */
export interface FoundValue {
  /** as the file has it: `1.10` stays `1.10`; null for an empty one */
  readonly text: string | null;
  /** kind of the Kubernetes object that holds it, if it is one */
  readonly objectKind: string | undefined;
}

/**
 * Sets a value that is already there; nothing is added. The file may hold several documents, but only one of them the path.
 * @param at as `parseValuePath` reads it
 * @param write makes the new text of what stood there
 * @throws EditRefused
 */
export function setValueAt(
  files: FileSet,
  path: string,
  at: string,
  write: (found: FoundValue) => string,
): EditResult {
  const text = existingFile(files, path);
  const file = readYamlFile(path, text);
  const place = placeAt(file, at);
  const value = write(foundAt(file, place));
  const after = setPlaces(file, [{ place, value }]);
  return {
    files: after === text ? [] : [{ path, before: text, after }],
    places: [placeOf(path, place, value)],
  };
}

/**
 * The value at a path.
 * @throws EditRefused where it is missing or stands twice
 */
export function readValueAt(files: FileSet, path: string, at: string): FoundValue {
  const file = readYamlFile(path, existingFile(files, path));
  return foundAt(file, placeAt(file, at));
}

function foundAt(file: YamlFile, place: ScalarPlace): FoundValue {
  const root = file.documents[place.document]?.contents;
  const kind: unknown = isMap(root) ? root.get('kind') : undefined;
  return { text: sourceOf(place.node), objectKind: typeof kind === 'string' ? kind : undefined };
}

function placeAt(file: YamlFile, at: string): ScalarPlace {
  const steps = parseValuePath(at);
  if (steps === undefined) {
    throw new EditRefused({
      refusal: 'missing-field',
      path: file.path,
      message: `"${at}" is no path of a value`,
      remedy:
        'Write keys joined by dots and entries of lists as [0], [name=web] or [=image], e.g. spec.sources[chart=shop].targetRevision.',
    });
  }
  const keys = file.documents.flatMap(({ contents }, document) =>
    keysAt(contents, steps, '$').map((key) => ({ document, key })),
  );
  const places = scalarsOf(file).filter((place) =>
    keys.some(({ document, key }) => document === place.document && key === place.key),
  );
  const [place, other] = places;
  if (place === undefined) {
    throw new EditRefused({
      refusal: 'missing-field',
      path: file.path,
      message: `there is no value at ${at}`,
      remedy: 'Correct the path of the value, or write it into the file once.',
    });
  }
  if (other !== undefined) {
    throw new EditRefused({
      refusal: 'two-places',
      path: file.path,
      lines: places.map(({ line }) => line),
      message: `${at} means several places of the file`,
      remedy: 'Keep one object in a file, and one entry that is meant in a list.',
    });
  }
  return place;
}

/** Where the steps lead, in the words of `ScalarPlace.key`; several when several entries of a list are meant. */
function keysAt(node: unknown, [step, ...rest]: readonly ValueStep[], key: string): readonly string[] {
  if (step === undefined) return [key];
  if (step.kind === 'key') {
    if (!isMap(node)) return [];
    return node.items
      .filter((pair) => keyText(pair.key) === step.key)
      .flatMap((pair) => keysAt(pair.value, rest, key + stepOf(step.key)));
  }
  if (!isSeq(node)) return [];
  return node.items.flatMap((item, index) =>
    isMeant(item, index, step) ? keysAt(item, rest, `${key}[${index}]`) : [],
  );
}

function isMeant(item: unknown, index: number, step: Exclude<ValueStep, { kind: 'key' }>): boolean {
  switch (step.kind) {
    case 'index':
      return index === step.index;
    case 'field': {
      if (!isMap(item)) return false;
      const value = item.items.find((pair) => keyText(pair.key) === step.field)?.value;
      return isScalar(value) && sourceOf(value) === step.text;
    }
    case 'image': {
      const text = isScalar(item) ? sourceOf(item) : null;
      return text !== null && [withoutName(text), nameBefore(text)].some((one) => isOf(one, step.repository));
    }
  }
}

/** Kustomize's way in an Application: `web=registry.example.com/shop/web:1.4` gives `web` another name. */
export function nameBefore(text: string): string | undefined {
  const equals = text.indexOf('=');
  return equals === -1 ? undefined : text.slice(0, equals);
}

/** The image alone, whether a name stands before it or not. */
export function withoutName(text: string): string {
  return text.slice(text.indexOf('=') + 1);
}

function isOf(text: string | undefined, repository: string): boolean {
  return text !== undefined && parseImage(text)?.repository === repository;
}
