/** What a change does to the objects in a cluster, for people to read: rendered, not as files. */
import { stringify } from 'yaml';
import type { TextChange } from '../../domain/file-set.js';
import { inOneOrder } from './data.js';
import { type DiffLine, diffLines, hunks } from './line-diff.js';
import {
  groupOf,
  hiddenPlaces,
  objectKey,
  objectTitle,
  REDACTED,
  type RenderedObject,
  sameHidden,
} from './rendered-objects.js';

export interface ChangedObject {
  readonly before: RenderedObject;
  readonly after: RenderedObject;
}

export interface RenderedDiff {
  readonly added: readonly RenderedObject[];
  readonly removed: readonly RenderedObject[];
  readonly changed: readonly ChangedObject[];
  /** number of objects that stay as they are */
  readonly unchanged: number;
  /** unified-diff-like text, one part for each object; values of Secrets are not in it */
  readonly text: string;
  /** lines that were cut from the text */
  readonly cut: number;
}

export interface DiffBounds {
  /** lines before and after each change */
  readonly context: number;
  readonly linesOfAnObject: number;
  readonly lines: number;
  /** characters of a line */
  readonly width: number;
}

/** What a person reads in one sitting; the plan is kept for years and sent to every approver. */
const BOUNDS: DiffBounds = { context: 3, linesOfAnObject: 120, lines: 600, width: 300 };

/**
 * Compares two renderings. Order of objects and keys makes no difference; the version of an API does, but it does not make
 * another object. A ConfigMap or Secret whose name ends with kustomize's hash of its content is the same as the one before.
 */
export function diffRendered(
  before: readonly RenderedObject[],
  after: readonly RenderedObject[],
  bounds: DiffBounds = BOUNDS,
): RenderedDiff {
  const { pairs, removed, added } = pairUp(before, after);
  const changed = pairs.filter(
    ({ before: one, after: other }) =>
      printed(one, { other, side: 'before' }) !== printed(other, { other: one, side: 'after' }),
  );
  const parts: Part[] = [
    ...changed.map((pair) => changedPart(pair, bounds)),
    ...added.map((object) => wholePart('+', object)),
    ...removed.map((object) => wholePart('-', object)),
  ];
  return {
    added,
    removed,
    changed,
    unchanged: pairs.length - changed.length,
    ...joined(parts, bounds),
  };
}

/**
 * The difference of files, where what is made of them is rendered elsewhere. Secrets have no place in such files: a line that
 * may hold one is left out.
 */
export function filesDiff(changes: readonly TextChange[], bounds: DiffBounds = BOUNDS): RenderedDiff {
  const parts = changes.map(({ path, before, after }): Part => {
    const [old, made] = [before ?? '', after ?? ''].map((text) => text.split('\n').map(withoutSecret));
    return {
      title: `~ ${path} (values)`,
      lines: hunks(diffLines(old ?? [], made ?? []), bounds.context),
    };
  });
  return { added: [], removed: [], changed: [], unchanged: 0, ...joined(parts, bounds) };
}

function withoutSecret(line: string): string {
  return /pass(?:word|wd)|secret|token|credential|private.?key/i.test(line)
    ? line.replace(/([:=]).*$/, `$1 ${REDACTED}`)
    : line;
}

interface Part {
  readonly title: string;
  readonly lines: readonly string[];
}

function changedPart({ before, after }: ChangedObject, bounds: DiffBounds): Part {
  const title = objectTitle(after);
  const was = objectTitle(before) === title ? '' : `, was ${before.name}`;
  const lines = diffLines(
    printed(before, { other: after, side: 'before' }).split('\n'),
    printed(after, { other: before, side: 'after' }).split('\n'),
  );
  return { title: `~ ${title} (${after.apiVersion})${was}`, lines: hunks(lines, bounds.context) };
}

function wholePart(sign: '+' | '-', object: RenderedObject): Part {
  const lines: readonly DiffLine[] = printed(object)
    .split('\n')
    .map((text) => ({ sign, text }));
  return { title: `${sign} ${objectTitle(object)} (${object.apiVersion})`, lines: hunks(lines, 0) };
}

/** The title of every object is always there; what is cut are lines of its content. */
function joined(parts: readonly Part[], bounds: DiffBounds): { readonly text: string; readonly cut: number } {
  const out: string[] = [];
  let left = bounds.lines;
  let cut = 0;
  for (const { title, lines } of parts) {
    const shown = Math.min(lines.length, bounds.linesOfAnObject, left);
    left -= shown;
    cut += lines.length - shown;
    out.push(
      visible(title, bounds.width),
      ...lines.slice(0, shown).map((line) => visible(line, bounds.width)),
    );
    if (shown < lines.length) out.push(`  … ${lines.length - shown} more lines`);
  }
  return { text: out.join('\n'), cut };
}

/** Characters that a terminal or browser would obey instead of show, among them those that turn the direction of text. */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029\ufff9-\ufffb]/gu;

function visible(line: string, width: number): string {
  const shown = line.replace(
    INVISIBLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return shown.length <= width
    ? shown
    : `${shown.slice(0, width)}… (${shown.length - width} more characters)`;
}

/** The object as YAML in one order of keys; in place of hidden values it says whether the other one has the same. */
function printed(
  object: RenderedObject,
  pair?: { readonly other: RenderedObject; readonly side: 'before' | 'after' },
): string {
  const word = (place: string): string => {
    if (pair === undefined) return REDACTED;
    if (sameHidden(object, pair.other, place)) return '(redacted, same)';
    // two words, so that the line counts as changed
    return pair.side === 'before' ? REDACTED : '(redacted, changed)';
  };
  const places = new Map(hiddenPlaces(object).map((place) => [place, word(place)]));
  const value = places.size === 0 ? object.object : withWords(object.object, places);
  return stringify(inOneOrder(value), { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
}

function withWords(value: unknown, places: ReadonlyMap<string, string>, at = ''): unknown {
  if (value === REDACTED) return places.get(at) ?? value;
  if (Array.isArray(value)) return value.map((item) => withWords(item, places, at));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      withWords(item, places, at === '' ? key : `${at}.${key}`),
    ]),
  );
}

/** Source: kustomize, api/internal/hasher: ten characters of this alphabet. */
const HASH_SUFFIX = /-[2456789bcdfghkmt]{10}$/;

function pairUp(
  before: readonly RenderedObject[],
  after: readonly RenderedObject[],
): {
  readonly pairs: readonly ChangedObject[];
  readonly removed: readonly RenderedObject[];
  readonly added: readonly RenderedObject[];
} {
  const exact = matched(before, after, objectKey);
  const generated = matched(exact.removed, exact.added, (object) => keyWithoutHash(object));
  return {
    pairs: [...exact.pairs, ...generated.pairs].sort((a, b) => order(a.after, b.after)),
    removed: [...generated.removed].sort(order),
    added: [...generated.added].sort(order),
  };
}

function keyWithoutHash(object: RenderedObject): string | undefined {
  if (groupOf(object) !== '' || (object.kind !== 'ConfigMap' && object.kind !== 'Secret')) return undefined;
  if (!HASH_SUFFIX.test(object.name)) return undefined;
  return objectKey({ ...object, name: object.name.replace(HASH_SUFFIX, '') });
}

/** Pairs objects of the same key in their order; an object without a key stays alone. */
function matched(
  before: readonly RenderedObject[],
  after: readonly RenderedObject[],
  keyOf: (object: RenderedObject) => string | undefined,
) {
  const waiting = new Map<string, RenderedObject[]>();
  const removed: RenderedObject[] = [];
  for (const object of before) {
    const key = keyOf(object);
    if (key === undefined) removed.push(object);
    else waiting.set(key, [...(waiting.get(key) ?? []), object]);
  }
  const pairs: ChangedObject[] = [];
  const added: RenderedObject[] = [];
  for (const object of after) {
    const key = keyOf(object);
    const partner = key === undefined ? undefined : waiting.get(key)?.shift();
    if (partner === undefined) added.push(object);
    else pairs.push({ before: partner, after: object });
  }
  return { pairs, removed: [...removed, ...[...waiting.values()].flat()], added };
}

function order(a: RenderedObject, b: RenderedObject): number {
  const [one, other] = [objectKey(a), objectKey(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}
