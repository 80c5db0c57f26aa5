import { createHash } from 'node:crypto';
import { SystemError } from '../domain/failure.js';
import type { GitLabClient } from '../systems/gitlab/client.js';
import type { GitLabRepositories } from '../systems/gitlab/repositories.js';
import type { History, Relation } from './history.js';

/** A commit that GitLab does not have is asked for again after this long, in milliseconds: it may be pushed meanwhile. */
const UNKNOWN_AGAIN_MS = 15_000;

/** A file, and what it must hold. */
export interface HeldFile {
  /** path from the root of the repository */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal; null: there must be no such file */
  readonly sha256: string | null;
}

export interface GitLabHistoryOptions {
  readonly gitlab: Pick<GitLabClient, 'isAncestor'>;
  readonly repositories: Pick<GitLabRepositories, 'compare' | 'tree' | 'blobs'>;
  /** full path of the project */
  readonly project: string;
  /** our commit, 40 or 64 hexadecimal digits, which holds the files: that was compared when it was made */
  readonly revision: string;
  /** what makes our content; other files may change */
  readonly files: readonly HeldFile[];
  /** whether a commit in which these files have changed has our values in them all the same; unset: whole files are ours */
  readonly holdsValues?: (commit: string, signal: AbortSignal) => Promise<boolean>;
  /** milliseconds since the epoch */
  readonly now?: () => number;
}

/**
 * Asks GitLab what a commit has to do with ours. Answers about commits never change, so each is asked for once.
 * Its methods throw `SystemError`.
 */
export class GitLabHistory implements History {
  readonly #options: GitLabHistoryOptions;
  readonly #known = new Map<string, Relation>();
  readonly #unknownAtMs = new Map<string, number>();

  constructor(options: GitLabHistoryOptions) {
    this.#options = options;
  }

  async relationOf(commit: string, signal: AbortSignal): Promise<Relation> {
    if (commit === this.#options.revision) return 'holds';
    const known = this.#known.get(commit);
    if (known !== undefined) return known;
    const unknownAtMs = this.#unknownAtMs.get(commit);
    if (unknownAtMs !== undefined && this.#nowMs - unknownAtMs < UNKNOWN_AGAIN_MS) return 'unknown';
    const relation = await this.#ask(commit, signal);
    if (relation === 'unknown') this.#unknownAtMs.set(commit, this.#nowMs);
    else this.#known.set(commit, relation);
    return relation;
  }

  async close(): Promise<void> {}

  async #ask(commit: string, signal: AbortSignal): Promise<Relation> {
    const { gitlab, project, revision } = this.#options;
    let contains: boolean;
    try {
      contains = await gitlab.isAncestor(project, revision, commit, signal);
    } catch (error) {
      // one of the two is not in the project: a commit of another repository, or one that is not pushed yet
      if (error instanceof SystemError && error.trouble.kind === 'invalid') return 'unknown';
      throw error;
    }
    if (!contains) return 'other';
    const holds =
      (await this.#holdsFiles(commit, signal)) ||
      (await this.#options.holdsValues?.(commit, signal)) === true;
    return holds ? 'holds' : 'replaced';
  }

  async #holdsFiles(commit: string, signal: AbortSignal): Promise<boolean> {
    const { repositories, project, revision, files } = this.#options;
    const compared = await repositories.compare({ project, from: revision, to: commit }, signal);
    const touched = compared.complete
      ? new Set(compared.paths.flatMap(({ oldPath, newPath }) => [oldPath, newPath]))
      : undefined;
    // without the whole difference every file has to be looked at
    const suspects = files.filter(({ path }) => touched?.has(path) !== false);
    if (suspects.length === 0) return true;
    const wanted = new Map(suspects.map(({ path, sha256 }) => [path, sha256]));
    const folder = commonFolder([...wanted.keys()]);
    const tree = await repositories.tree(
      { project, ref: commit, ...(folder === '' ? {} : { path: folder }) },
      signal,
    );
    const entries = tree.filter(({ path }) => wanted.has(path));
    const found = await repositories.blobs({ project, entries }, signal);
    return suspects.every(({ path, sha256 }) => {
      const bytes = found.get(path);
      return bytes === undefined ? sha256 === null : hashOf(bytes) === sha256;
    });
  }

  get #nowMs(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The folder that all paths are in; empty for the root. */
function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').slice(0, -1));
  const shared = first.findIndex((step, index) => others.some((other) => other[index] !== step));
  return (shared < 0 ? first : first.slice(0, shared)).join('/');
}
