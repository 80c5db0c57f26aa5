import { Refusal } from '../framework/refusal.js';
import type { Gitlab } from './gitlab.js';
import { isDraft, mergeRequestJson } from './representations.js';
import type { Account, MergeRequest, Project } from './state.js';

/** Reads, judges and merges merge requests (reference: saas-apis, section 2.2; promotion, section 3.6). */
export class MergeRequests {
  readonly #gitlab: Gitlab;

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

  /** `detailed_merge_status`: one reason at a time, in the order in which GitLab shows them. */
  async statusOf(project: Project, request: MergeRequest): Promise<string> {
    if (request.state !== 'opened') return 'not_open';
    if (request.checksPending > 0) return 'checking';
    const repository = this.#gitlab.repositoryOf(project);
    const sha = await this.shaOf(project, request);
    const target = await repository.branchHead(request.targetBranch);
    if (sha === '' || target === null) return 'broken_status';
    if (isDraft(request)) return 'draft_status';
    if (this.countingApprovals(request, sha).length < project.approvalsRequired) return 'not_approved';
    if (await repository.isAncestor(sha, target)) return 'commits_status';
    const author = { name: 'check', email: 'check@gitlab.invalid' };
    return (await repository.mergeCommit(target, sha, 'check', author)) === null ? 'conflict' : 'mergeable';
  }

  async json(project: Project, request: MergeRequest, origin: string): Promise<Record<string, unknown>> {
    const [sha, status] = await Promise.all([this.shaOf(project, request), this.statusOf(project, request)]);
    return mergeRequestJson(
      request,
      project,
      {
        author: this.#gitlab.account(request.author),
        mergeUser: this.#gitlab.account(request.mergeUser),
      },
      { sha, status },
      origin,
    );
  }

  /**
   * Merges, or throws GitLab's refusal: 401 no right to merge, 405 not mergeable now, 409 the head is another one,
   * 422 the branches conflict. Gives the ids of the new commits and the head that was merged.
   */
  async merge(
    project: Project,
    request: MergeRequest,
    by: Account,
    wish: { readonly sha?: string; readonly squash: boolean; readonly message?: string },
  ): Promise<{ readonly sha: string; readonly mergeCommitSha: string; readonly squashCommitSha: string }> {
    if (!this.#gitlab.canMerge(project, by, request.targetBranch)) throw new Refusal(401, '401 Unauthorized');
    const status = await this.statusOf(project, request);
    if (status !== 'mergeable' && status !== 'conflict') throw new Refusal(405, '405 Method Not Allowed');
    const repository = this.#gitlab.repositoryOf(project);
    const sha = await this.shaOf(project, request);
    if (wish.sha !== undefined && wish.sha !== sha) {
      throw new Refusal(409, `SHA does not match HEAD of source branch: ${sha}`);
    }
    if (status === 'conflict') throw new Refusal(422, 'Branch cannot be merged');
    const target = await repository.branchHead(request.targetBranch);
    if (target === null) throw new Refusal(422, 'Branch cannot be merged');
    const author = { name: by.name, email: by.email };
    const source = wish.squash ? await this.#squash(project, request, target, sha, author) : sha;
    const message =
      wish.message ??
      `Merge branch '${request.sourceBranch}' into '${request.targetBranch}'\n\n${request.title}\n\nSee merge request ${project.path}!${request.iid}`;
    const merged = await repository.mergeCommit(target, source, message, author);
    if (merged === null) throw new Refusal(422, 'Branch cannot be merged');
    await repository.moveBranch(request.targetBranch, merged, target);
    return { sha, mergeCommitSha: merged, squashCommitSha: wish.squash ? source : '' };
  }

  /** One commit on the merge base with the whole change of the source branch. */
  async #squash(
    project: Project,
    request: MergeRequest,
    target: string,
    sha: string,
    author: { readonly name: string; readonly email: string },
  ): Promise<string> {
    const repository = this.#gitlab.repositoryOf(project);
    const base = (await repository.mergeBase(target, sha)) ?? target;
    return repository.commitTree(sha, base, request.title, author);
  }
}
