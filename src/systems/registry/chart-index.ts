import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { sameChartVersion } from '../chart-version.js';
import type { ChartInIndex } from './types.js';

/**
 * The index of a classic chart repository can have megabytes, and a YAML parser reads about one in two seconds, in which
 * nothing else runs. Helm writes it in one style, so the lines of the one version are found by their indentation and only
 * they are parsed.
 */

/** Text that is parsed whole when it is not in Helm's style. */
const LARGEST_OTHER_STYLE = 256 * 1024;
/** Text of one version of a chart. */
const LARGEST_ENTRY = 256 * 1024;

const Entry = Type.Object({
  version: Type.String(),
  digest: Type.Optional(Type.String()),
  urls: Type.Optional(Type.Array(Type.String())),
});
const Index = Type.Object({ entries: Type.Record(Type.String(), Type.Array(Entry)) });

/** The index is not one, or not in a style that can be read within bounds. */
export class ChartIndexError extends Error {
  override readonly name = 'ChartIndexError';
}

/**
 * The version of a chart in the text of an `index.yaml`, or null. A leading `v` and build metadata make no difference,
 * unless both are there; then the exact one counts.
 * @throws ChartIndexError
 */
export function versionInIndex(text: string, chart: string, version: string): ChartInIndex | null {
  const entries = entriesOf(text, chart, version);
  const found =
    entries.find((entry) => entry.version === version) ??
    entries.find((entry) => sameChartVersion(entry.version, version));
  if (found === undefined) return null;
  const [url] = found.urls ?? [];
  const hex = found.digest?.replace(/^sha256:/, '').toLowerCase();
  return {
    version: found.version,
    ...(url === undefined ? {} : { url }),
    ...(hex === undefined || !/^[0-9a-f]{64}$/.test(hex) ? {} : { digest: `sha256:${hex}` }),
  };
}

function entriesOf(text: string, chart: string, version: string): readonly Static<typeof Entry>[] {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => /^entries:\s*$/.test(line));
  if (start < 0) return entriesOfAnyStyle(text, chart);
  const block = blockAfter(lines, start, (line) => /^[^\s#-]/.test(line));
  const indent = block.find((line) => /^ +[^\s#]/.test(line))?.search(/[^ ]/) ?? 0;
  const isKey = (line: string): boolean => line.search(/[^ ]/) === indent && !/^ *[-#]/.test(line);
  const key = block.findIndex((line) => isKey(line) && keyOf(line) === chart);
  if (key < 0) return [];
  return itemsOf(blockAfter(block, key, isKey))
    .filter((item) => item.includes(version.replace(/^v(?=\d)/, '').replace(/\+.*$/, '')))
    .flatMap((item) => checked(Type.Array(Entry), item, LARGEST_ENTRY));
}

/** JSON, or YAML that somebody else wrote. */
function entriesOfAnyStyle(text: string, chart: string): readonly Static<typeof Entry>[] {
  if (/^\s*\{/.test(text)) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ChartIndexError('it is neither JSON nor the YAML that Helm writes');
    }
    if (!Value.Check(Index, value)) throw new ChartIndexError('it has no entries with versions');
    return value.entries[chart] ?? [];
  }
  return checked(Index, text, LARGEST_OTHER_STYLE).entries[chart] ?? [];
}

/** Lines after a line, up to the first one that ends the block. */
function blockAfter(
  lines: readonly string[],
  start: number,
  ends: (line: string) => boolean,
): readonly string[] {
  const rest = lines.slice(start + 1);
  const end = rest.findIndex(ends);
  return end < 0 ? rest : rest.slice(0, end);
}

/** The texts of the items of a block sequence, each with its dash. */
function itemsOf(block: readonly string[]): readonly string[] {
  const first = block.find((line) => /^ *- /.test(line));
  if (first === undefined) return [];
  const dash = first.slice(0, first.indexOf('-') + 2);
  const items: string[][] = [];
  for (const line of block) {
    if (line.startsWith(dash)) items.push([line]);
    else items.at(-1)?.push(line);
  }
  return items.map((item) => item.join('\n'));
}

function keyOf(line: string): string {
  return line
    .replace(/:\s*$/, '')
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2');
}

function checked<S extends typeof Index | Type.TArray<typeof Entry>>(
  schema: S,
  text: string,
  most: number,
): Static<S> {
  if (text.length > most) throw new ChartIndexError(`the part to be read has more than ${most} characters`);
  let value: unknown;
  try {
    // every scalar is a text in this schema: a version 1.10 stays what it is
    value = parse(text, { schema: 'failsafe', maxAliasCount: 0, logLevel: 'error' });
  } catch {
    throw new ChartIndexError('it is not YAML');
  }
  if (!Value.Check(schema, value)) throw new ChartIndexError('it has no entries with versions');
  return value;
}
