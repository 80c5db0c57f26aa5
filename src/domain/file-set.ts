/** Text files of a repository by path, and what changes between two states of them. Pure: where they come from is others' business. */

/** Text by path from the root of the repository, with `/` and without a leading one. */
export type FileSet = ReadonlyMap<string, string>;

/** One file that changes; null: the file is not there. */
export interface TextChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** True for a plain relative path: no `..`, no empty step, no backslash, no control character. */
export function isRepositoryPath(path: string): boolean {
  return (
    path !== '' &&
    !/[\\\p{Cc}]/u.test(path) &&
    path.split('/').every((step) => step !== '' && step !== '.' && step !== '..')
  );
}

/**
 * The path that `relative` means when it stands in a file of `directory`; the root is the empty text.
 * @returns undefined when it is absolute or leaves the repository
 */
export function resolvePath(directory: string, relative: string): string | undefined {
  if (relative.startsWith('/') || /[\\\p{Cc}]/u.test(relative)) return undefined;
  const steps = directory === '' ? [] : directory.split('/');
  for (const step of relative.split('/')) {
    if (step === '' || step === '.') continue;
    if (step !== '..') steps.push(step);
    else if (steps.pop() === undefined) return undefined;
  }
  return steps.join('/');
}

/** The directory of a path; the empty text for a file in the root. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** True when the path is the directory itself or lies below it; everything lies below the empty text. */
export function isWithin(directory: string, path: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** The files below a directory, with their whole paths, in the order of their paths. */
export function filesWithin(files: FileSet, directory: string): FileSet {
  return new Map([...files].filter(([path]) => isWithin(directory, path)).sort(byPath));
}

/** The files after some changes; a change whose `after` is null removes its file. */
export function withChanges(files: FileSet, changes: readonly TextChange[]): FileSet {
  const changed = new Map(files);
  for (const { path, after } of changes) {
    if (after === null) changed.delete(path);
    else changed.set(path, after);
  }
  return changed;
}

/** What differs between two states, in the order of paths. */
export function changesBetween(before: FileSet, after: FileSet): readonly TextChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((path) => ({ path, before: before.get(path) ?? null, after: after.get(path) ?? null }))
    .filter((change) => change.before !== change.after);
}

function byPath([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
