import { Branches, Commits, Repositories, RepositoryFiles } from '@gitbeaker/rest';
import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { troubleOf } from '../http/trouble.js';
import { type GitLabClientOptions, gitLabRequester } from './api.js';
import { asCommitConflict, codeOf, explainedNotFound, subjectOf } from './errors.js';
import { textOf } from './file-text.js';
import { ObjectId } from './object-id.js';
import { PAGE } from './pages.js';
import { callOptions } from './requester.js';
import { hasTrailer, messageWithTrailer } from './trailer.js';

/** How far back `findCommitByTrailer` looks: our commit is recent, and a file's own commits are few. */
const COMMITS_TO_SEARCH = 500;

const Commit = Type.Object({
  id: ObjectId,
  message: Type.String(),
  created_at: Type.Optional(Type.String()),
});
const CommitMade = Type.Object({ id: ObjectId });
const Branch = Type.Object({ commit: Type.Object({ id: ObjectId }) });
const File = Type.Object({
  content: Type.String(),
  encoding: Type.Literal('base64'),
  blob_id: ObjectId,
  last_commit_id: ObjectId,
});
const Version = Type.Object({ version: Type.String() });

export interface RepositoryFile {
  /** the whole text; a byte order mark and line ends are kept */
  readonly content: string;
  /** the last commit that changed the file: give it to `commitFiles`, so that nobody's change is overwritten */
  readonly lastCommitId: string;
  readonly blobId: string;
}

export type FileAction =
  | { readonly action: 'create'; readonly path: string; readonly content: string }
  | {
      readonly action: 'update';
      readonly path: string;
      readonly content: string;
      /** as read with the content that this one is made from */
      readonly lastCommitId: string;
    };

export interface CommitInput {
  /** full path of the project, e.g. `platform/clusters` */
  readonly project: string;
  readonly branch: string;
  /** the message without trailer */
  readonly message: string;
  /** key of the effect in the ledger, added as the trailer `Gatehouse-Effect` */
  readonly effectKey: string;
  /** at least one; all files or none are committed */
  readonly actions: readonly [FileAction, ...FileAction[]];
}

/**
 * GitLab's REST API v4, as far as files on branches need it. One HTTP attempt per call (a search: per page); throws
 * nothing but `SystemError` and the caller's own abort reason.
 */
export class GitLabClient {
  readonly #http: JsonRequester;

  /** @throws TypeError when the address is no plain http or https address */
  constructor(options: GitLabClientOptions) {
    this.#http = gitLabRequester(options);
  }

  /**
   * Reads a text file at the head of a branch.
   * @returns null when the branch has no such file
   * @throws SystemError kind `not-found` when project or branch do not exist (or the token may not see them: GitLab gives
   *   the same answer), `invalid` when the file is no UTF-8 text
   */
  async readFile(
    place: { readonly project: string; readonly branch: string; readonly path: string },
    signal?: AbortSignal,
  ): Promise<RepositoryFile | null> {
    const { project, branch, path } = place;
    const subject = subjectOf('get file', `${project} ${branch}:${path}`);
    return this.#fileAt(project, fullRef(branch), path, subject, signal);
  }

  /**
   * Reads a text file as it is in a commit, whatever a branch holds by now.
   * @param place `commit` is a full commit id
   * @returns null when the commit has no such file
   * @throws SystemError kind `not-found` when project or commit do not exist (or the token may not see them), `invalid`
   *   when the file is no UTF-8 text
   */
  async readFileAt(
    place: { readonly project: string; readonly commit: string; readonly path: string },
    signal?: AbortSignal,
  ): Promise<RepositoryFile | null> {
    const { project, commit, path } = place;
    const subject = subjectOf('get file', `${project} ${commit}:${path}`);
    return this.#fileAt(project, commit, path, subject, signal);
  }

  async #fileAt(
    project: string,
    ref: string,
    path: string,
    subject: ReturnType<typeof subjectOf>,
    signal: AbortSignal | undefined,
  ): Promise<RepositoryFile | null> {
    try {
      const body = await new RepositoryFiles(callOptions(this.#http, subject, signal)).show(
        project,
        path,
        ref,
      );
      const file = shapeOf(File, body, subject);
      return {
        content: textOf(Buffer.from(file.content, 'base64'), subject),
        lastCommitId: file.last_commit_id,
        blobId: file.blob_id,
      };
    } catch (error) {
      if (codeOf(error) === 'file-not-found') return null;
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Makes one commit with all the files.
   * @throws SystemError kind `conflict` for every 400 and 409: GitLab uses them alike for a file that exists, is missing
   *   or has changed, a branch that moved, and for commits that a rule refuses, and its words are translated. Read the
   *   file again: our content there means done, another `lastCommitId` means try again with it, the same one means that
   *   GitLab refuses the commit for good. `code` says which it seems to be.
   */
  async commitFiles(input: CommitInput, signal?: AbortSignal): Promise<{ readonly commitSha: string }> {
    const subject = subjectOf('create commit', `${input.project} ${input.branch}`);
    let message: string;
    try {
      message = messageWithTrailer(input.message, input.effectKey);
    } catch {
      throw new SystemError(troubleOf(subject, 'invalid', 'the effect key cannot stand in a commit message'));
    }
    const actions = input.actions.map((action) => ({
      action: action.action,
      filePath: action.path,
      content: action.content,
      ...(action.action === 'update' ? { lastCommitId: action.lastCommitId } : {}),
    }));
    try {
      const body = await new Commits(callOptions(this.#http, subject, signal)).create(
        input.project,
        input.branch,
        message,
        actions,
      );
      return { commitSha: shapeOf(CommitMade, body, subject).id };
    } catch (error) {
      throw asCommitConflict(explainedNotFound(error, subject), subject);
    }
  }

  /**
   * Looks for the newest commit with our trailer, so that a commit whose answer was lost is found and not made twice.
   * @param place with `path`, only commits that changed that file are looked at
   * @returns null when none of the newest 500 has it
   * @throws SystemError
   */
  async findCommitByTrailer(
    place: {
      readonly project: string;
      readonly branch: string;
      readonly effectKey: string;
      readonly path?: string;
    },
    signal?: AbortSignal,
  ): Promise<{ readonly commitSha: string; readonly createdAt?: string } | null> {
    const subject = subjectOf('list commits', `${place.project} ${place.branch}`);
    for (let page = 1; page <= COMMITS_TO_SEARCH / PAGE; page += 1) {
      const body = await new Commits(callOptions(this.#http, subject, signal))
        .all(place.project, {
          refName: fullRef(place.branch),
          ...(place.path === undefined ? {} : { path: place.path }),
          perPage: PAGE,
          page,
        })
        .catch((error: unknown) => {
          throw explainedNotFound(error, subject);
        });
      const commits = shapeOf(Type.Array(Commit), body, subject);
      const found = commits.find((commit) => hasTrailer(commit.message, place.effectKey));
      if (found) {
        return {
          commitSha: found.id,
          ...(found.created_at === undefined ? {} : { createdAt: found.created_at }),
        };
      }
      if (commits.length < PAGE) break;
    }
    return null;
  }

  /**
   * The commit at the head of a branch.
   * @throws SystemError kind `not-found` when project or branch do not exist
   */
  async branchHead(project: string, branch: string, signal?: AbortSignal): Promise<string> {
    const subject = subjectOf('get branch', `${project} ${branch}`);
    try {
      const body = await new Branches(callOptions(this.#http, subject, signal)).show(project, branch);
      return shapeOf(Branch, body, subject).commit.id;
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * True when `descendant` is `ancestor` or contains it.
   * @param ancestor full commit id
   * @param descendant full commit id
   * @throws SystemError kind `invalid` when one of them is not in the project
   */
  async isAncestor(
    project: string,
    ancestor: string,
    descendant: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (ancestor === descendant) return true;
    const subject = subjectOf(
      'get merge base',
      `${project} ${ancestor.slice(0, 12)} ${descendant.slice(0, 12)}`,
    );
    try {
      const body = await new Repositories(callOptions(this.#http, subject, signal)).mergeBase(project, [
        ancestor,
        descendant,
      ]);
      return shapeOf(CommitMade, body, subject).id === ancestor;
    } catch (error) {
      if (codeOf(error) === 'no-merge-base') return false;
      throw explainedNotFound(error, subject);
    }
  }

  /** Version of the server: shows that it answers and takes the token. */
  async ping(signal?: AbortSignal): Promise<string> {
    const subject = subjectOf('get version', this.#http.baseUrl);
    const { body } = await this.#http.send({ ...subject, method: 'GET', path: 'version', signal });
    return shapeOf(Version, body, subject).version;
  }
}

/** A branch by its whole name: git, and GitLab with it, takes a bare name for a tag when there is one. */
function fullRef(branch: string): string {
  return `refs/heads/${branch}`;
}
