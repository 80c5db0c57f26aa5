/** Reads of a repository what rendering a directory needs: the directory, and whatever its kustomizations lead to. */
import { createHash } from 'node:crypto';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { directoryOf, type FileSet, isWithin, resolvePath } from '../../domain/file-set.js';
import type { GitLabRepositories, TreeEntry } from '../../systems/gitlab/repositories.js';
import { KUSTOMIZATION_NAMES } from '../../systems/kustomize/kustomization-file.js';

/** A regular file, executable or not. Links and submodules are left out: nothing that is rendered may come through them. */
const REGULAR = /^100/;

/**
 * @param place `commit` is a full commit id
 * @returns repository path to text
 * @throws SystemError when files are too many, too large or no text
 */
export async function readDirectory(
  repositories: GitLabRepositories,
  place: { readonly project: string; readonly commit: string; readonly directory: string },
  signal?: AbortSignal,
): Promise<FileSet> {
  const { project, commit, directory } = place;
  const tree = (await repositories.tree({ project, ref: commit }, signal)).filter(({ mode }) =>
    REGULAR.test(mode),
  );
  const files = new Map<string, string>();
  let wanted = tree.filter(({ path }) => isWithin(directory, path));
  while (wanted.length > 0) {
    const texts = await repositories.texts({ project, entries: wanted }, signal);
    for (const [path, text] of texts) files.set(path, text);
    wanted = namedBy(texts, tree).filter(({ path }) => !files.has(path));
  }
  return files;
}

/** Files and directories that kustomizations name; a directory means all of its files. */
function namedBy(texts: FileSet, tree: readonly TreeEntry[]): readonly TreeEntry[] {
  const names = new Set<string>();
  for (const [path, text] of texts) {
    if (!KUSTOMIZATION_NAMES.some((name) => path === name || path.endsWith(`/${name}`))) continue;
    for (const value of scalarsIn(parseDocument(text, { logLevel: 'silent' }).contents)) {
      const name = resolvePath(directoryOf(path), value);
      if (name !== undefined) names.add(name);
    }
  }
  return tree.filter(({ path }) => names.has(path) || [...names].some((name) => isWithin(name, path)));
}

function scalarsIn(node: unknown): readonly string[] {
  if (isScalar(node)) return typeof node.value === 'string' ? [node.value] : [];
  if (isSeq(node)) return node.items.flatMap(scalarsIn);
  if (isMap(node)) return node.items.flatMap((pair) => scalarsIn(pair.value));
  return [];
}

/** SHA-256 of a text in hexadecimal digits; null of a file that is not there. */
export function hashOf(text: string): string;
export function hashOf(text: string | null): string | null;
export function hashOf(text: string | null): string | null {
  return text === null ? null : createHash('sha256').update(text, 'utf8').digest('hex');
}
