/**
 * Lands one change on a branch by a merge request of our own: branch, one commit, merge request, merge. Every step looks
 * first and adopts what is there, so it may run again after a crash, a lost answer or a duplicated call.
 */
import { FAILURE, SystemError } from '../../domain/failure.js';
import { directoryOf, type TextChange } from '../../domain/file-set.js';
import { hashOf } from '../../planning/promotion/repository-files.js';
import type { MergeRequest } from '../../systems/gitlab/merge-request.js';
import type { GitLabMergeRequests } from '../../systems/gitlab/merge-requests.js';
import { mergeStatusClass } from '../../systems/gitlab/merge-status.js';
import type { BranchAction, GitLabRepositories, TreeEntry } from '../../systems/gitlab/repositories.js';
import { trailerOf } from '../../systems/gitlab/trailer.js';
import { StepFailed } from '../errors.js';

/** GitLab computes for a moment whether it can merge: look this often, this many milliseconds apart, before a retry. */
const LOOKS = 12;
const LOOK_EVERY_MS = 250;

/** Trailer of a commit that names the request that it belongs to. */
export const PROMOTION_TRAILER = 'Promotion-Id';

export interface LandingInput {
  readonly requestId: string;
  readonly project: string;
  /** the branch that clusters read */
  readonly target: string;
  /** our own branch; nobody else pushes to it */
  readonly branch: string;
  /** head of the target that the change was made for */
  readonly base: string;
  /** at least one */
  readonly changes: readonly TextChange[];
  readonly title: string;
  readonly description: string;
  /** heads of our branch that the ledger knows, of earlier plans: they may be made anew */
  readonly ourHeads: ReadonlySet<string>;
  /** whether a commit has our values, where others may change the same files; unset: whole files are ours */
  readonly holdsValues?: (commit: string) => Promise<boolean>;
}

export interface Landed {
  readonly iid: number;
  readonly url: string;
  /** head of our branch that was merged */
  readonly head: string;
  /** commit of the target branch that holds the change */
  readonly commit: string;
}

export class ChangeLanding {
  private readonly repositories: GitLabRepositories;
  private readonly mergeRequests: GitLabMergeRequests;
  private readonly input: LandingInput;
  private readonly signal: AbortSignal;

  constructor(
    clients: { readonly repositories: GitLabRepositories; readonly mergeRequests: GitLabMergeRequests },
    input: LandingInput,
    signal: AbortSignal,
  ) {
    this.repositories = clients.repositories;
    this.mergeRequests = clients.mergeRequests;
    this.input = input;
    this.signal = signal;
  }

  /**
   * Branch and merge request with exactly this change on exactly this base.
   * @returns the merge request, its head and whether anything had to be made
   * @throws StepFailed when somebody closed it or pushed to our branch; SystemError
   */
  async propose(): Promise<{
    readonly mergeRequest: Pick<MergeRequest, 'iid' | 'state' | 'webUrl'>;
    readonly head: string;
    readonly outcome: 'created' | 'changed' | 'adopted';
  }> {
    const { project, branch, target, title, description } = this.input;
    const known = (await this.mergeRequests.find(this.pair, this.signal))[0];
    if (known?.state === 'merged') return { mergeRequest: known, head: known.sha ?? '', outcome: 'adopted' };
    if (known?.state === 'closed') throw this.closed(known);
    const { head, isNew } = await this.ensureCommit();
    if (known !== undefined) {
      return { mergeRequest: known, head, outcome: isNew ? 'changed' : 'adopted' };
    }
    const mergeRequest = await this.mergeRequests.create(
      {
        project,
        sourceBranch: branch,
        targetBranch: target,
        title,
        description,
        labels: ['gatehouse'],
        removeSourceBranch: true,
      },
      this.signal,
    );
    return { mergeRequest, head, outcome: 'created' };
  }

  /**
   * Merges what `propose` gave, and reads the landed files.
   * @throws StepFailed when it can't be merged any more or other content landed; SystemError when it can't yet
   */
  async merge(): Promise<Landed> {
    const { project } = this.input;
    const { mergeRequest, head } = await this.propose();
    const { iid } = mergeRequest;
    let current = await this.untilMergeable(iid);
    if (current.state === 'opened') {
      current = await this.mergeRequests.merge(
        { project, iid, sha: head, removeSourceBranch: true, squash: false },
        this.signal,
      );
    }
    const commit = await this.untilLanded(current);
    await this.compareLanded(commit, iid);
    return { iid, url: current.webUrl, head: current.sha ?? head, commit };
  }

  private get pair(): {
    readonly project: string;
    readonly sourceBranch: string;
    readonly targetBranch: string;
  } {
    const { project, branch, target } = this.input;
    return { project, sourceBranch: branch, targetBranch: target };
  }

  /** One commit on the base. A commit of ours on an older base is made anew; somebody else's is never thrown away. */
  private async ensureCommit(): Promise<{ readonly head: string; readonly isNew: boolean }> {
    const { project, branch, base, requestId, title, changes } = this.input;
    const known = await this.repositories.branchHeadOrNull(project, branch, this.signal);
    if (known !== null && (await this.isOurs(known)) === 'as-wanted') return { head: known, isNew: false };
    const [first, ...rest] = changes.map(actionOf);
    if (first === undefined) throw new Error('a change without files is never landed');
    const { commitSha } = await this.repositories.commitOnBranch(
      {
        project,
        branch,
        startSha: base,
        message: title,
        trailers: { [PROMOTION_TRAILER]: requestId },
        actions: [first, ...rest],
        force: known !== null,
      },
      this.signal,
    );
    return { head: commitSha, isNew: true };
  }

  private async isOurs(head: string): Promise<'as-wanted' | 'outdated'> {
    const { project, base, requestId, changes, ourHeads } = this.input;
    const commit = await this.repositories.commit(project, head, this.signal);
    const parent = commit.parentIds.length === 1 ? commit.parentIds[0] : undefined;
    if (trailerOf(commit.message, PROMOTION_TRAILER) !== requestId || parent === undefined) {
      throw this.pushedByOthers();
    }
    const made = await this.repositories.compare({ project, from: parent, to: head }, this.signal);
    if (!made.complete || made.commits.length !== 1) throw this.pushedByOthers();
    const paths = new Set(made.paths.map(({ newPath }) => newPath));
    const samePaths = paths.size === changes.length && changes.every(({ path }) => paths.has(path));
    const sameContent = samePaths && (await this.holds(head));
    // whoever writes our trailer still can't write our content
    if (sameContent) return parent === base ? 'as-wanted' : 'outdated';
    if (ourHeads.has(head)) return 'outdated';
    throw this.pushedByOthers();
  }

  private async untilMergeable(iid: number): Promise<MergeRequest> {
    const { project } = this.input;
    for (let look = 1; ; look += 1) {
      const mergeRequest = await this.mergeRequests.read(project, iid, this.signal);
      if (mergeRequest.state === 'merged') return mergeRequest;
      if (mergeRequest.state === 'closed') throw this.closed(mergeRequest);
      const status = mergeRequest.detailedMergeStatus;
      const kind = mergeStatusClass(status);
      if (mergeRequest.state === 'opened' && kind === 'ready') return mergeRequest;
      if (look >= LOOKS || kind === 'people' || kind === 'machines' || kind === 'ours') {
        throw this.notYet(iid, status);
      }
      await this.pause();
    }
  }

  private async untilLanded(merged: MergeRequest): Promise<string> {
    const { project } = this.input;
    const { mergeMethod } = await this.repositories.project(project, this.signal);
    let mergeRequest = merged;
    for (let look = 1; look <= LOOKS; look += 1) {
      if (mergeRequest.state === 'merged') {
        const landing = await this.mergeRequests.landing({ project, mergeRequest, mergeMethod }, this.signal);
        if (landing?.onBranch === true) return landing.commitSha;
      }
      await this.pause();
      mergeRequest = await this.mergeRequests.read(project, mergeRequest.iid, this.signal);
    }
    throw this.notYet(mergeRequest.iid, mergeRequest.detailedMergeStatus);
  }

  /** `sha` guards the source only: what landed is compared with what was approved before anybody waits for it. */
  private async compareLanded(commit: string, iid: number): Promise<void> {
    if ((await this.holds(commit)) || (await this.input.holdsValues?.(commit)) === true) return;
    throw this.failed(
      `!${iid} landed as ${commit.slice(0, 12)} with other content than was approved`,
      'Look at the commit at once, and roll back: somebody changed the same files meanwhile',
    );
  }

  private async holds(commit: string): Promise<boolean> {
    const { project, changes } = this.input;
    const paths = new Set(changes.map(({ path }) => path));
    const entries: TreeEntry[] = [];
    // the rest of a repository may be larger than any answer
    for (const directory of new Set([...paths].map(directoryOf))) {
      const where = directory === '' ? {} : { path: directory };
      const found = await this.repositories.tree(
        { project, ref: commit, recursive: false, ...where },
        this.signal,
      );
      entries.push(...found.filter(({ path }) => paths.has(path)));
    }
    const texts = await this.repositories.texts({ project, entries }, this.signal);
    return changes.every(({ path, after }) => hashOf(texts.get(path) ?? null) === hashOf(after));
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }

  private notYet(iid: number, status: string): SystemError {
    return new SystemError({
      system: 'gitlab',
      operation: 'merge merge request',
      object: `${this.input.project}!${iid}`,
      kind: 'busy',
      code: status,
      message: `GitLab does not merge it yet: ${status}`,
      remedy: 'Look at the merge request: what it waits for has to be done there. This is tried again',
    });
  }

  private closed({ iid }: { readonly iid: number }): StepFailed {
    return this.failed(`somebody closed !${iid}`, 'Reopen it and retry, or cancel the request');
  }

  private pushedByOthers(): StepFailed {
    return this.failed(
      `somebody else pushed to ${this.input.branch}: that is not what was approved`,
      `Reset the branch to our commit and retry, or cancel and ask again; what was added is promoted by a request of its own`,
    );
  }

  private failed(message: string, remedy: string): StepFailed {
    return new StepFailed(FAILURE.hopeless, {
      system: 'gitlab',
      operation: 'land a change',
      object: `${this.input.project} ${this.input.branch}`,
      message,
      remedy,
    });
  }
}

function actionOf({ path, before, after }: TextChange): BranchAction {
  if (after === null) return { action: 'delete', path };
  return { action: before === null ? 'create' : 'update', path, content: after };
}
