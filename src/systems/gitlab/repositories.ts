import { Branches, Commits, Projects, Repositories } from '@gitbeaker/rest';
import Type, { type Static } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { troubleOf } from '../http/trouble.js';
import { type GitLabClientOptions, gitLabRequester } from './api.js';
import { type FileBytes, readBlobs } from './blobs.js';
import { type BranchProtection, readProtection } from './branch-protection.js';
import { type Comparison, readComparison } from './comparison.js';
import { asCommitConflict, codeOf, explainedNotFound, subjectOf } from './errors.js';
import { textOf } from './file-text.js';
import { type FreezePeriod, readFreezePeriods } from './freeze-periods.js';
import { ObjectId } from './object-id.js';
import { allPages } from './pages.js';
import { type Push, readPushes } from './pushes.js';
import { callOptions } from './requester.js';
import { messageWithTrailers } from './trailer.js';
import { type GitLabUser, readUser } from './users.js';

/** Most entries of a tree, folders included: far above a GitOps folder, and forty pages at the most. */
const MOST_TREE_ENTRIES = 4_000;
/** Entries of one answer: GitLab gives no more. */
const PAGE = 100;

const TreeRow = Type.Object({
  id: ObjectId,
  type: Type.String(),
  path: Type.String(),
  mode: Type.String(),
});
const CommitBody = Type.Object({
  id: ObjectId,
  parent_ids: Type.Array(ObjectId),
  message: Type.String(),
  author_email: Type.String(),
  author_name: Type.String(),
  committer_email: Type.String(),
  created_at: Type.String(),
});
const CommitMade = Type.Object({ id: ObjectId });
const BranchBody = Type.Object({ commit: Type.Object({ id: ObjectId }) });
const ProjectBody = Type.Object({
  id: Type.Integer(),
  path_with_namespace: Type.String(),
  default_branch: Type.Union([Type.String(), Type.Null()]),
  merge_method: Type.String(),
  web_url: Type.String(),
});
/** A file, link or submodule of a tree; folders are left out. */
export interface TreeEntry {
  /** path from the root of the repository */
  readonly path: string;
  /** id of the content: equal ids mean equal contents. Of a submodule: the commit */
  readonly blobId: string;
  /** as Git has it: `100644` a file, `100755` an executable one, `120000` a symbolic link, `160000` a submodule */
  readonly mode: string;
}

export interface ProjectFacts {
  readonly id: number;
  readonly path: string;
  /** null for a project without a repository */
  readonly defaultBranch: string | null;
  /** `merge`, `rebase_merge` or `ff`; an open set */
  readonly mergeMethod: string;
  readonly webUrl: string;
}

export interface RepositoryCommit {
  readonly id: string;
  readonly parentIds: readonly string[];
  readonly message: string;
  /** author and committer are what the commit claims; who pushed it says `pushers` */
  readonly authorEmail: string;
  readonly authorName: string;
  readonly committerEmail: string;
  /** ISO time, as the commit claims */
  readonly createdAt: string;
}

export type BranchAction =
  | { readonly action: 'create'; readonly path: string; readonly content: string }
  | { readonly action: 'update'; readonly path: string; readonly content: string }
  | { readonly action: 'delete'; readonly path: string };

export interface BranchCommitInput {
  readonly project: string;
  /** a branch of our own that does not exist yet, or, with `force`, one to be made anew */
  readonly branch: string;
  /** full id of the commit that the branch starts from: what the change was made for */
  readonly startSha: string;
  /** the message without trailers */
  readonly message: string;
  /** at least one, so that the commit is known as ours, e.g. `{'Promotion-Id': 'req-7k2m'}` */
  readonly trailers: Readonly<Record<string, string>>;
  /** at least one; all or none are committed. GitLab refuses an action that does not fit the tree of `startSha` */
  readonly actions: readonly [BranchAction, ...BranchAction[]];
  /** moves the branch to the new commit whatever it holds: only for a branch that nobody else may push to */
  readonly force?: boolean;
}

/**
 * What a promotion reads of repositories, and the commits that it makes on branches of its own. One HTTP attempt per call
 * (a list: per page, files: per file); throws nothing but `SystemError` and the caller's own abort reason.
 */
export class GitLabRepositories {
  readonly #http: JsonRequester;

  /** @throws TypeError when the address is no plain http or https address */
  constructor(options: GitLabClientOptions) {
    this.#http = gitLabRequester(options);
  }

  /**
   * Where a project's default branch is and how it merges.
   * @param project full path
   * @throws SystemError kind `not-found`
   */
  async project(project: string, signal?: AbortSignal): Promise<ProjectFacts> {
    const subject = subjectOf('get project', project);
    try {
      const answer = await new Projects(callOptions(this.#http, subject, signal)).show(project);
      const body = shapeOf(ProjectBody, answer, subject);
      return {
        id: body.id,
        path: body.path_with_namespace,
        defaultBranch: body.default_branch,
        mergeMethod: body.merge_method,
        webUrl: body.web_url,
      };
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * All files below a folder.
   * @param place `ref` should be a full commit id: a branch may move between two pages. `path` without it means the root;
   *   `recursive: false` leaves out what is in folders below
   * @returns empty when the folder does not exist
   * @throws SystemError kind `not-found` for project or ref, `invalid` with code `too-many` above 4,000 entries
   */
  async tree(
    place: {
      readonly project: string;
      readonly ref: string;
      readonly path?: string;
      readonly recursive?: boolean;
    },
    signal?: AbortSignal,
  ): Promise<readonly TreeEntry[]> {
    const subject = subjectOf('list tree', `${place.project} ${place.ref}:${place.path ?? ''}`);
    try {
      const rows = await allPages(this.#http, subject, {
        path: ['projects', place.project, 'repository', 'tree'],
        query: { ref: place.ref, path: place.path, recursive: String(place.recursive ?? true) },
        row: TreeRow,
        most: MOST_TREE_ENTRIES,
        what: 'entries in the tree',
        signal,
      });
      return rows
        .filter((row) => row.type !== 'tree')
        .map((row) => ({ path: row.path, blobId: row.id, mode: row.mode }));
    } catch (error) {
      if (codeOf(error) === 'folder-not-found') return [];
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Reads the contents of files of a tree, a few at a time, equal contents once. Submodules have none and are left out; a
   * symbolic link has the path it points to.
   * @returns path to bytes
   * @throws SystemError kind `invalid` with code `too-many` for more than 500 files or 16 MiB
   */
  async blobs(
    from: { readonly project: string; readonly entries: readonly TreeEntry[] },
    signal?: AbortSignal,
  ): Promise<FileBytes> {
    return readBlobs(this.#http, from.project, from.entries, signal);
  }

  /**
   * The same, as texts.
   * @returns path to text
   * @throws SystemError kind `invalid` when a file is no UTF-8 text, too; it names the file
   */
  async texts(
    from: { readonly project: string; readonly entries: readonly TreeEntry[] },
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const files = await this.blobs(from, signal);
    return new Map(
      [...files].map(([path, bytes]) => [
        path,
        textOf(bytes, subjectOf('get blob', `${from.project} ${path}`)),
      ]),
    );
  }

  /**
   * One commit as it describes itself.
   * @param sha full commit id
   * @throws SystemError kind `not-found`
   */
  async commit(project: string, sha: string, signal?: AbortSignal): Promise<RepositoryCommit> {
    const subject = subjectOf('get commit', `${project} ${sha}`);
    try {
      const body = await new Commits(callOptions(this.#http, subject, signal)).show(project, sha);
      return commitOf(shapeOf(CommitBody, body, subject));
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * What `to` has that `from` has not: its commits, and the files that differ between their common ancestor and `to`.
   * @param range full commit ids
   * @throws SystemError kind `not-found`
   */
  async compare(
    range: { readonly project: string; readonly from: string; readonly to: string },
    signal?: AbortSignal,
  ): Promise<Comparison> {
    const subject = subjectOf(
      'compare commits',
      `${range.project} ${range.from.slice(0, 12)}...${range.to.slice(0, 12)}`,
    );
    try {
      const body = await new Repositories(callOptions(this.#http, subject, signal)).compare(
        range.project,
        range.from,
        range.to,
        { straight: false },
      );
      return readComparison(body, subject);
    } catch (error) {
      // with all its texts, which nobody asked for and GitLab sends
      if (codeOf(error) === 'too-large') {
        return { complete: false, why: 'the differences are too large to be read at once' };
      }
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Commits that changed something below a folder, newest first.
   * @param wish `ref` and `since` are full commit ids: what `since` has is left out; without it only the newest commit is
   *   given
   * @returns `too-many` when there are more than `most`
   * @throws SystemError kind `not-found`
   */
  async commitsOf(
    wish: {
      readonly project: string;
      readonly ref: string;
      readonly path: string;
      readonly since?: string;
      readonly most: number;
    },
    signal?: AbortSignal,
  ): Promise<readonly RepositoryCommit[] | 'too-many'> {
    const { project, ref, path, since, most } = wish;
    const subject = subjectOf('list commits', `${project} ${ref.slice(0, 12)}:${path}`);
    try {
      const commits: RepositoryCommit[] = [];
      const perPage = since === undefined ? 1 : PAGE;
      for (let page = 1; ; page += 1) {
        const answer = await new Commits(callOptions(this.#http, subject, signal)).all(project, {
          refName: since === undefined ? ref : `${since}..${ref}`,
          ...(path === '' ? {} : { path }),
          perPage,
          page,
        });
        const found = shapeOf(Type.Array(CommitBody), answer, subject).map(commitOf);
        commits.push(...found);
        if (commits.length > most) return 'too-many';
        if (since === undefined || found.length < perPage) return commits;
      }
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * The commit at the head of a branch; null when the project has no such branch.
   * @throws SystemError kind `not-found` when the project does not exist or the token may not see it
   */
  async branchHeadOrNull(project: string, branch: string, signal?: AbortSignal): Promise<string | null> {
    const subject = subjectOf('get branch', `${project} ${branch}`);
    try {
      const body = await new Branches(callOptions(this.#http, subject, signal)).show(project, branch);
      return shapeOf(BranchBody, body, subject).commit.id;
    } catch (error) {
      if (codeOf(error) === 'branch-not-found') return null;
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Makes a branch with one commit on `startSha`.
   * @throws SystemError kind `conflict` for every 400 and 409, as `GitLabClient.commitFiles` has it: read the branch
   *   again. `code` `branch-exists` says that the branch is there, whoever made it.
   */
  async commitOnBranch(
    input: BranchCommitInput,
    signal?: AbortSignal,
  ): Promise<{ readonly commitSha: string }> {
    const subject = subjectOf('create commit', `${input.project} ${input.branch}`);
    let message: string;
    try {
      message = messageWithTrailers(input.message, input.trailers);
    } catch {
      throw new SystemError(troubleOf(subject, 'invalid', 'a trailer cannot stand in a commit message'));
    }
    const actions = input.actions.map((action) => ({
      action: action.action,
      filePath: action.path,
      ...(action.action === 'delete' ? {} : { content: action.content }),
    }));
    try {
      const body = await new Commits(callOptions(this.#http, subject, signal)).create(
        input.project,
        input.branch,
        message,
        actions,
        { startSha: input.startSha, force: input.force ?? false },
      );
      return { commitSha: shapeOf(CommitMade, body, subject).id };
    } catch (error) {
      throw asCommitConflict(explainedNotFound(error, subject), subject);
    }
  }

  /**
   * Removes a branch, whatever its head is by now.
   * @returns false when there is no such branch
   * @throws SystemError kind `forbidden` for a protected branch
   */
  async deleteBranch(project: string, branch: string, signal?: AbortSignal): Promise<boolean> {
    const subject = subjectOf('delete branch', `${project} ${branch}`);
    try {
      await new Branches(callOptions(this.#http, subject, signal)).remove(project, branch);
      return true;
    } catch (error) {
      if (codeOf(error) === 'branch-not-found') return false;
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Who pushed to a branch, by the account that GitLab let in, oldest first. GitLab notes pushes a moment late and keeps
   * them for three years, so a commit that no push covers has an unknown pusher.
   * @param wish `after`: ISO time, only pushes noted after it
   * @throws SystemError kind `invalid` with code `too-many` above 5,000 pushes in the project
   */
  async pushers(
    wish: { readonly project: string; readonly branch: string; readonly after?: string },
    signal?: AbortSignal,
  ): Promise<readonly Push[]> {
    return readPushes(this.#http, wish, signal);
  }

  /**
   * A user by id, as far as the token may see.
   * @throws SystemError kind `not-found`
   */
  async user(id: number, signal?: AbortSignal): Promise<GitLabUser> {
    return readUser(this.#http, id, signal);
  }

  /**
   * Who may push to a branch and merge into it; null when it is not protected, neither by name nor by a wildcard.
   * @throws SystemError kind `not-found`, `forbidden` when the token's user may not see the rules
   */
  async protectedBranch(
    project: string,
    branch: string,
    signal?: AbortSignal,
  ): Promise<BranchProtection | null> {
    return readProtection(this.#http, project, branch, signal);
  }

  /**
   * The freeze periods of a project.
   * @throws SystemError kind `not-found`
   */
  async freezePeriods(project: string, signal?: AbortSignal): Promise<readonly FreezePeriod[]> {
    return readFreezePeriods(this.#http, project, signal);
  }
}

function commitOf(commit: Static<typeof CommitBody>): RepositoryCommit {
  return {
    id: commit.id,
    parentIds: commit.parent_ids,
    message: commit.message,
    authorEmail: commit.author_email,
    authorName: commit.author_name,
    committerEmail: commit.committer_email,
    createdAt: commit.created_at,
  };
}
