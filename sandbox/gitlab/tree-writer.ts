import type { FileChange, TreeEntry } from './git-repository.js';
import { writeObject } from './object-writer.js';

/** Name of an entry in its folder, mode and id; null: it goes. */
type Entries = Map<string, { readonly mode: string; readonly id: string } | null>;

interface Repository {
  readonly directory: string;
  listTree(commitId: string, path: string): Promise<readonly TreeEntry[]>;
}

/**
 * Writes the tree that a commit's tree becomes by changes, in their order; a later one of the same path counts.
 * @param base id of the commit, null for an empty tree
 * @returns id of the tree
 */
export async function writeTree(
  repository: Repository,
  base: string | null,
  changes: readonly FileChange[],
): Promise<string> {
  return (await writeFolder(repository, base, '', changes)) ?? writeEntries(repository.directory, new Map());
}

/** @param folder empty, or with a `/` at its end. Null for a folder with nothing in it, which git does not keep. */
async function writeFolder(
  repository: Repository,
  base: string | null,
  folder: string,
  changes: readonly FileChange[],
): Promise<string | null> {
  const entries: Entries = new Map();
  const before = base === null ? [] : await repository.listTree(base, folder);
  for (const { path, mode, id } of before) entries.set(path.slice(folder.length), { mode, id });
  /** changes further down, by the name of their folder; `fresh`: what was there before has gone */
  const below = new Map<string, { fresh: boolean; readonly changes: FileChange[] }>();
  for (const change of changes) {
    const path = change.path.slice(folder.length);
    const slash = path.indexOf('/');
    if (slash < 0) {
      entries.set(path, await entryOf(repository.directory, change));
      below.delete(path);
      continue;
    }
    const name = path.slice(0, slash);
    const known = below.get(name);
    if (known !== undefined) known.changes.push(change);
    else below.set(name, { fresh: entries.get(name)?.mode !== '040000', changes: [change] });
  }
  for (const [name, { fresh, changes: inner }] of below) {
    const id = await writeFolder(repository, fresh ? null : base, `${folder}${name}/`, inner);
    entries.set(name, id === null ? null : { mode: '040000', id });
  }
  return [...entries.values()].some((entry) => entry !== null)
    ? writeEntries(repository.directory, entries)
    : null;
}

async function entryOf(
  directory: string,
  change: FileChange,
): Promise<{ readonly mode: string; readonly id: string } | null> {
  if (change.kind === 'remove') return null;
  if (change.kind === 'place') return { mode: change.mode, id: change.id };
  const id = await writeObject(directory, 'blob', change.content);
  return { mode: change.executable === true ? '100755' : '100644', id };
}

/** Git sorts by bytes, a folder as if its name ended in a slash, and writes the mode of a folder without its zero. */
function writeEntries(directory: string, entries: Entries): Promise<string> {
  const rows = [...entries].flatMap(([name, entry]) => (entry === null ? [] : [{ name, ...entry }]));
  const key = (row: { name: string; mode: string }): Buffer =>
    Buffer.from(row.mode === '040000' ? `${row.name}/` : row.name);
  rows.sort((one, other) => Buffer.compare(key(one), key(other)));
  const parts = rows.flatMap(({ name, mode, id }) => [
    Buffer.from(`${mode.replace(/^0/, '')} ${name}\0`),
    Buffer.from(id, 'hex'),
  ]);
  return writeObject(directory, 'tree', Buffer.concat(parts));
}
