/**
 * The values of a release in files that others change too: two applications may have their images in one kustomization. What
 * the edits of a place would still change says whether its values stand, whatever else stands beside them.
 */
import type { FileSet } from '../../domain/file-set.js';
import type { Place } from '../../domain/promotion/path.js';
import type { Release } from '../../domain/promotion/release.js';
import { EditRefused } from '../edits/edit-result.js';
import { diffLines } from '../rendering/line-diff.js';
import { PlanConflict } from './conflict.js';
import { changeOf } from './place-change.js';

export interface OwnedValues {
  readonly place: Place;
  readonly release: Release;
  /** prefixes of tags that environments of the path use */
  readonly prefixes: readonly string[];
  /** files that the plan changes; others are none of ours */
  readonly paths: ReadonlySet<string>;
}

/** True for a place whose change is values in files, not whole files. */
export function hasOwnValues({ change }: Pick<Place, 'change'>): boolean {
  return change.kind === 'edit';
}

/**
 * What stands where the release's values belong, as the lines that its edits would take away and put there: no lines where its
 * values stand, the same lines for files that hold the same values there.
 * @param files all files of the place
 * @returns undefined when the edits cannot be made in these files any more
 */
export function otherValues(files: FileSet, owned: OwnedValues): readonly string[] | undefined {
  const { place, release, prefixes, paths } = owned;
  try {
    const source = { files: new Map<string, string>(), directory: '' };
    const { changes } = changeOf({ place, release, before: files, source, prefixes });
    return changes
      .filter(({ path }) => paths.has(path))
      .flatMap(({ path, before, after }) =>
        diffLines(linesOf(before), linesOf(after))
          .filter(({ sign }) => sign !== ' ')
          .map(({ sign, text }) => `${path} ${sign} ${text.trim()}`),
      );
  } catch (error) {
    if (error instanceof EditRefused || error instanceof PlanConflict) return undefined;
    throw error;
  }
}

function linesOf(text: string | null): readonly string[] {
  return text === null ? [] : text.split('\n');
}

/**
 * Takes a change of a text back in a later text: the lines that it changed are put back, all others stay as they are by now.
 * @param before before the change
 * @param after with the change
 * @param now after, with changes of others
 * @returns undefined when somebody has changed the same lines
 */
export function withoutChange(before: string, after: string, now: string): string | undefined {
  const ours = stretches(after, before);
  // what somebody has put back already is put back
  const theirs = stretches(after, now).filter((their) => !ours.some((our) => isSame(our, their)));
  const isTheirs = theirs.some((their) => ours.some((our) => overlap(our, their)));
  if (isTheirs) return undefined;
  const lines = after.split('\n');
  const all = [...ours, ...theirs].sort((one, other) => one.start - other.start || one.end - other.end);
  const made: string[] = [];
  let at = 0;
  for (const { start, end, lines: instead } of all) {
    made.push(...lines.slice(at, start), ...instead);
    at = end;
  }
  return [...made, ...lines.slice(at)].join('\n');
}

/** Lines `start` to before `end` of a text that stand otherwise in another one. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

function stretches(from: string, to: string): readonly Stretch[] {
  const found: { start: number; end: number; lines: string[] }[] = [];
  let at = 0;
  let open: (typeof found)[number] | undefined;
  for (const { sign, text } of diffLines(from.split('\n'), to.split('\n'))) {
    if (sign === ' ') {
      open = undefined;
      at += 1;
      continue;
    }
    if (open === undefined) {
      open = { start: at, end: at, lines: [] };
      found.push(open);
    }
    if (sign === '+') open.lines.push(text);
    else {
      at += 1;
      open.end = at;
    }
  }
  return found;
}

function isSame(one: Stretch, other: Stretch): boolean {
  return (
    one.start === other.start && one.end === other.end && one.lines.join('\n') === other.lines.join('\n')
  );
}

/** Two stretches at the same place without lines of their own are in each other's way too. */
function overlap(one: Stretch, other: Stretch): boolean {
  if (one.start === one.end && other.start === other.end) return one.start === other.start;
  return one.start < other.end && other.start < one.end;
}
