/**
 * Sets values in a YAML file by replacing or inserting characters at their place, never by printing the document anew:
 * printing re-indents lists and moves comments (measured; reference: gitops-objects, sections 1 and 11). The difference
 * is exactly the lines of the values that change.
 */
import { isMap, isScalar, type Pair, Scalar, type YAMLMap } from 'yaml';
import {
  keyText,
  readDocument,
  scalarText,
  stepOf,
  valuesByPath,
  type YamlDocument,
} from './yaml-document.js';
import { YamlEditError } from './yaml-edit-error.js';
import {
  appendToDocument,
  insertIntoBlockMap,
  insertIntoFlowMap,
  insertUnderEmptyKey,
} from './yaml-insert.js';
import { type ScalarStyle, type ScalarValue, writeScalar } from './yaml-scalar.js';

/**
 * Sets scalars in a values file and keeps everything else byte by byte: comments, quotes, order, line ends. A missing key
 * is added after the last key of its map, in the file's own indentation. A value that is already there is not touched.
 *
 * @param text the whole file
 * @param values by path, e.g. `{'global.otterizeCloud.credentials.clientId': 'cli_1'}`; a dot inside a key is written `\.`
 * @returns the new text; the same text when nothing had to change
 * @throws YamlEditError when the file is not one plain YAML document or the path runs through something that other places
 *   share (anchors, aliases, merge keys), through a list or a scalar
 */
export function setScalars(text: string, values: Readonly<Record<string, ScalarValue>>): string {
  const edits = Object.entries(values).map(([dotted, value]) => ({ path: parsePath(dotted), value }));
  let edited = text;
  for (const edit of edits) edited = setOne(edited, edit.path, edit.value);
  if (edited !== text) assertOnlyTheseChanged(text, edited, edits);
  return edited;
}

/**
 * Reads the scalars at the given paths.
 * @returns by path: the value, `null` for an empty value, `undefined` for a missing one
 * @throws YamlEditError as `setScalars`
 */
export function readScalars(
  text: string,
  paths: readonly string[],
): ReadonlyMap<string, ScalarValue | null | undefined> {
  const document = readDocument(text);
  return new Map(paths.map((dotted) => [dotted, readOne(document, parsePath(dotted))]));
}

type Path = readonly string[];

interface Edit {
  readonly path: Path;
  readonly value: ScalarValue;
}

type Place =
  | { readonly kind: 'present'; readonly pair: Pair; readonly map: YAMLMap }
  /** the map at the end of what exists, and the keys that are missing below it */
  | {
      readonly kind: 'absent';
      readonly map: YAMLMap;
      readonly parents: readonly YAMLMap[];
      readonly missing: Path;
    }
  /** a key without a value, which is to become a map */
  | {
      readonly kind: 'empty';
      readonly pair: Pair;
      readonly parents: readonly YAMLMap[];
      readonly missing: Path;
    }
  | { readonly kind: 'no-root' };

/** Splits at dots; `\.` is a dot inside a key, as Helm's `--set` has it. */
function parsePath(dotted: string): Path {
  const path = dotted.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
  if (path.some((key) => key === '' || /\p{Cc}/u.test(key))) {
    throw new YamlEditError({
      code: 'bad-path',
      message: `"${dotted}" is not a path: keys are joined by dots and none is empty`,
      remedy: 'Write the path as in helm --set, e.g. global.credentials.clientId.',
    });
  }
  return path;
}

function setOne(text: string, path: Path, value: ScalarValue): string {
  const document = readDocument(text);
  const place = locate(document, path);
  switch (place.kind) {
    case 'present':
      return replaceValue(document, place, path, value);
    case 'absent':
      return place.map.flow === true
        ? insertIntoFlowMap(document, place.map, place.parents, place.missing, value)
        : insertIntoBlockMap(document, place.map, place.parents, place.missing, value);
    case 'empty':
      return insertUnderEmptyKey(document, place.pair, place.parents, place.missing, value);
    case 'no-root':
      return appendToDocument(document, path, value);
  }
}

function readOne(document: YamlDocument, path: Path): ScalarValue | null | undefined {
  const place = locate(document, path);
  if (place.kind !== 'present') return undefined;
  const node = place.pair.value;
  if (node === null) return null;
  if (!isScalar(node)) throw notAScalar(document, path, node);
  const value = node.value;
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  throw notAScalar(document, path, node);
}

function locate(document: YamlDocument, path: Path): Place {
  let node: unknown = document.root;
  if (node === null || (isScalar(node) && node.value === null && !node.source)) return { kind: 'no-root' };
  const parents: YAMLMap[] = [];
  for (const [depth, key] of path.entries()) {
    if (!isMap(node)) throw notAMap(document, path.slice(0, depth), node);
    refuseShared(document, path.slice(0, depth), node);
    const pair = pairOf(document, node, key, path.slice(0, depth + 1));
    if (!pair) return { kind: 'absent', map: node, parents, missing: path.slice(depth) };
    if (depth === path.length - 1) return { kind: 'present', pair, map: node };
    parents.push(node);
    if (isEmptyValue(pair.value)) return { kind: 'empty', pair, parents, missing: path.slice(depth + 1) };
    node = pair.value;
  }
  throw new YamlEditError({
    code: 'bad-path',
    message: 'the path is empty',
    remedy: 'Name at least one key.',
  });
}

/** `key:` with nothing after it; an explicit `null` or `~` is a decision of the file's owner and stays. */
function isEmptyValue(node: unknown): boolean {
  return (
    node === null || (isScalar(node) && node.value === null && !node.source && !node.anchor && !node.tag)
  );
}

function pairOf(document: YamlDocument, map: YAMLMap, key: string, path: Path): Pair | undefined {
  for (const pair of map.items) {
    const name = keyText(pair.key);
    if (name === '<<') {
      throw new YamlEditError({
        code: 'shared-value',
        message: `a merge key ("<<") stands in the map that holds "${path.join('.')}"`,
        remedy: 'Write the keys out instead of merging them, or name another path.',
        line: document.lineAt(offsetOf(pair.key)),
      });
    }
    if (name === key) {
      refuseUnusualKey(document, pair, path);
      return pair;
    }
  }
  return undefined;
}

function refuseUnusualKey(document: YamlDocument, pair: Pair, path: Path): void {
  const explicit = pair.srcToken?.start.some((token) => token.type === 'explicit-key-ind') === true;
  const decorated = isScalar(pair.key) && (pair.key.anchor !== undefined || pair.key.tag !== undefined);
  if (!explicit && !decorated) return;
  throw new YamlEditError({
    code: 'unusual-key',
    message: `the key "${path.join('.')}" is written with "?", an anchor or a tag`,
    remedy: 'Write it as a plain key.',
    line: document.lineAt(offsetOf(pair.key)),
  });
}

function refuseShared(document: YamlDocument, path: Path, node: { anchor?: string; tag?: string }): void {
  const name = path.length === 0 ? 'the document' : `"${path.join('.')}"`;
  const line = document.lineAt(offsetOf(node));
  if (node.anchor !== undefined) {
    throw new YamlEditError({
      code: 'shared-value',
      message: `${name} has an anchor ("&${node.anchor}"), so a change would appear wherever it is used`,
      remedy: 'Remove the anchor, or name a path outside it.',
      line,
    });
  }
  if (node.tag !== undefined) {
    throw new YamlEditError({
      code: 'tagged-value',
      message: `${name} has a tag ("${node.tag}"), which changes how its value is read`,
      remedy: 'Remove the tag.',
      line,
    });
  }
}

function replaceValue(
  document: YamlDocument,
  place: { readonly pair: Pair; readonly map: YAMLMap },
  path: Path,
  value: ScalarValue,
): string {
  const { text } = document;
  const node = place.pair.value;
  const inFlow = place.map.flow === true;
  const jsonLike = inFlow && isScalar(place.pair.key) && place.pair.key.type === Scalar.QUOTE_DOUBLE;
  if (isEmptyValue(node)) {
    if (isScalar(node)) refuseShared(document, path, node);
    return fillEmptyValue(text, place.pair, writeScalar(value, jsonLike ? 'double' : 'plain'));
  }
  if (!isScalar(node) || !node.range) throw notAScalar(document, path, node);
  refuseShared(document, path, node);
  if (node.value === value) return text;
  const [start, end] = node.range;
  const source = text.slice(start, end);
  const replacement = writeScalar(value, jsonLike ? 'double' : styleOf(node));
  if (node.type !== Scalar.BLOCK_LITERAL && node.type !== Scalar.BLOCK_FOLDED) {
    return text.slice(0, start) + replacement + text.slice(end);
  }
  const header = source.split(/\r?\n/, 1)[0] ?? '';
  const comment = /\s+#.*$/.exec(header)?.[0] ?? '';
  const lineEnd = /\r?\n$/.exec(source)?.[0] ?? '';
  return text.slice(0, start) + replacement + comment + lineEnd + text.slice(end);
}

function fillEmptyValue(text: string, pair: Pair, replacement: string): string {
  const colon = pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind');
  if (colon) {
    const after = colon.offset + 1;
    return `${text.slice(0, after)} ${replacement}${text.slice(after)}`;
  }
  // only in a flow map: {key}
  const after = endOf(pair.key);
  return `${text.slice(0, after)}: ${replacement}${text.slice(after)}`;
}

function styleOf(node: Scalar): ScalarStyle {
  if (node.type === Scalar.QUOTE_SINGLE) return 'single';
  return node.type === Scalar.QUOTE_DOUBLE ? 'double' : 'plain';
}

function notAMap(document: YamlDocument, path: Path, node: unknown): YamlEditError {
  const name = path.length === 0 ? 'the document' : `"${path.join('.')}"`;
  const shared = isScalar(node) || isMap(node) ? undefined : (sourceOfAlias(node) ?? undefined);
  if (shared !== undefined) {
    return new YamlEditError({
      code: 'shared-value',
      message: `${name} is an alias ("*${shared}"), so a change would appear wherever it is used`,
      remedy: 'Write the map out instead of the alias, or name another path.',
      line: document.lineAt(offsetOf(node)),
    });
  }
  return new YamlEditError({
    code: 'not-a-map',
    message: `${name} is not a map, so nothing can be set below it`,
    remedy: 'Correct the path, or make it a map.',
    line: document.lineAt(offsetOf(node)),
  });
}

function notAScalar(document: YamlDocument, path: Path, node: unknown): YamlEditError {
  const alias = sourceOfAlias(node);
  return new YamlEditError({
    code: alias === null ? 'not-a-scalar' : 'shared-value',
    message:
      alias === null
        ? `"${path.join('.')}" is a map or a list, not a single value`
        : `"${path.join('.')}" is an alias ("*${alias}")`,
    remedy: alias === null ? 'Correct the path.' : 'Write the value out instead of the alias.',
    line: document.lineAt(offsetOf(node)),
  });
}

function sourceOfAlias(node: unknown): string | null {
  return typeof node === 'object' &&
    node !== null &&
    'source' in node &&
    typeof node.source === 'string' &&
    !isScalar(node)
    ? node.source
    : null;
}

function offsetOf(node: unknown): number {
  return rangeOf(node)?.[0] ?? 0;
}

function endOf(node: unknown): number {
  return rangeOf(node)?.[1] ?? 0;
}

function rangeOf(node: unknown): readonly number[] | null {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? node.range.filter((offset) => typeof offset === 'number')
    : null;
}

/** The last line of defence: reads both texts and compares every value, so a slip can never reach a commit. */
function assertOnlyTheseChanged(before: string, after: string, edits: readonly Edit[]): void {
  const expected = valuesByPath(readDocument(before).root);
  if (expected.get('$') === scalarText(null, undefined, undefined)) expected.set('$', 'map  ');
  for (const { path, value } of edits) {
    let at = '$';
    for (const key of path.slice(0, -1)) {
      at += stepOf(key);
      if (expected.get(at)?.startsWith('map') !== true) expected.set(at, 'map  ');
    }
    expected.set(at + stepOf(path.at(-1) ?? ''), scalarText(value, undefined, undefined));
  }
  let actual: Map<string, string>;
  try {
    actual = valuesByPath(readDocument(after).root);
  } catch {
    actual = new Map();
  }
  const same =
    actual.size === expected.size && [...expected].every(([path, value]) => actual.get(path) === value);
  if (same) return;
  throw new YamlEditError({
    code: 'would-change-more',
    message: 'the file is written in a way that cannot be edited without changing other values too',
    remedy: 'Set the value by hand once, or simplify the formatting around it.',
  });
}
