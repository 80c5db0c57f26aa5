/** A file of one or several YAML documents as places that can be set one by one. */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import { DEPTH_OF_KUBERNETES, tooDeepAt } from '../../manifests/depth.js';
import { duplicateKeyAt } from '../../systems/yaml-limits.js';
import { EditRefused } from './edit-result.js';
import { type Splice, spliced, writtenLike } from './splice.js';
import { keyText, scalarText, stepOf, valuesByPath } from './yaml-document.js';

/** Larger files are not written by people. */
const MAX_BYTES = 1024 * 1024;

export interface YamlFile {
  readonly path: string;
  readonly text: string;
  readonly documents: readonly Document.Parsed[];
  lineAt(offset: number): number;
}

/** A scalar and where it stands. */
export interface ScalarPlace {
  readonly document: number;
  readonly node: Scalar;
  readonly line: number;
  /** for people, e.g. `spec.template.spec.containers[0].image` */
  readonly at: string;
  /** as `valuesByPath` names it */
  readonly key: string;
  /** key of the map that holds it; undefined in a list */
  readonly name: string | undefined;
  /** the value itself or something around it has an anchor or a tag, or is reached by an alias */
  readonly shared: boolean;
}

/** @throws EditRefused `not-yaml`, `not-editable` */
export function readYamlFile(path: string, text: string): YamlFile {
  if (Buffer.byteLength(text, 'utf8') > MAX_BYTES) {
    throw new EditRefused({
      refusal: 'not-editable',
      path,
      message: `the file is larger than ${MAX_BYTES / 1024} KiB`,
      remedy: 'Split it.',
    });
  }
  const lines = new LineCounter();
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const documents = documentsOf(path, text, lines);
  const error = documents.flatMap((document) => document.errors)[0];
  const twice = documents.map(duplicateKeyAt).find((offset) => offset !== undefined);
  if (error !== undefined || twice !== undefined) {
    throw new EditRefused({
      refusal: 'not-yaml',
      path,
      lines: [lineAt(error?.pos[0] ?? twice ?? 0)],
      message: error === undefined ? 'a key stands twice in the same map' : `not valid YAML (${error.code})`,
      remedy: 'Correct the file, then try again.',
    });
  }
  return { path, text, documents, lineAt };
}

function documentsOf(path: string, text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  if (tooDeepAt(text, DEPTH_OF_KUBERNETES) !== undefined) {
    throw new EditRefused({
      refusal: 'not-yaml',
      path,
      message: 'nested too deeply',
      remedy: 'Simplify the file.',
    });
  }
  // an empty text gives an empty list with a marker, which spreads to no document
  return [
    ...parseAllDocuments(text, { keepSourceTokens: true, lineCounter, logLevel: 'error', uniqueKeys: false }),
  ];
}

/** Every scalar that is a value, in the order of the file. Aliases are followed one step and marked as shared. */
export function scalarsOf(file: YamlFile): readonly ScalarPlace[] {
  const places: ScalarPlace[] = [];
  const walk = (node: unknown, at: Omit<ScalarPlace, 'node' | 'line'>): void => {
    if (isAlias(node)) {
      const target = node.resolve(documentAt(file, at.document));
      if (isScalar(target)) {
        places.push({ ...at, node: target, line: file.lineAt(node.range?.[0] ?? 0), shared: true });
      }
      return;
    }
    const shared = at.shared || hasAnchorOrTag(node);
    if (isMap(node)) {
      for (const pair of node.items) {
        if (!isPair(pair)) continue;
        const name = keyText(pair.key);
        if (name === null) continue;
        walk(pair.value, {
          document: at.document,
          at: at.at === '' ? dotted(name) : `${at.at}.${dotted(name)}`,
          key: at.key + stepOf(name),
          name,
          shared,
        });
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        walk(item, { ...at, at: `${at.at}[${index}]`, key: `${at.key}[${index}]`, name: undefined, shared });
      }
    } else if (isScalar(node)) {
      places.push({ ...at, node, line: file.lineAt(node.range?.[0] ?? 0), shared });
    }
  };
  for (const [index, document] of file.documents.entries()) {
    walk(document.contents, { document: index, at: '', key: '$', name: undefined, shared: false });
  }
  return places;
}

/** A key as it is written in a path: its dots are no separators. */
function dotted(key: string): string {
  return key.replaceAll('.', '\\.');
}

function hasAnchorOrTag(node: unknown): boolean {
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return false;
  return node.anchor !== undefined || node.tag !== undefined;
}

function documentAt(file: YamlFile, index: number): Document.Parsed {
  const document = file.documents[index];
  if (document === undefined) throw new RangeError(`${file.path} has no document ${index}`);
  return document;
}

/**
 * Sets texts at places of a file and leaves every other character as it is. A number that reads like the text is no text:
 * `1.10` gets quotes, since readers make 1.1 of it.
 * @throws EditRefused `not-editable` for a place that is shared or written over several lines, or where more would change
 */
export function setPlaces(
  file: YamlFile,
  wanted: readonly { readonly place: ScalarPlace; readonly value: string }[],
): string {
  const splices = wanted
    .filter(({ place, value }) => place.node.value !== value)
    .map(({ place, value }) => spliceOf(file, place, value));
  const after = spliced(file.text, splices);
  if (after !== file.text) assertOnlyTheseChanged(file, after, wanted);
  return after;
}

/** The text of a scalar as the file has it: `1.10` stays `1.10`. */
export function sourceOf(node: Scalar): string | null {
  if (typeof node.value === 'string') return node.value;
  if (node.value === null) return null;
  return node.source ?? String(node.value);
}

function spliceOf(file: YamlFile, place: ScalarPlace, value: string): Splice {
  const [start, end] = node(place);
  const source = file.text.slice(start, end);
  if (place.shared || source === '' || source.includes('\n')) throw notEditable(file.path, place);
  return { start, end, text: writtenLike(place.node.type ?? undefined, value) };
}

function node(place: ScalarPlace): readonly [number, number] {
  const range = place.node.range;
  return range === null || range === undefined ? [0, 0] : [range[0], range[1]];
}

/** @returns the refusal of a place that other places share, or that is no plain text on one line */
export function notEditable(path: string, place: ScalarPlace): EditRefused {
  return new EditRefused({
    refusal: 'not-editable',
    path,
    lines: [place.line],
    message: place.shared
      ? `${place.at} has an anchor, an alias or a tag on its way, so other places could change with it`
      : `${place.at} is empty or written over several lines`,
    remedy: 'Write the value out, on one line.',
  });
}

/** The last line of defence: reads both texts and compares every value. */
function assertOnlyTheseChanged(
  file: YamlFile,
  after: string,
  wanted: readonly { readonly place: ScalarPlace; readonly value: string }[],
): void {
  const expected = file.documents.map(({ contents }) => valuesByPath(contents));
  for (const { place, value } of wanted) {
    expected[place.document]?.set(place.key, scalarText(value, undefined, undefined));
  }
  const actual = readYamlFile(file.path, after).documents.map(({ contents }) => valuesByPath(contents));
  const same =
    actual.length === expected.length &&
    expected.every((values, index) => {
      const found = actual[index];
      return found?.size === values.size && [...values].every(([key, value]) => found.get(key) === value);
    });
  if (same) return;
  throw new EditRefused({
    refusal: 'not-editable',
    path: file.path,
    message: 'the file is written in a way that cannot be edited without changing other values too',
    remedy: 'Set the value by hand once, or simplify the formatting around it.',
  });
}
