/** How an entry of `images` is changed or added without printing the file anew. */
import { isMap, isScalar, isSeq, type Pair, Scalar, type YAMLMap } from 'yaml';
import { EditRefused } from './edit-result.js';
import { type Splice, spliced, writtenLike } from './splice.js';
import { keyText } from './yaml-document.js';
import { columnOf, contentEnd, newlineOf } from './yaml-insert.js';
import { sourceOf, type YamlFile } from './yaml-places.js';

export type TagAndDigest =
  | { readonly newTag: string; readonly digest?: string }
  | { readonly newTag?: undefined; readonly digest: string };

const KEYS = ['newTag', 'digest'] as const;
type Key = (typeof KEYS)[number];

/** The text with tag and digest of an entry as wanted; the same text when they are so already. */
export function editedEntry(file: YamlFile, entry: YAMLMap, wanted: TagAndDigest): string {
  const found = new Map<Key, Pair>();
  for (const key of KEYS) {
    const pair = entry.items.find((item) => keyText(item.key) === key);
    if (pair !== undefined) found.set(key, pair);
  }
  const missing = KEYS.filter((key) => wanted[key] !== undefined && !found.has(key));
  const surplus = KEYS.filter((key) => wanted[key] === undefined && found.has(key));
  const splices: Splice[] = [];
  for (const [key, pair] of found) {
    const value = wanted[key];
    if (value !== undefined) splices.push(...valueSplice(file, pair, value));
  }
  // one goes and the other comes: the line stays, under its new name
  const [renamed] = surplus;
  const [added] = missing;
  if (renamed !== undefined && added !== undefined) {
    const pair = found.get(renamed);
    if (pair !== undefined)
      splices.push(keySplice(pair, added), ...valueSplice(file, pair, wanted[added] ?? ''));
  } else {
    for (const key of surplus) splices.push(removal(file, entry, found.get(key)));
    for (const key of missing) splices.push(insertion(file, entry, key, wanted[key] ?? ''));
  }
  return spliced(file.text, splices);
}

/** The text with an entry more, in the way that the file writes lists. */
export function withNewEntry(
  file: YamlFile,
  root: YAMLMap,
  pair: Pair | undefined,
  wanted: TagAndDigest & { readonly image: string },
): string {
  const fields = [
    ['name', wanted.image],
    ...KEYS.flatMap((key) => (wanted[key] === undefined ? [] : [[key, wanted[key]] as const])),
  ] as const;
  const list = pair?.value;
  if (root.flow === true || (isSeq(list) && list.flow === true)) return inFlow(file, root, list, fields);
  if (isSeq(list) && list.items.length > 0) {
    const first = list.items[0];
    const dash = columnAt(file.text, list.range?.[0] ?? 0);
    const gap = isMap(first) && first.flow !== true ? columnOf(file.text, first) - dash - 1 : 1;
    return inserted(file, contentEnd(list), blockEntry(fields, dash, Math.max(1, gap)));
  }
  const dash = dashColumn(file.text, root);
  if (pair === undefined) {
    return inserted(file, contentEnd(root), ['images:', ...blockEntry(fields, dash, 1)]);
  }
  const end = isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
  if (isScalar(list) && list.source !== undefined && list.source !== '') throw unusual(file, pair);
  return inserted(file, end, blockEntry(fields, dash, 1));
}

type Fields = readonly (readonly [string, string])[];

function blockEntry(fields: Fields, dash: number, gap: number): readonly string[] {
  return fields.map(([key, value], index) => {
    const lead = index === 0 ? `-${' '.repeat(gap)}` : ' '.repeat(gap + 1);
    return `${' '.repeat(dash)}${lead}${key}: ${writtenLike(undefined, value)}`;
  });
}

function inFlow(file: YamlFile, root: YAMLMap, list: unknown, fields: Fields): string {
  const first = root.items[0]?.key;
  const json = root.flow === true && isScalar(first) && first.type === Scalar.QUOTE_DOUBLE;
  const style = json ? Scalar.QUOTE_DOUBLE : undefined;
  const entry = `{${fields.map(([key, value]) => `${json ? JSON.stringify(key) : key}: ${writtenLike(style, value)}`).join(', ')}}`;
  if (isSeq(list) && list.flow === true) {
    const last = list.items.at(-1);
    const start = last === undefined ? (list.range?.[0] ?? 0) + 1 : contentEnd(last);
    return spliced(file.text, [{ start, end: start, text: last === undefined ? entry : `, ${entry}` }]);
  }
  const lastPair = root.items.at(-1);
  const start = lastPair === undefined ? (root.range?.[0] ?? 0) + 1 : contentEnd(lastPair);
  const key = json ? '"images"' : 'images';
  return spliced(file.text, [
    { start, end: start, text: `${lastPair === undefined ? '' : ', '}${key}: [${entry}]` },
  ]);
}

/** Where the file puts the dashes of the lists in its root: below their key, or indented. */
function dashColumn(text: string, root: YAMLMap): number {
  for (const { value } of root.items) {
    if (isSeq(value) && value.flow !== true && value.items.length > 0)
      return columnAt(text, value.range?.[0] ?? 0);
  }
  return 0;
}

function columnAt(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function inserted(file: YamlFile, offset: number, lines: readonly string[]): string {
  return spliced(file.text, [lineSplice(file.text, offset, lines)]);
}

/** Lines after the line on which the offset stands. */
function lineSplice(text: string, offset: number, lines: readonly string[]): Splice {
  const newline = newlineOf(text);
  const at = offset > 0 && text[offset - 1] === '\n' ? offset : text.indexOf('\n', offset) + 1;
  if (at > 0) return { start: at, end: at, text: lines.map((line) => line + newline).join('') };
  return { start: text.length, end: text.length, text: lines.map((line) => newline + line).join('') };
}

function valueSplice(file: YamlFile, pair: Pair, value: string): readonly Splice[] {
  const node = pair.value;
  if (!isScalar(node) || !node.range || node.anchor !== undefined || node.tag !== undefined) {
    throw unusual(file, pair);
  }
  const [start, end] = node.range;
  const source = file.text.slice(start, end);
  if (source === '' || source.includes('\n')) throw unusual(file, pair);
  // a number is no tag to kustomize: 1.10 without quotes would be refused or read as 1.1
  if (sourceOf(node) === value && typeof node.value === 'string') return [];
  return [{ start, end, text: writtenLike(node.type ?? undefined, value) }];
}

function keySplice(pair: Pair, key: Key): Splice {
  const range = isScalar(pair.key) ? pair.key.range : undefined;
  const [start, end] = [range?.[0] ?? 0, range?.[1] ?? 0];
  const quoted = isScalar(pair.key) && pair.key.type === Scalar.QUOTE_DOUBLE;
  return { start, end, text: quoted ? JSON.stringify(key) : key };
}

function insertion(file: YamlFile, entry: YAMLMap, key: Key, value: string): Splice {
  const last = entry.items.at(-1);
  const end = contentEnd(last);
  if (entry.flow === true) {
    const json = isScalar(last?.key) && last.key.type === Scalar.QUOTE_DOUBLE;
    const written = writtenLike(json ? Scalar.QUOTE_DOUBLE : undefined, value);
    return { start: end, end, text: `, ${json ? JSON.stringify(key) : key}: ${written}` };
  }
  const indent = ' '.repeat(columnOf(file.text, entry));
  return lineSplice(file.text, end, [`${indent}${key}: ${writtenLike(undefined, value)}`]);
}

/** Takes a key away: its whole line, or its part of a line where others stand on it. */
function removal(file: YamlFile, entry: YAMLMap, pair: Pair | undefined): Splice {
  const index = pair === undefined ? -1 : entry.items.indexOf(pair);
  const next = entry.items[index + 1];
  const previous = entry.items[index - 1];
  const start = startOf(pair);
  if (next !== undefined && (entry.flow === true || previous === undefined)) {
    return { start, end: startOf(next), text: '' };
  }
  if (entry.flow === true) return { start: contentEnd(previous), end: contentEnd(pair), text: '' };
  const lineStart = file.text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = file.text.indexOf('\n', contentEnd(pair)) + 1;
  return { start: lineStart, end: lineEnd === 0 ? file.text.length : lineEnd, text: '' };
}

function startOf(pair: Pair | undefined): number {
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function unusual(file: YamlFile, pair: Pair): EditRefused {
  return new EditRefused({
    refusal: 'not-editable',
    path: file.path,
    lines: [file.lineAt(startOf(pair))],
    message: `the value of "${keyText(pair.key) ?? ''}" is empty, shared or written over several lines`,
    remedy: 'Write it as plain text on one line.',
  });
}
