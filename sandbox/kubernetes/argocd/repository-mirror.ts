import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { git, tryGit } from '../../gitlab/git-process.js';
import { GitRepository } from '../../gitlab/git-repository.js';
import type { Observation } from './application.js';

const FULL_SHA = /^[0-9a-f]{40}$/;

/** The repository could not be fetched: what Git said. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

/**
 * Argo CD's copy of one repository, fetched over HTTP with a token like any other client. A look that is asked for while
 * a fetch runs gets the next one, so that it never sees an older head than there was when it was asked for.
 */
export class RepositoryMirror {
  readonly #url: string;
  readonly #token: () => string;
  readonly #directory: string;
  readonly #problems = new Map<string, string | undefined>();
  #made = false;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(folder: string, url: string, token: () => string) {
    this.#url = url;
    this.#token = token;
    const name = createHash('sha256').update(url).digest('hex').slice(0, 16);
    this.#directory = join(folder, `${name}.git`);
  }

  /** Head and content of a path right now. Throws `FetchFailed`. */
  async observe(revision: string, path: string): Promise<Observation> {
    await this.#fresh();
    const repository = new GitRepository(this.#directory);
    const id = await repository.resolve(revision === 'HEAD' ? 'main' : revision);
    if (id === null) {
      return { revision: '', contentId: '', problem: `unable to resolve '${revision}' to a commit SHA` };
    }
    return this.observeAt(id, path);
  }

  /** Content of a path at a commit: fetched only when the copy does not hold it yet. Throws `FetchFailed`. */
  async observeCommit(revision: string, path: string): Promise<Observation> {
    const there =
      this.#made &&
      FULL_SHA.test(revision) &&
      (await new GitRepository(this.#directory).resolve(revision)) !== null;
    return there ? this.observeAt(revision, path) : this.observe(revision, path);
  }

  /** Content of a path at a commit that is in the copy already. */
  async observeAt(commit: string, path: string): Promise<Observation> {
    const repository = new GitRepository(this.#directory);
    if ((await repository.resolve(commit)) === null) {
      return { revision: '', contentId: '', problem: `unable to resolve '${commit}' to a commit SHA` };
    }
    const contentId = await repository.treeId(commit, path);
    if (contentId === null) {
      return { revision: commit, contentId: '', problem: `${path}: app path does not exist` };
    }
    const problem = await this.#problemOf(repository, commit, path, contentId);
    return { revision: commit, contentId, ...(problem === undefined ? {} : { problem }) };
  }

  /** Texts of the YAML files right below a path at a commit that is in the copy. */
  async texts(commit: string, path: string): Promise<readonly string[]> {
    const repository = new GitRepository(this.#directory);
    const texts: string[] = [];
    for (const entry of await repository.listTree(commit, `${path}/`)) {
      if (entry.type !== 'blob' || !/\.ya?ml$/.test(entry.path)) continue;
      const file = await repository.readFile(commit, entry.path);
      if (file !== null) texts.push(file.content.toString());
    }
    return texts;
  }

  /** Head of a branch right now, or null when there is no such branch. Throws `FetchFailed`. */
  async head(branch: string): Promise<string | null> {
    await this.#fresh();
    return await new GitRepository(this.#directory).resolve(branch);
  }

  /** Writes all files of a commit that is in the copy already into a folder, and `<folder>.index` beside it. */
  async checkOut(commit: string, folder: string): Promise<void> {
    const args = ['--git-dir', this.#directory, '--work-tree', folder, 'checkout', commit, '--', '.'];
    // an index of its own: several commits may be written at once
    await git(args, { env: { GIT_INDEX_FILE: `${folder}.index` } });
  }

  /** Text of a file at a commit, or null. */
  async read(commit: string, path: string): Promise<string | null> {
    const file = await new GitRepository(this.#directory).readFile(commit, path);
    return file === null ? null : file.content.toString();
  }

  async #problemOf(
    repository: GitRepository,
    commit: string,
    path: string,
    contentId: string,
  ): Promise<string | undefined> {
    if (this.#problems.has(contentId)) return this.#problems.get(contentId);
    let problem: string | undefined;
    for (const entry of await repository.listTree(commit, `${path}/`)) {
      if (entry.type !== 'blob' || !/\.ya?ml$/.test(entry.path)) continue;
      const file = await repository.readFile(commit, entry.path);
      const errors = parseAllDocuments(file?.content.toString() ?? '').flatMap((document) => document.errors);
      const [first] = errors;
      if (first === undefined) continue;
      problem = `failed to parse ${entry.path}: ${first.message.split('\n')[0] ?? ''}`;
      break;
    }
    this.#problems.set(contentId, problem);
    return problem;
  }

  #fresh(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#fetch().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.#fresh();
      });
    return this.#next;
  }

  async #fetch(): Promise<void> {
    // harmless when it is there already
    if (!this.#made) await git(['init', '--quiet', '--bare', this.#directory]);
    this.#made = true;
    const credentials = Buffer.from(`argo-cd:${this.#token()}`).toString('base64');
    const result = await tryGit(
      ['--git-dir', this.#directory, 'fetch', '--quiet', '--prune', this.#url, '+refs/heads/*:refs/heads/*'],
      {
        // in the environment, since arguments can be seen by every user of the machine
        env: {
          GIT_CONFIG_COUNT: '3',
          GIT_CONFIG_KEY_2: 'http.extraHeader',
          GIT_CONFIG_VALUE_2: `Authorization: Basic ${credentials}`,
        },
      },
    );
    if (result.exitCode !== 0) throw new FetchFailed(result.stderr.trim());
  }
}
