/** Where and how a missing key is added to a YAML text. */
import { isCollection, isMap, isPair, isScalar, type Pair, Scalar, visit, type YAMLMap } from 'yaml';
import type { YamlDocument } from './yaml-document.js';
import { type ScalarValue, writeScalar } from './yaml-scalar.js';

/** The indentation that most charts use, for files that show none of their own. */
const DEFAULT_STEP = 2;

/** Adds `keys` (one, or a chain of new maps) after the last key of a block map. */
export function insertIntoBlockMap(
  document: YamlDocument,
  map: YAMLMap,
  parents: readonly YAMLMap[],
  keys: readonly string[],
  value: ScalarValue,
): string {
  const step = stepOfFile(document, [...parents, map]);
  const lines = nestedLines(keys, value, columnOf(document.text, map), step);
  return insertLines(document.text, contentEnd(map), lines);
}

/** Turns `key:` into a map: the new lines follow the line of the key. */
export function insertUnderEmptyKey(
  document: YamlDocument,
  pair: Pair,
  parents: readonly YAMLMap[],
  keys: readonly string[],
  value: ScalarValue,
): string {
  const parent = parents.at(-1);
  const colon = colonOf(pair);
  if (parent === undefined || parent.flow === true || colon === undefined) {
    const at = colon === undefined ? endOf(pair.key) : colon + 1;
    const lead = colon === undefined ? ': ' : ' ';
    return (
      document.text.slice(0, at) +
      lead +
      flowMap(keys, value, parents.some(isWrittenLikeJson)) +
      document.text.slice(at)
    );
  }
  const step = stepOfFile(document, parents);
  const lines = nestedLines(keys, value, columnOf(document.text, parent) + step, step);
  return insertLines(document.text, colon + 1, lines);
}

/** Adds keys inside `{…}`, on the line of the last entry; in quotes where the file is written like JSON. */
export function insertIntoFlowMap(
  document: YamlDocument,
  map: YAMLMap,
  parents: readonly YAMLMap[],
  keys: readonly string[],
  value: ScalarValue,
): string {
  const { text } = document;
  const json = [...parents, map].some(isWrittenLikeJson);
  const entry = flowMap(keys, value, json).slice(1, -1);
  if (map.items.length === 0) {
    const at = (map.range?.[0] ?? 0) + 1;
    return text.slice(0, at) + entry + text.slice(at);
  }
  const at = contentEnd(map.items.at(-1));
  return `${text.slice(0, at)}, ${entry}${text.slice(at)}`;
}

function isWrittenLikeJson(map: YAMLMap): boolean {
  const key = map.items[0]?.key;
  return map.flow === true && isScalar(key) && key.type === Scalar.QUOTE_DOUBLE;
}

/** A file without any value (empty, or only comments): the keys go to its end. */
export function appendToDocument(
  document: YamlDocument,
  keys: readonly string[],
  value: ScalarValue,
): string {
  const { text } = document;
  const newline = newlineOf(text);
  const lines = nestedLines(keys, value, 0, DEFAULT_STEP).join(newline);
  const gap = text === '' || text.endsWith('\n') ? '' : newline;
  return `${text}${gap}${lines}${newline}`;
}

function nestedLines(keys: readonly string[], value: ScalarValue, column: number, step: number): string[] {
  return keys.map((key, depth) => {
    const indent = ' '.repeat(column + depth * step);
    const last = depth === keys.length - 1;
    return `${indent}${writeKey(key, false)}:${last ? ` ${writeScalar(value, 'plain')}` : ''}`;
  });
}

function flowMap(keys: readonly string[], value: ScalarValue, json: boolean): string {
  return keys.reduceRight<string>(
    (below, key) => `{${writeKey(key, json)}: ${below}}`,
    writeScalar(value, json ? 'double' : 'plain'),
  );
}

function writeKey(key: string, json: boolean): string {
  return writeScalar(key, json ? 'double' : 'plain');
}

/** Puts lines after the line on which `offset` stands, with that line's kind of line end. */
export function insertLines(text: string, offset: number, lines: readonly string[]): string {
  const newline = newlineOf(text);
  if (offset > 0 && text[offset - 1] === '\n') {
    // the value was a block scalar, which ends with its own line end
    return text.slice(0, offset) + lines.map((line) => line + newline).join('') + text.slice(offset);
  }
  const lineEnd = text.indexOf('\n', offset);
  if (lineEnd === -1) return text + lines.map((line) => newline + line).join('');
  const at = lineEnd + 1;
  return text.slice(0, at) + lines.map((line) => line + newline).join('') + text.slice(at);
}

export function newlineOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** Offset behind the last character of a node's content, without comments and empty lines that follow it. */
export function contentEnd(node: unknown): number {
  if (isPair(node)) {
    if (node.value === null || (isScalar(node.value) && !node.value.source && node.value.value === null)) {
      return (colonOf(node) ?? endOf(node.key) - 1) + 1;
    }
    return contentEnd(node.value);
  }
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    const end = last === undefined ? 0 : contentEnd(last);
    return end === 0 ? endOf(node) : end;
  }
  return endOf(node);
}

function endOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return 0;
  const end: unknown = node.range[1];
  return typeof end === 'number' ? end : 0;
}

function colonOf(pair: Pair): number | undefined {
  return pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind')?.offset;
}

/** Column of a block map's keys, counted in characters from the start of the line. */
export function columnOf(text: string, map: YAMLMap): number {
  const first = map.items[0];
  const key = first && isScalar(first.key) ? (first.key.range?.[0] ?? 0) : (map.range?.[0] ?? 0);
  const lineStart = text.lastIndexOf('\n', key - 1) + 1;
  const column = key - lineStart;
  return text.charCodeAt(lineStart) === 0xfeff ? column - 1 : column;
}

/** How far this file indents a map below its key: as nearest to the place of the change as can be seen. */
function stepOfFile(document: YamlDocument, chain: readonly YAMLMap[]): number {
  for (let depth = chain.length - 1; depth > 0; depth -= 1) {
    const inner = chain[depth];
    const outer = chain[depth - 1];
    if (inner && outer && inner.flow !== true && outer.flow !== true) {
      return columnOf(document.text, inner) - columnOf(document.text, outer);
    }
  }
  let step = DEFAULT_STEP;
  if (document.root === null) return step;
  visit(document.root, {
    Map: (_, map) => {
      if (map.flow === true) return undefined;
      for (const pair of map.items) {
        const below = pair.value;
        if (isMap(below) && below.flow !== true && below.items.length > 0) {
          step = columnOf(document.text, below) - columnOf(document.text, map);
          return visit.BREAK;
        }
      }
      return undefined;
    },
  });
  return step;
}
