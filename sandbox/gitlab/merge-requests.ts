import { Refusal } from '../framework/refusal.js';
import type { FileChange, GitRepository, Person } from './git-repository.js';
import type { Gitlab } from './gitlab.js';
import { isDraft, mergeRequestJson } from './representations.js';
import type { Account, MergeRequest, Project } from './state.js';
import { mergedChanges } from './tree-merge.js';

/** Merges that are remembered: a status is asked far more often than a branch moves. */
const MOST_REMEMBERED = 1_000;

/** What a merge made. */
export interface Merged {
  readonly sha: string;
  readonly mergeCommitSha: string;
  readonly squashCommitSha: string;
}

export interface MergeWish {
  readonly sha?: string;
  readonly squash: boolean;
  readonly message?: string;
}

/** Reads, judges and merges merge requests (reference: saas-apis, section 2.2; promotion, section 3.6). */
export class MergeRequests {
  readonly #gitlab: Gitlab;
  /** changes of a merge by target and source; both are ids, so an entry stays true */
  readonly #remembered = new Map<string, Promise<readonly FileChange[] | null>>();

  constructor(gitlab: Gitlab) {
    this.#gitlab = gitlab;
  }

  of(project: Project): MergeRequest[] {
    return this.#gitlab.state.mergeRequests.filter((request) => request.projectId === project.id);
  }

  /** Throws GitLab's 404. */
  get(project: Project, iid: string): MergeRequest {
    const found = this.of(project).find((request) => String(request.iid) === iid);
    if (found === undefined) throw new Refusal(404, '404 Not found');
    return found;
  }

  /** Head of the source branch; what it was at the end when the request is not open any more. */
  async shaOf(project: Project, request: MergeRequest): Promise<string> {
    if (request.state !== 'opened') return request.sha;
    return (await this.#gitlab.repositoryOf(project).branchHead(request.sourceBranch)) ?? '';
  }

  /** Who has approved and still counts. */
  countingApprovals(request: MergeRequest, sha: string): MergeRequest['approvals'] {
    const { resetApprovalsOnPush } = this.#gitlab.standIn.settings;
    return request.approvals.filter((approval) => !resetApprovalsOnPush || approval.sha === sha);
  }

  /** `detailed_merge_status`: one reason at a time, so that a missing approval hides a needed rebase. */
  async statusOf(project: Project, request: MergeRequest): Promise<string> {
    if (request.state !== 'opened') return 'not_open';
    if (request.checksPending > 0) return request.shownStatus === 'mergeable' ? 'unchecked' : 'checking';
    if (request.setStatus !== '') return request.setStatus;
    const repository = this.#gitlab.repositoryOf(project);
    const sha = await this.shaOf(project, request);
    const target = await repository.branchHead(request.targetBranch);
    if (sha === '' || target === null) return 'broken_status';
    if (isDraft(request)) return 'draft_status';
    if (await repository.isAncestor(sha, target)) return 'commits_status';
    if (this.countingApprovals(request, sha).length < project.approvalsRequired) return 'not_approved';
    if ((await this.#changesOf(repository, target, sha)) === null) return 'conflict';
    if (project.mergeMethod !== 'merge' && !(await repository.isAncestor(target, sha))) return 'need_rebase';
    return 'mergeable';
  }

  #changesOf(
    repository: GitRepository,
    target: string,
    source: string,
  ): Promise<readonly FileChange[] | null> {
    const key = `${target} ${source}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const changes = repository
      .mergeBase(target, source)
      .then((base) =>
        base === null ? null : mergedChanges(repository, { base, ours: target, theirs: source }),
      );
    this.#remembered.set(key, changes);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return changes;
  }

  /** One reading of the single merge request: it is what makes the server compute, and time pass for what is late. */
  async read(project: Project, request: MergeRequest, origin: string): Promise<Record<string, unknown>> {
    await this.#noticeTarget(project, request);
    const body = await this.json(project, request, origin);
    const { detailed_merge_status: status } = body;
    request.shownStatus = typeof status === 'string' ? status : request.shownStatus;
    // not effects that anybody would count
    if (request.checksPending > 0) request.checksPending -= 1;
    if (request.lockedReads > 0) request.lockedReads -= 1;
    else if (request.landedReads > 0) request.landedReads -= 1;
    return body;
  }

  async #noticeTarget(project: Project, request: MergeRequest): Promise<void> {
    if (request.state !== 'opened') return;
    const target = await this.#gitlab.repositoryOf(project).branchHead(request.targetBranch);
    if (target === null || target === request.seenTarget) return;
    if (request.seenTarget !== '') request.checksPending += this.#gitlab.standIn.settings.recheckReads;
    request.seenTarget = target;
  }

  async json(project: Project, request: MergeRequest, origin: string): Promise<Record<string, unknown>> {
    const [sha, status] = await Promise.all([this.shaOf(project, request), this.statusOf(project, request)]);
    return this.#json(project, request, sha, status, origin);
  }

  /** As a list has it: with the status of the last reading. */
  async listedJson(
    project: Project,
    request: MergeRequest,
    origin: string,
  ): Promise<Record<string, unknown>> {
    return this.#json(project, request, await this.shaOf(project, request), request.shownStatus, origin);
  }

  #json(
    project: Project,
    request: MergeRequest,
    sha: string,
    status: string,
    origin: string,
  ): Record<string, unknown> {
    const author = this.#gitlab.account(request.author);
    const mergeUser = this.#gitlab.account(request.mergeUser);
    return mergeRequestJson(request, project, { author, mergeUser }, { sha, status }, origin);
  }

  /**
   * Merges, or throws GitLab's refusal: 401 no right to merge, 405 not mergeable now, 422 the branches conflict, 409 the
   * head is another one. Gives the ids of the new commits and the head that was merged.
   */
  async merge(project: Project, request: MergeRequest, by: Account, wish: MergeWish): Promise<Merged> {
    if (wish.sha === undefined && this.#gitlab.standIn.settings.requireShaForMerge) {
      throw new Refusal(400, 'SHA must be provided when merging');
    }
    if (!this.#gitlab.canMerge(project, by, request.targetBranch)) throw new Refusal(401, '401 Unauthorized');
    const status = await this.statusOf(project, request);
    if (status !== 'mergeable' && status !== 'conflict') throw new Refusal(405, '405 Method Not Allowed');
    const repository = this.#gitlab.repositoryOf(project);
    const sha = await this.shaOf(project, request);
    const target = await repository.branchHead(request.targetBranch);
    if (status === 'conflict' || target === null) throw new Refusal(422, 'Branch cannot be merged');
    if (wish.sha !== undefined && wish.sha !== sha) {
      throw new Refusal(409, `SHA does not match HEAD of source branch: ${sha}`);
    }
    const author = { name: by.name, email: by.email };
    const source = wish.squash ? await this.#squash(project, request, target, sha, author) : sha;
    const squashCommitSha = wish.squash ? source : '';
    if (project.mergeMethod === 'ff') {
      await repository.moveBranch(request.targetBranch, source, target);
      return { sha, mergeCommitSha: '', squashCommitSha };
    }
    const changes = await this.#changesOf(repository, target, source);
    if (changes === null) throw new Refusal(422, 'Branch cannot be merged');
    const merged = await repository.commit({
      branch: request.targetBranch,
      parent: target,
      merged: source,
      message:
        wish.message ??
        `Merge branch '${request.sourceBranch}' into '${request.targetBranch}'\n\n${request.title}\n\nSee merge request ${project.path}!${request.iid}`,
      author,
      changes,
    });
    return { sha, mergeCommitSha: merged, squashCommitSha };
  }

  /** One commit on the merge base with the whole change of the source branch. */
  async #squash(
    project: Project,
    request: MergeRequest,
    target: string,
    sha: string,
    author: Person,
  ): Promise<string> {
    const repository = this.#gitlab.repositoryOf(project);
    const base = (await repository.mergeBase(target, sha)) ?? target;
    return repository.commitTree(sha, base, request.title, author);
  }
}
