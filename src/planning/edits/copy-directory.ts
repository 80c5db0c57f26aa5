/** Takes the files of one environment over into another. */
import { changesBetween, type FileSet, filesWithin, isWithin } from '../../domain/file-set.js';
import { EditRefused, type EditResult } from './edit-result.js';
import { matcherOf } from './keep-patterns.js';

export interface CopyInput {
  readonly from: string;
  readonly to: string;
  /** patterns, relative to the directory, of files that belong to the target: neither taken over nor deleted */
  readonly keep: readonly string[];
}

export interface CopyResult extends EditResult {
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly deleted: readonly string[];
  /** files of the target that stay because of a pattern */
  readonly kept: readonly string[];
}

/**
 * Makes the target directory what the source directory is, but for the files that belong to the target.
 * @param fromFiles the repository of the environment before, at the commit of the release
 * @param toFiles the repository of the target
 * @throws EditRefused `missing-file` when the source has no file to take over: it would empty the target
 */
export function copyDirectory(
  fromFiles: FileSet,
  toFiles: FileSet,
  { from, to, keep }: CopyInput,
): CopyResult {
  if (fromFiles === toFiles && from !== to && (isWithin(from, to) || isWithin(to, from))) {
    throw new EditRefused({
      refusal: 'not-editable',
      path: to,
      message: `it lies in the same repository as ${from} and one contains the other`,
      remedy: 'Give each environment a directory of its own.',
    });
  }
  const isKept = matcherOf(keep);
  const target = filesWithin(toFiles, to);
  const kept = [...target.keys()].filter((path) => isKept(relativeTo(to, path)));
  const taken = [...filesWithin(fromFiles, from)]
    .map(([path, text]) => [relativeTo(from, path), text] as const)
    .filter(([relative]) => !isKept(relative));
  if (taken.length === 0) {
    throw new EditRefused({
      refusal: 'missing-file',
      path: from,
      message: 'there is no file to take over, so the target would be emptied',
      remedy: 'Correct the directory, or the patterns of files to keep.',
    });
  }
  const wanted = new Map([
    ...kept.map((path) => [path, target.get(path) ?? ''] as const),
    ...taken.map(([relative, text]) => [to === '' ? relative : `${to}/${relative}`, text] as const),
  ]);
  const files = changesBetween(target, wanted);
  const pathsWhere = (wantedChange: (change: (typeof files)[number]) => boolean) =>
    files.filter(wantedChange).map(({ path }) => path);
  return {
    files,
    places: files.map(({ path }) => ({ path, line: 1, before: null, after: null })),
    created: pathsWhere(({ before }) => before === null),
    updated: pathsWhere(({ before, after }) => before !== null && after !== null),
    deleted: pathsWhere(({ after }) => after === null),
    kept,
  };
}

function relativeTo(directory: string, path: string): string {
  return directory === '' ? path : path.slice(directory.length + 1);
}
