import { mkdir } from 'node:fs/promises';
import { git, tryGit } from './git-process.js';
import { ObjectReader } from './object-reader.js';
import { writeObject } from './object-writer.js';
import { RefNotUpdated, RefUpdater } from './ref-updater.js';
import { writeTree } from './tree-writer.js';

/** A branch moved between reading its head and writing to it. */
export class BranchMoved extends Error {
  override readonly name = 'BranchMoved';
}

export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface CommitInfo {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly authoredAt: string;
  readonly committer: Person;
  readonly committedAt: string;
  readonly message: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly id: string;
  readonly path: string;
}

export interface FileRead {
  readonly path: string;
  readonly content: Buffer;
  readonly blobId: string;
  readonly executable: boolean;
  /** the commit that was read */
  readonly commitId: string;
  /** the last commit that changed this file */
  readonly lastCommitId: string;
}

export type FileChange =
  | { readonly kind: 'write'; readonly path: string; readonly content: Buffer; readonly executable?: boolean }
  /** an object that the repository has already: a blob, a folder's tree, or the commit of a submodule */
  | { readonly kind: 'place'; readonly path: string; readonly mode: string; readonly id: string }
  | { readonly kind: 'remove'; readonly path: string };

export interface FileDifference {
  readonly path: string;
  /** differs from `path` when the file was renamed */
  readonly oldPath: string;
  /** `A`, `D`, `M`, `R`, `T` */
  readonly status: string;
  /** the hunks; empty for a file that is no text */
  readonly diff: string;
}

export interface NewCommit {
  readonly branch: string;
  /** the head that the change was made on; null for the first commit of a repository */
  readonly parent: string | null;
  /** second parent, of a merge */
  readonly merged?: string;
  readonly message: string;
  readonly author: Person;
  readonly changes: readonly FileChange[];
  /** move the branch even when the new commit does not contain its head */
  readonly force?: boolean;
}

/** An object's id is the digest of what it says: read once, it stays true, in every repository. */
const COMMITS = new Map<string, CommitInfo>();
const TREES = new Map<string, readonly TreeEntry[]>();

const FIELDS = 9;
const LOG_FORMAT = '%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B';
const FULL_SHA = /^[0-9a-f]{40}$/;

/** Entries of a tree object: `<mode> <name>\0<20 bytes of the id>`, one after the other. */
function parseTree(content: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const zero = content.indexOf(0, space);
    const mode = content.subarray(at, space).toString().padStart(6, '0');
    entries.push({
      mode,
      type: mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob',
      id: content.subarray(zero + 1, zero + 21).toString('hex'),
      path: content.subarray(space + 1, zero).toString(),
    });
    at = zero + 21;
  }
  return entries;
}

/** `Ada Lovelace <ada@example.com> 1798761600 +0200`, as a person and an ISO time with that offset. */
function parseSignature(text: string): { readonly person: Person; readonly at: string } {
  const [, name = '', email = '', seconds = '0', sign = '+', hours = '00', minutes = '00'] =
    /^(.*?) ?<([^>]*)> (\d+) ([+-])(\d\d)(\d\d)$/.exec(text) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const local = new Date(Number(seconds) * 1_000 + offset).toISOString().slice(0, 19);
  return { person: { name, email }, at: `${local}${sign}${hours}:${minutes}` };
}

/** A commit object: headers, an empty line, the message. */
function parseCommit(id: string, content: Buffer): CommitInfo {
  const text = content.toString();
  const end = text.indexOf('\n\n');
  const headers = (end < 0 ? text : text.slice(0, end)).split('\n');
  const valuesOf = (name: string): string[] =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const author = parseSignature(valuesOf('author')[0] ?? '');
  const committer = parseSignature(valuesOf('committer')[0] ?? '');
  return {
    id,
    parents: valuesOf('parent'),
    author: author.person,
    authoredAt: author.at,
    committer: committer.person,
    committedAt: committer.at,
    message: end < 0 ? '' : text.slice(end + 2),
  };
}

function parseLog(text: string): CommitInfo[] {
  const parts = text.split('\0');
  const commits: CommitInfo[] = [];
  for (let i = 0; i + FIELDS <= parts.length; i += FIELDS) {
    const [id, parents, name, email, authoredAt, committer, committerEmail, committedAt, message] =
      parts.slice(i, i + FIELDS);
    commits.push({
      id: id ?? '',
      parents: (parents ?? '').split(' ').filter((parent) => parent !== ''),
      author: { name: name ?? '', email: email ?? '' },
      authoredAt: authoredAt ?? '',
      committer: { name: committer ?? '', email: committerEmail ?? '' },
      committedAt: committedAt ?? '',
      message: message ?? '',
    });
  }
  return commits;
}

/** Names that would break out of a fast-import line or of the repository. */
export function isSafePath(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !path.endsWith('/') &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    !/[\u0000-\u001f\u007f]/.test(path) &&
    !path
      .split('/')
      .some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')
  );
}

/**
 * One bare repository on disk, driven by the git binary. All writes are compare-and-swap on the branch: a change that was
 * made on an older head throws `BranchMoved`.
 */
export class GitRepository {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the bare repository if it is not there yet. */
  static async create(directory: string, defaultBranch: string): Promise<GitRepository> {
    const repository = new GitRepository(directory);
    const there = await tryGit(['--git-dir', directory, 'rev-parse', '--git-dir']);
    if (there.exitCode === 0) return repository;
    await mkdir(directory, { recursive: true });
    await git(['init', '--quiet', '--bare', directory]);
    await git(['--git-dir', directory, 'symbolic-ref', 'HEAD', `refs/heads/${defaultBranch}`]);
    await git(['--git-dir', directory, 'config', 'http.receivepack', 'true']);
    return repository;
  }

  private get objects(): ObjectReader {
    return ObjectReader.of(this.directory);
  }

  private run(...args: string[]): Promise<Buffer> {
    return git(['--git-dir', this.directory, ...args]);
  }

  /** Full id of the commit that a branch, tag or (short) id names, or null; a tag wins over a branch of its name, as in git. */
  async resolve(revision: string): Promise<string | null> {
    if (revision === '' || revision.startsWith('-')) return null;
    return await this.commitNamed(revision);
  }

  /** Head of a branch, or null when there is no such branch. */
  async branchHead(branch: string): Promise<string | null> {
    return this.commitNamed(`refs/heads/${branch}`);
  }

  private async commitNamed(name: string): Promise<string | null> {
    const commit = await this.objects.read(`${name}^{commit}`);
    return commit?.type === 'commit' ? commit.id : null;
  }

  async branches(): Promise<readonly { readonly name: string; readonly head: string }[]> {
    const text = (
      await this.run('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/')
    ).toString();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ head: line.slice(0, 40), name: line.slice(41 + 'refs/heads/'.length) }));
  }

  /** The file at a commit (full id), or null. */
  async readFile(commitId: string, path: string): Promise<FileRead | null> {
    if (!isSafePath(path)) return null;
    const [entry] = await this.listTree(commitId, path);
    if (entry === undefined || entry.type !== 'blob') return null;
    const [blob, lastCommitId] = await Promise.all([
      this.objects.read(entry.id),
      this.lastChangeOf(commitId, entry),
    ]);
    if (blob === null) throw new Error(`${entry.id} is not an object of ${this.directory}`);
    return {
      path,
      content: blob.content,
      blobId: entry.id,
      executable: entry.mode === '100755',
      commitId,
      lastCommitId,
    };
  }

  /** As `git log -1 -- <path>`: goes back as long as some parent has the same content there. */
  private async lastChangeOf(commitId: string, file: TreeEntry): Promise<string> {
    let at = commitId;
    for (;;) {
      let before: string | undefined;
      for (const parent of (await this.commitInfo(at)).parents) {
        const [entry] = await this.listTree(parent, file.path);
        if (entry?.id === file.id && entry.mode === file.mode) {
          before = parent;
          break;
        }
      }
      if (before === undefined) return at;
      at = before;
    }
  }

  /** Entries of a tree. A `path` that ends in `/` lists the folder, one without names the entry itself. */
  async listTree(commitId: string, path = '', recursive = false): Promise<TreeEntry[]> {
    if (path === '' || path.endsWith('/')) return this.entriesBelow(commitId, path, recursive);
    const slash = path.lastIndexOf('/') + 1;
    const entries = await this.entriesBelow(commitId, path.slice(0, slash), false);
    const entry = entries.find((candidate) => candidate.path === path);
    return entry === undefined
      ? []
      : recursive && entry.type === 'tree'
        ? [entry, ...(await this.entriesBelow(commitId, `${path}/`, true))]
        : [entry];
  }

  /** @param folder empty, or with a `/` at its end */
  private async entriesBelow(commitId: string, folder: string, recursive: boolean): Promise<TreeEntry[]> {
    const tree = await this.treeAt(commitId, folder);
    const entries: TreeEntry[] = [];
    for (const entry of tree) {
      const path = `${folder}${entry.path}`;
      entries.push({ ...entry, path });
      if (recursive && entry.type === 'tree') {
        entries.push(...(await this.entriesBelow(commitId, `${path}/`, true)));
      }
    }
    return entries;
  }

  private async treeAt(commitId: string, folder: string): Promise<readonly TreeEntry[]> {
    const name = `${commitId}:${folder.slice(0, -1)}`;
    const known = TREES.get(name);
    if (known !== undefined) return known;
    const tree = await this.objects.read(name);
    // what is missing may still be fetched
    if (tree?.type !== 'tree') return [];
    const entries = parseTree(tree.content);
    if (FULL_SHA.test(commitId)) TREES.set(name, entries);
    return entries;
  }

  /** Id of a folder's tree at a commit, or null: equal ids mean equal contents. */
  async treeId(commitId: string, path: string): Promise<string | null> {
    const [entry] = await this.listTree(commitId, path);
    return entry?.id ?? null;
  }

  /** Commits from a revision back, newest first. */
  async log(options: {
    readonly revision: string;
    readonly path?: string;
    readonly limit: number;
    readonly skip?: number;
    readonly since?: string;
    readonly until?: string;
  }): Promise<CommitInfo[]> {
    const args = [
      'log',
      '-z',
      `--format=format:${LOG_FORMAT}`,
      `--max-count=${options.limit}`,
      `--skip=${options.skip ?? 0}`,
    ];
    if (options.since !== undefined) args.push(`--since=${options.since}`);
    if (options.until !== undefined) args.push(`--until=${options.until}`);
    args.push(options.revision, '--');
    if (options.path !== undefined && options.path !== '') args.push(options.path);
    return parseLog((await this.run(...args)).toString());
  }

  async commitInfo(commitId: string): Promise<CommitInfo> {
    const known = COMMITS.get(commitId);
    if (known !== undefined) return known;
    const commit = await this.objects.read(commitId);
    if (commit?.type !== 'commit') throw new Error(`${commitId} is not a commit of ${this.directory}`);
    const info = parseCommit(commit.id, commit.content);
    COMMITS.set(commit.id, info);
    return info;
  }

  /** Added and removed lines of a commit against its first parent. */
  async stats(commitId: string): Promise<{ readonly additions: number; readonly deletions: number }> {
    const text = (await this.run('show', '--first-parent', '--numstat', '--format=', commitId)).toString();
    let additions = 0;
    let deletions = 0;
    for (const line of text.split('\n')) {
      const [added, removed] = line.split('\t');
      additions += Number.parseInt(added ?? '', 10) || 0;
      deletions += Number.parseInt(removed ?? '', 10) || 0;
    }
    return { additions, deletions };
  }

  /** Best common ancestor of two commits, or null; one of them when there are several. */
  async mergeBase(a: string, b: string): Promise<string | null> {
    const ofA = await this.ancestorsOf(a);
    if (ofA.has(b)) return b;
    const common = [...(await this.ancestorsOf(b))].filter((id) => ofA.has(id));
    const surpassed = new Set<string>();
    for (const id of common) {
      for (const parent of (await this.commitInfo(id)).parents) surpassed.add(parent);
    }
    return common.find((id) => !surpassed.has(id)) ?? null;
  }

  /** A commit and all that it is made on, without what `except` is made on. */
  async ancestorsOf(commitId: string, except: ReadonlySet<string> = new Set()): Promise<ReadonlySet<string>> {
    const found = new Set(except.has(commitId) ? [] : [commitId]);
    for (const id of found) {
      for (const parent of (await this.commitInfo(id)).parents) if (!except.has(parent)) found.add(parent);
    }
    return found;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return (await this.ancestorsOf(descendant)).has(ancestor);
  }

  /** Files that differ between two commits, with the text of the difference. */
  async diff(from: string, to: string): Promise<readonly FileDifference[]> {
    const [names, text] = await Promise.all([
      this.run('diff', '--find-renames', '--name-status', '-z', from, to),
      this.run('diff', '--find-renames', from, to),
    ]);
    // both are in the same order, and only a head line can begin with these words
    const patches = text
      .toString()
      .split(/^diff --git .*\n/m)
      .slice(1);
    const words = names.toString().split('\0');
    const files: FileDifference[] = [];
    for (let at = 0; at + 1 < words.length; ) {
      const status = words[at]?.[0] ?? '';
      const [oldPath = '', newPath = oldPath] = words.slice(at + 1, status === 'R' ? at + 3 : at + 2);
      const patch = patches[files.length] ?? '';
      files.push({
        path: newPath,
        oldPath,
        status,
        diff: patch.includes('@@') ? patch.slice(patch.indexOf('@@')) : '',
      });
      at += status === 'R' ? 3 : 2;
    }
    return files;
  }

  /**
   * Writes one commit and moves the branch to it. Throws `BranchMoved` when the branch has a head that the new commit does
   * not contain, unless `force` says so. Gives the id of the new commit.
   */
  async commit(input: NewCommit): Promise<string> {
    for (const { path } of input.changes) {
      if (!isSafePath(path)) throw new Error(`not a path of a repository: ${JSON.stringify(path)}`);
    }
    const tree = await writeTree(this, input.parent, input.changes);
    const parents = [input.parent, input.merged].filter((id) => typeof id === 'string');
    const id = await this.writeCommit(tree, parents, input.message, input.author);
    const head = await this.branchHead(input.branch);
    if (input.force !== true && head !== null && !(await this.isAncestor(head, id))) {
      throw new BranchMoved(`branch ${input.branch} has moved since ${input.parent ?? 'it was empty'}`);
    }
    await this.moveBranch(input.branch, id, head);
    return id;
  }

  /** A commit with the whole tree of `from` on the parent `parent`; moves no branch. */
  async commitTree(from: string, parent: string, message: string, author: Person): Promise<string> {
    const tree = await this.objects.read(`${from}^{tree}`);
    if (tree === null) throw new Error(`${from} is not a commit of ${this.directory}`);
    return this.writeCommit(tree.id, [parent], message, author);
  }

  private writeCommit(
    tree: string,
    parents: readonly string[],
    message: string,
    { name, email }: Person,
  ): Promise<string> {
    const plain = (text: string): string => text.replaceAll(/[<>\n\0]/g, '');
    const who = `${plain(name)} <${plain(email)}> ${Math.floor(Date.now() / 1000)} +0000`;
    const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`)];
    lines.push(`author ${who}`, `committer ${who}`, '', message);
    return writeObject(this.directory, 'commit', Buffer.from(lines.join('\n')));
  }

  /** Moves or makes a branch if it is still at `expected` (null: must not exist). Throws `BranchMoved`. */
  async moveBranch(branch: string, to: string, expected: string | null): Promise<void> {
    await this.updateBranch(branch, to, expected);
  }

  async removeBranch(branch: string, expected: string): Promise<void> {
    await this.updateBranch(branch, null, expected);
  }

  private async updateBranch(branch: string, to: string | null, expected: string | null): Promise<void> {
    try {
      await RefUpdater.of(this.directory).update(`refs/heads/${branch}`, to, expected);
    } catch (error) {
      if (error instanceof RefNotUpdated) throw new BranchMoved(`branch ${branch}: ${error.message}`);
      throw error;
    }
  }

  /** The content of a blob by its full id, or null. */
  async blobOrNull(id: string): Promise<Buffer | null> {
    const blob = FULL_SHA.test(id) ? await this.objects.read(id) : null;
    return blob?.type === 'blob' ? blob.content : null;
  }
}
