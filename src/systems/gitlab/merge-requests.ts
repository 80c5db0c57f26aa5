import { MergeRequestApprovals, MergeRequestNotes, MergeRequests } from '@gitbeaker/rest';
import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { type GitLabClientOptions, gitLabRequester } from './api.js';
import { GitLabClient } from './client.js';
import { explainedNotFound, subjectOf } from './errors.js';
import {
  type Approvals,
  approvalsOf,
  ListedBody,
  type ListedMergeRequest,
  landedCommit,
  listedOf,
  type MergeRequest,
  type MergeRequestNote,
  mergeRequestOf,
  NoteBody,
  noteOf,
} from './merge-request.js';
import { asMergeTrouble } from './merge-trouble.js';
import { allPages } from './pages.js';
import { withoutQuickActions } from './plain-markdown.js';
import { callOptions } from './requester.js';

/** Merge requests of one pair of branches, notes of one merge request: more were not written by us. */
const MOST_MERGE_REQUESTS = 500;
const MOST_NOTES = 2_000;

export interface NewMergeRequest {
  /** full path of the project; both branches are in it */
  readonly project: string;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly title: string;
  /** Markdown; lines that GitLab would obey are kept as text */
  readonly description: string;
  readonly labels: readonly string[];
  readonly removeSourceBranch: boolean;
}

/** Which commit of the target branch a merge made; `onBranch` false: GitLab has not moved the branch yet, or it was rewritten. */
export interface Landing {
  readonly commitSha: string;
  readonly onBranch: boolean;
}

/**
 * Merge requests within one project. One HTTP attempt per call; throws nothing but `SystemError` and the caller's own abort
 * reason.
 */
export class GitLabMergeRequests {
  readonly #http: JsonRequester;
  readonly #commits: GitLabClient;

  /** @throws TypeError when the address is no plain http or https address */
  constructor(options: GitLabClientOptions) {
    this.#http = gitLabRequester(options);
    this.#commits = new GitLabClient(options);
  }

  /**
   * All merge requests from one branch into another, whatever their state, newest first. Requests from forks, whose
   * branches may have the same name, are left out.
   * @throws SystemError kind `not-found`
   */
  async find(
    wish: { readonly project: string; readonly sourceBranch: string; readonly targetBranch: string },
    signal?: AbortSignal,
  ): Promise<readonly ListedMergeRequest[]> {
    const subject = subjectOf(
      'list merge requests',
      `${wish.project} ${wish.sourceBranch} into ${wish.targetBranch}`,
    );
    try {
      const rows = await allPages(this.#http, subject, {
        path: ['projects', wish.project, 'merge_requests'],
        query: {
          state: 'all',
          source_branch: wish.sourceBranch,
          target_branch: wish.targetBranch,
          order_by: 'created_at',
          sort: 'desc',
        },
        row: ListedBody,
        most: MOST_MERGE_REQUESTS,
        what: 'merge requests',
        signal,
      });
      return rows
        .filter(
          (row) =>
            row.source_project_id === row.target_project_id &&
            row.source_branch === wish.sourceBranch &&
            row.target_branch === wish.targetBranch,
        )
        .map(listedOf);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Opens a merge request.
   * @throws SystemError kind `conflict` with code `merge-request-exists` when one is open for the two branches: list again
   *   and adopt it. Kind `invalid` when a branch does not exist.
   */
  async create(wish: NewMergeRequest, signal?: AbortSignal): Promise<MergeRequest> {
    const subject = subjectOf(
      'create merge request',
      `${wish.project} ${wish.sourceBranch} into ${wish.targetBranch}`,
    );
    try {
      const body = await new MergeRequests(callOptions(this.#http, subject, signal)).create(
        wish.project,
        wish.sourceBranch,
        wish.targetBranch,
        wish.title,
        {
          description: withoutQuickActions(wish.description),
          labels: [...wish.labels],
          removeSourceBranch: wish.removeSourceBranch,
          squash: false,
        },
      );
      return mergeRequestOf(body, subject);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Reads one merge request. Reading it makes GitLab compute its merge status, which the next reading may show.
   * @throws SystemError kind `not-found`
   */
  async read(project: string, iid: number, signal?: AbortSignal): Promise<MergeRequest> {
    const subject = subjectOf('get merge request', `${project}!${iid}`);
    try {
      const body = await new MergeRequests(callOptions(this.#http, subject, signal)).show(project, iid);
      return mergeRequestOf(body, subject);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Merges what was approved and nothing else: GitLab refuses when the head of the source branch is not `sha`. It binds
   * the source only: the target may move, so read the result.
   * @param wish `sha`: full id of the approved head
   * @returns the merge request after it; a `state` other than `merged` means that GitLab is still at it
   * @throws SystemError with a `code` that says what to do; see `MergeTrouble`. Kind `unavailable`: whether it was merged
   *   is unknown, read it.
   */
  async merge(
    wish: {
      readonly project: string;
      readonly iid: number;
      readonly sha: string;
      readonly removeSourceBranch: boolean;
      readonly squash: false;
    },
    signal?: AbortSignal,
  ): Promise<MergeRequest> {
    const subject = subjectOf('merge merge request', `${wish.project}!${wish.iid}`);
    try {
      const body = await new MergeRequests(callOptions(this.#http, subject, signal)).merge(
        wish.project,
        wish.iid,
        {
          sha: wish.sha,
          squash: wish.squash,
          shouldRemoveSourceBranch: wish.removeSourceBranch,
        },
      );
      return mergeRequestOf(body, subject);
    } catch (error) {
      // 401 is also what GitLab says of a token that has ended, in the same words: that one may not even ask the version
      if (error instanceof SystemError && error.trouble.status === 401) await this.#commits.ping(signal);
      throw asMergeTrouble(explainedNotFound(error, subject), subject);
    }
  }

  /**
   * The commit that a merge made, and whether the target branch has it.
   * @param wish `mergeRequest` as read, `mergeMethod` as `GitLabRepositories.project` says
   * @returns null while GitLab has not noted the commit: it does so after the state
   * @throws SystemError kind `not-found` when the target branch is gone
   */
  async landing(
    wish: {
      readonly project: string;
      readonly mergeRequest: ListedMergeRequest;
      readonly mergeMethod: string;
    },
    signal?: AbortSignal,
  ): Promise<Landing | null> {
    const commitSha = landedCommit(wish.mergeRequest, wish.mergeMethod);
    if (commitSha === null) return null;
    const { targetBranch } = wish.mergeRequest;
    return { commitSha, onBranch: await this.isOnBranch(wish.project, commitSha, targetBranch, signal) };
  }

  /**
   * True when a branch contains a commit.
   * @param commitSha full id
   * @throws SystemError kind `not-found` when the branch does not exist
   */
  async isOnBranch(
    project: string,
    commitSha: string,
    branch: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const head = await this.#commits.branchHead(project, branch, signal);
    return this.#commits.isAncestor(project, commitSha, head, signal);
  }

  /**
   * Closes a merge request without merging it. One that is closed or merged stays as it is: look at `state`.
   * @throws SystemError kind `not-found`
   */
  async close(project: string, iid: number, signal?: AbortSignal): Promise<MergeRequest> {
    const subject = subjectOf('close merge request', `${project}!${iid}`);
    try {
      const body = await new MergeRequests(callOptions(this.#http, subject, signal)).edit(project, iid, {
        stateEvent: 'close',
      });
      return mergeRequestOf(body, subject);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Writes a note. GitLab has no key for notes, so a repeated call writes a second one: look with `notes` first.
   * @param text Markdown; lines that GitLab would obey are kept as text
   * @throws SystemError kind `not-found`
   */
  async note(
    project: string,
    iid: number,
    text: string,
    signal?: AbortSignal,
  ): Promise<{ readonly id: number }> {
    const subject = subjectOf('create note', `${project}!${iid}`);
    try {
      const body = await new MergeRequestNotes(callOptions(this.#http, subject, signal)).create(
        project,
        iid,
        withoutQuickActions(text),
      );
      return { id: shapeOf(Type.Object({ id: Type.Integer() }), body, subject).id };
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * The notes of a merge request, newest first, GitLab's own among them.
   * @throws SystemError kind `not-found`
   */
  async notes(project: string, iid: number, signal?: AbortSignal): Promise<readonly MergeRequestNote[]> {
    const subject = subjectOf('list notes', `${project}!${iid}`);
    try {
      const rows = await allPages(this.#http, subject, {
        path: ['projects', project, 'merge_requests', String(iid), 'notes'],
        query: { order_by: 'created_at', sort: 'desc' },
        row: NoteBody,
        most: MOST_NOTES,
        what: 'notes',
        signal,
      });
      return rows.map(noteOf);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }

  /**
   * Who approved at GitLab. Required approvals are a matter of its edition and settings, so this is evidence beside our
   * own decisions and never in their place.
   * @throws SystemError kind `not-found`
   */
  async approvals(project: string, iid: number, signal?: AbortSignal): Promise<Approvals> {
    const subject = subjectOf('get approvals', `${project}!${iid}`);
    try {
      const body = await new MergeRequestApprovals(
        callOptions(this.#http, subject, signal),
      ).showConfiguration(project, { mergerequestIId: iid });
      return approvalsOf(body, subject);
    } catch (error) {
      throw explainedNotFound(error, subject);
    }
  }
}
