/** YAML (or JSON) text to documents that know where each value stands. */
import { type Document, isMap, isNode, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { unkeepableAt } from '../domain/kept-text.js';
import { tooDeepAt } from './depth.js';
import {
  MAX_FAULTS,
  ManifestError,
  type ManifestFault,
  type PathStep,
  type Place,
  pathText,
} from './fault.js';

/** A fleet of 1,000 clusters with labels of their own is about 200 KB. */
export const MAX_MANIFEST_BYTES = 512 * 1024;

/** A convenience for people, not a language: more aliases than this is an attack or a generator's output. */
const MAX_ALIASES = 20;

const TOO_MANY_ALIASES = `more than ${MAX_ALIASES} aliases: write the values out, or use spec.defaults`;

/** The library looks each one up in the whole document: far more than anybody writes by hand. */
const MAX_ALIAS_NODES = 200;

export interface PositionedDocument {
  readonly file: string;
  /** plain data; nothing is known of its shape yet */
  readonly value: unknown;
  /** place of the value at a path, or of the nearest thing around it; `key` asks for the place of its key */
  place(path: readonly PathStep[], part?: 'key' | 'value'): Place;
  /** whether the file itself says something at a path */
  has(path: readonly PathStep[]): boolean;
}

/**
 * Parses a text of one or several YAML documents. Empty documents are left out.
 * @param file name for the faults
 * @throws ManifestError for text that is too large, not YAML, has duplicate keys, tags, aliases without end or keys that
 *   are not text
 */
export function parseDocuments(file: string, text: string): readonly PositionedDocument[] {
  if (Buffer.byteLength(text, 'utf8') > MAX_MANIFEST_BYTES) {
    throw new ManifestError([
      {
        file,
        line: 1,
        column: 1,
        path: '',
        message: `larger than ${MAX_MANIFEST_BYTES / 1024} KiB: split the fleet into several files`,
      },
    ]);
  }
  const tooDeep = tooDeepAt(text);
  if (tooDeep !== undefined) {
    const before = text.slice(0, tooDeep).split('\n');
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    throw new ManifestError([{ file, ...place, path: '', message: 'nested too deeply' }]);
  }
  const lines = new LineCounter();
  // an empty text gives an empty list with a marker, which spreads to no document
  const documents = [
    ...parseAllDocuments(text, { lineCounter: lines, logLevel: 'silent', uniqueKeys: false }),
  ];
  const faults: ManifestFault[] = [];
  const parsed: PositionedDocument[] = [];
  for (const document of documents) {
    const found = documentFaults(file, document, lines);
    faults.push(...found);
    if (found.length > 0 || document.contents === null) continue;
    const value = plainValue(file, document, lines, faults);
    const unkeepable = unkeepableAt(value);
    if (unkeepable !== undefined) {
      const place = placeOf(document, lines, unkeepable, 'value');
      const message = 'must hold no NUL and no half of a character';
      faults.push({ file, ...place, path: pathText(unkeepable), message });
    } else if (value !== null && value !== undefined) {
      parsed.push({
        file,
        value,
        place: (path, part) => placeOf(document, lines, path, part ?? 'value'),
        has: (path) => document.hasIn(path),
      });
    }
  }
  if (faults.length > 0) throw new ManifestError(faults);
  return parsed;
}

function documentFaults(file: string, document: Document.Parsed, lines: LineCounter): ManifestFault[] {
  const faults: ManifestFault[] = [];
  for (const error of [...document.errors, ...document.warnings].slice(0, MAX_FAULTS)) {
    faults.push({ file, ...placeAt(lines, error.pos[0]), path: '', message: messageOf(error) });
  }
  let aliases = 0;
  visit(document, {
    Alias: (_, { range }) => {
      aliases += 1;
      if (aliases <= MAX_ALIAS_NODES) return undefined;
      faults.push({ file, ...placeAt(lines, range?.[0] ?? 0), path: '', message: TOO_MANY_ALIASES });
      return visit.BREAK;
    },
    // the parser's own check compares every key with every other: minutes for a large map
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = `${typeof key.value} ${String(key.value)}`;
        if (seen.has(name) && faults.length < MAX_FAULTS) {
          const message = 'this key stands twice in the same place: keep one of them';
          faults.push({ file, ...placeAt(lines, key.range?.[0] ?? 0), path: '', message });
        }
        seen.add(name);
      }
    },
    Pair: (_, pair) => {
      if (isScalar(pair.key) && typeof pair.key.value === 'string') return undefined;
      if (faults.length >= MAX_FAULTS) return visit.BREAK;
      const start = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
      faults.push({
        file,
        ...placeAt(lines, start),
        path: '',
        message: 'a key must be text: put it in quotes',
      });
      return undefined;
    },
  });
  return faults;
}

function messageOf(error: { readonly code: string; readonly message: string }): string {
  switch (error.code) {
    case 'TAG_RESOLVE_FAILED':
      return 'tags (a word after "!") are not allowed: write the plain value';
    default:
      // the library repeats the place and shows the line: the first sentence is enough
      return `not YAML: ${(error.message.split(/ at line \d+/u)[0] ?? '').trim()}`;
  }
}

function plainValue(
  file: string,
  document: Document.Parsed,
  lines: LineCounter,
  faults: ManifestFault[],
): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return value;
  } catch (error) {
    const unresolved = error instanceof Error && error.message.startsWith('Unresolved alias');
    faults.push({
      file,
      ...placeAt(lines, document.range[0]),
      path: '',
      message: unresolved ? 'an alias (*name) has no anchor (&name) before it' : TOO_MANY_ALIASES,
    });
    return undefined;
  }
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function placeOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly PathStep[],
  part: 'key' | 'value',
): Place {
  for (let length = path.length; length >= 0; length -= 1) {
    const steps = path.slice(0, length);
    const offset =
      part === 'key' && length === path.length && length > 0
        ? (keyOffset(document, steps) ?? valueOffset(document, steps))
        : valueOffset(document, steps);
    if (offset !== undefined) return placeAt(lines, offset);
  }
  return placeAt(lines, document.range[0]);
}

function valueOffset(document: Document.Parsed, path: readonly PathStep[]): number | undefined {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyOffset(document: Document.Parsed, path: readonly PathStep[]): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const name = path.at(-1);
  const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === name);
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
