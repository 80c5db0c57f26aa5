import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History, Relation } from '../../delivery/history.js';
import { CliError } from '../cli-error.js';
import { type GitAnswer, git } from './git-process.js';

/** A commit that Git does not have is asked for again after this long, in milliseconds: each time is a fetch. */
const FETCH_AGAIN_MS = 15_000;

export interface GitHistoryOptions {
  /** folder of a clone, or an address to clone from */
  readonly repository: string;
  /** our commit, 40 or 64 hexadecimal digits */
  readonly revision: string;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/**
 * Asks a clone. A folder is used as it is and never written to but by `git fetch` for commits it lacks (the clone of a
 * pipeline is older than the commits of others, and often shallow); of an address a bare clone without file contents is
 * made in a folder of its own.
 */
export class GitHistory implements History {
  readonly #revision: string;
  readonly #now: () => number;
  readonly #folder: string;
  readonly #ownFolder: string | undefined;
  readonly #known = new Map<string, Relation>();
  readonly #missing = new Map<string, number>();
  #changedByOurs: ReadonlySet<string> | undefined;
  /** address of the remote, to tell which source of an Application it is; undefined for a clone without remote */
  readonly remote: string | undefined;

  private constructor(
    options: GitHistoryOptions,
    folder: string,
    own: string | undefined,
    remote: string | undefined,
  ) {
    this.#revision = options.revision;
    this.#now = options.now;
    this.#folder = folder;
    this.#ownFolder = own;
    this.remote = remote;
  }

  /** @throws CliError when it is no repository, cannot be cloned, or does not have our commit */
  static async open(options: GitHistoryOptions, signal: AbortSignal): Promise<GitHistory> {
    const { repository, revision } = options;
    const isFolder = await stat(repository).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const own = isFolder ? undefined : await mkdtemp(join(tmpdir(), 'gatehouse-wait-'));
    const folder = own ?? repository;
    try {
      if (own !== undefined) {
        // an address that begins with a hyphen would be an option
        const clone = ['clone', '--quiet', '--bare', '--filter=blob:none', '--', repository, folder];
        needed(
          await git(clone, signal),
          'The repository cannot be cloned',
          'Check its address and the credential helper.',
        );
      }
      const remote = await git(['-C', folder, 'config', '--get', 'remote.origin.url'], signal);
      const address = remote.exitCode === 0 ? remote.stdout.trim() : undefined;
      const history = new GitHistory(options, folder, own, address);
      needed(
        await git(['-C', folder, 'rev-parse', '--git-dir'], signal),
        `${repository} cannot be asked`,
        'Give the folder of a clone, or an address to clone from.',
      );
      if (!(await history.#has(revision, signal))) {
        throw new CliError(
          `The repository has no commit ${revision}.`,
          'Push the commit before waiting for it, or correct --revision or --repository.',
        );
      }
      return history;
    } catch (error) {
      if (own !== undefined) await rm(own, { recursive: true, force: true });
      throw error;
    }
  }

  async relationOf(commit: string, signal: AbortSignal): Promise<Relation> {
    if (commit === this.#revision) return 'holds';
    const known = this.#known.get(commit);
    if (known !== undefined) return known;
    const missingSince = this.#missing.get(commit);
    if (missingSince !== undefined && this.#now() - missingSince < FETCH_AGAIN_MS) return 'unknown';
    if (!(await this.#has(commit, signal))) {
      this.#missing.set(commit, this.#now());
      return 'unknown';
    }
    const relation = await this.#compare(commit, signal);
    this.#known.set(commit, relation);
    return relation;
  }

  async close(): Promise<void> {
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }

  async #compare(commit: string, signal: AbortSignal): Promise<Relation> {
    const answer = await this.#git(['merge-base', '--is-ancestor', this.#revision, commit], signal);
    if (answer.exitCode === 1) return 'other';
    needed(answer, 'Git cannot compare commits', 'Check the repository (git fsck), then retry.');
    this.#changedByOurs ??= await this.#filesOf(signal);
    const ours = this.#changedByOurs;
    const since = await this.#names(
      ['diff', '--name-only', '--no-renames', '-z', this.#revision, commit],
      signal,
    );
    return since.some((name) => ours.has(name)) ? 'replaced' : 'holds';
  }

  /** The files that our commit changed; of a merge, against what it was merged into. */
  async #filesOf(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const first = [
      'diff-tree',
      '-r',
      '-z',
      '--root',
      '--no-commit-id',
      '--name-only',
      '--no-renames',
      '--first-parent',
      '-m',
    ];
    return new Set(await this.#names([...first, this.#revision], signal));
  }

  async #names(args: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const answer = needed(
      await this.#git(args, signal),
      'Git cannot compare files',
      'Check the repository, then retry.',
    );
    return answer.stdout.split('\0').filter((name) => name !== '');
  }

  /** Fetches once when the commit, or history below it, is missing. */
  async #has(commit: string, signal: AbortSignal): Promise<boolean> {
    const shallow =
      (await this.#git(['rev-parse', '--is-shallow-repository'], signal)).stdout.trim() === 'true';
    if (!shallow && (await this.#contains(commit, signal))) return true;
    if (this.remote === undefined) {
      if (shallow) {
        throw new CliError(
          'The clone is shallow and has no remote to fetch from.',
          'Clone with the whole history.',
        );
      }
      return false;
    }
    const fetch = [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--refmap=',
    ];
    const fetched = await this.#git(
      [...fetch, ...(shallow ? ['--unshallow'] : []), 'origin', '+refs/heads/*:refs/gatehouse/*'],
      signal,
    );
    needed(fetched, 'The repository cannot be fetched', 'Check its address and credential, then retry.');
    return this.#contains(commit, signal);
  }

  async #contains(commit: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#git(['cat-file', '-e', `${commit}^{commit}`], signal)).exitCode === 0;
  }

  #git(args: readonly string[], signal: AbortSignal): Promise<GitAnswer> {
    return git(['-C', this.#folder, ...args], signal);
  }
}

function needed(answer: GitAnswer, what: string, remedy: string): GitAnswer {
  if (answer.exitCode === 0) return answer;
  throw new CliError(`${what}: ${answer.said}`, remedy);
}
