import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryGit } from './git-process.js';
import type { FileChange, GitRepository, TreeEntry } from './git-repository.js';

type Side = TreeEntry | undefined;

interface Three {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

/**
 * What has to change in `ours` to take over what `theirs` changed since their common ancestor; null when the two conflict.
 * All three are full ids of commits. Only folders that differ are read, and only a file that both sides changed costs a
 * process: git as it is distributed merges whole trees in eight.
 */
export async function mergedChanges(
  repository: GitRepository,
  three: Three,
): Promise<readonly FileChange[] | null> {
  const changes: FileChange[] = [];
  return (await mergeFolder(repository, three, '', changes)) ? changes : null;
}

/** @param folder empty, or with a `/` at its end. False for a conflict. */
async function mergeFolder(
  repository: GitRepository,
  three: Three,
  folder: string,
  changes: FileChange[],
): Promise<boolean> {
  const [base, ours, theirs] = await Promise.all(
    [three.base, three.ours, three.theirs].map(async (commit) => {
      const entries = await repository.listTree(commit, folder);
      return new Map(entries.map((entry) => [entry.path, entry]));
    }),
  );
  for (const path of new Set([...(base?.keys() ?? []), ...(ours?.keys() ?? []), ...(theirs?.keys() ?? [])])) {
    const [b, o, t] = [base?.get(path), ours?.get(path), theirs?.get(path)];
    if (same(o, t) || same(b, t)) continue;
    if (same(b, o)) changes.push(...taken(path, o, t));
    else if (o?.type === 'tree' && t?.type === 'tree' && (b === undefined || b.type === 'tree')) {
      if (!(await mergeFolder(repository, three, `${path}/`, changes))) return false;
    } else if (isFile(b) && isFile(o) && isFile(t)) {
      const content = await mergedContent(repository, b.id, o.id, t.id);
      if (content === null) return false;
      const mode = o.mode === b.mode ? t.mode : o.mode;
      changes.push({ kind: 'write', path, content, executable: mode === '100755' });
    } else return false;
  }
  return true;
}

function isFile(entry: Side): entry is TreeEntry {
  return entry?.type === 'blob' && entry.mode !== '120000';
}

function same(one: Side, other: Side): boolean {
  return one?.id === other?.id && one?.mode === other?.mode;
}

/** Their entry in the place of ours. A folder gives way to a file, and the other way round, only when it is removed first. */
function taken(path: string, ours: Side, theirs: Side): readonly FileChange[] {
  const remove = { kind: 'remove', path } as const;
  if (theirs === undefined) return [remove];
  const place = { kind: 'place', path, mode: theirs.mode, id: theirs.id } as const;
  return ours === undefined || ours.type === theirs.type ? [place] : [remove, place];
}

async function mergedContent(
  repository: GitRepository,
  base: string,
  ours: string,
  theirs: string,
): Promise<Buffer | null> {
  const contents: Buffer[] = [];
  for (const id of [ours, base, theirs]) {
    const content = await repository.blobOrNull(id);
    if (content === null) throw new Error(`${id} is not a blob of ${repository.directory}`);
    contents.push(content);
  }
  if (ours === theirs) return contents[0] ?? null;
  const work = await mkdtemp(join(tmpdir(), 'gitlab-merge-'));
  try {
    const files: string[] = [];
    for (const content of contents) {
      const file = join(work, String(files.length));
      await writeFile(file, content);
      files.push(file);
    }
    const result = await tryGit(['merge-file', '--quiet', '--stdout', ...files]);
    return result.exitCode === 0 ? result.stdout : null;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
