/**
 * Bounds of YAML that anybody may have written, found without parsing it: the parser climbs down by recursion, and a stack
 * that ends at the wrong moment ends the whole process (seen: fatal in V8's compiler of regular expressions).
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  parseAllDocuments,
  visit,
} from 'yaml';

/** Brackets that open a flow collection: their number bounds the depth, whatever quotes and comments say. */
const MAX_OPENERS = 2_000;
/** Spaces before the first word of a line: block nesting needs at least one for each level. */
const MAX_INDENTATION = 400;
/** `- - - -` and `? ? ?` nest on one line. */
const MAX_INDICATORS_A_LINE = 64;
/** Values of a file after its aliases are written out. */
const MAX_EXPANDED = 500_000;

/** True when a text might nest deeper than a parser should follow. Meant for files of people, not for large data. */
export function mayNestTooDeep(text: string): boolean {
  let openers = 0;
  for (const character of text) {
    if (character !== '[' && character !== '{') continue;
    openers += 1;
    if (openers > MAX_OPENERS) return true;
  }
  return text.split('\n').some((line) => {
    const indentation = line.length - line.trimStart().length;
    return indentation > MAX_INDENTATION || (line.match(/[-?][ \t]/g)?.length ?? 0) > MAX_INDICATORS_A_LINE;
  });
}

/** True when a text has an alias: a `*name` and an `&name` of the same name. */
export function mayHaveAliases(text: string): boolean {
  const anchors = new Set([...text.matchAll(/&([^\s,[\]{}]+)/g)].map(([, name]) => name));
  return anchors.size > 0 && [...text.matchAll(/\*([^\s,[\]{}]+)/g)].some(([, name]) => anchors.has(name));
}

/**
 * Tells a file whose aliases multiply: some readers write them out until memory ends. Counts without writing them out.
 * @returns true also for a file with aliases that cannot be read here, since another reader may
 */
export function expandsTooMuch(text: string): boolean {
  if (!mayHaveAliases(text)) return false;
  if (mayNestTooDeep(text)) return true;
  try {
    return [...parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false })].some(
      (document) => document.errors.length > 0 || sizeOf(document) > MAX_EXPANDED,
    );
  } catch {
    return true;
  }
}

/**
 * Offset of a key that stands twice in its map. The parser's own check compares every key with every other, which takes
 * minutes for a large map: switch it off (`uniqueKeys: false`) and ask here.
 */
export function duplicateKeyAt(document: Document.Parsed): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue;
        const name = `${typeof key.value} ${String(key.value)}`;
        if (seen.has(name)) found ??= key.range?.[0] ?? 0;
        seen.add(name);
      }
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}

/** Number of values when all aliases are written out. */
function sizeOf(document: Document.Parsed): number {
  const sizes = new Map<string, number>();
  const size = (node: unknown): number => {
    if (isAlias(node)) return sizes.get(node.source) ?? 1;
    let total = 1;
    if (isMap(node)) {
      for (const pair of node.items) total += isPair(pair) ? size(pair.key) + size(pair.value) : 1;
    } else if (isCollection(node)) {
      for (const item of node.items) total += size(item);
    }
    total = Math.min(total, Number.MAX_SAFE_INTEGER);
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) sizes.set(node.anchor, total);
    return total;
  };
  return size(document.contents);
}
