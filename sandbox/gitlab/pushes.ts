import type { GitRepository } from './git-repository.js';
import type { Gitlab } from './gitlab.js';
import type { Account, MergeRequest, Project } from './state.js';

/** More branches than this in one push are noted as one event without their names (GitLab's default). */
const BULK = 3;

/** A branch that a push moved; null: was not there, is not there any more. */
export interface Moved {
  readonly branch: string;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * What GitLab does after branches have moved: notes who pushed, closes merge requests whose source is gone, and marks
 * those as merged whose commits came into the target by a push.
 */
export async function afterPush(
  gitlab: Gitlab,
  project: Project,
  by: Account,
  moved: readonly Moved[],
): Promise<void> {
  const repository = gitlab.repositoryOf(project);
  await note(gitlab, repository, project, by, moved);
  for (const one of moved) {
    const open = gitlab.state.mergeRequests.filter(
      (request) => request.projectId === project.id && request.state === 'opened',
    );
    if (one.to === null) {
      const left = open.filter((request) => request.sourceBranch === one.branch);
      for (const request of left) await closeWithoutSource(gitlab, project, request, one.from ?? '');
    } else {
      const into = open.filter((request) => request.targetBranch === one.branch);
      if (into.length > 0) await mergeByPush(gitlab, project, by, into, one.from, one.to);
    }
  }
}

async function note(
  gitlab: Gitlab,
  repository: GitRepository,
  project: Project,
  by: Account,
  moved: readonly Moved[],
): Promise<void> {
  const common = { projectId: project.id, username: by.username };
  if (moved.length > BULK) {
    gitlab.pushes.add({
      ...common,
      action: 'pushed',
      branch: null,
      branches: moved.length,
      from: null,
      to: null,
      commits: 0,
      title: null,
    });
    return;
  }
  for (const { branch, from, to } of moved) {
    gitlab.pushes.add({
      ...common,
      action: from === null ? 'created' : to === null ? 'removed' : 'pushed',
      branch,
      branches: 1,
      from,
      to,
      commits: to === null ? 0 : await newCommits(repository, project, from, to),
      title: to === null ? null : ((await repository.commitInfo(to)).message.split('\n')[0] ?? ''),
    });
  }
}

/** Of a new branch, those that the default branch has not. */
async function newCommits(
  repository: GitRepository,
  project: Project,
  from: string | null,
  to: string,
): Promise<number> {
  const start = from ?? (await repository.branchHead(project.defaultBranch));
  const { parents } = await repository.commitInfo(to);
  if (start === to) return 0;
  if (parents.length === 1 && parents[0] === start) return 1;
  const known = start === null ? new Set<string>() : await repository.ancestorsOf(start);
  return (await repository.ancestorsOf(to, known)).size;
}

async function closeWithoutSource(
  gitlab: Gitlab,
  project: Project,
  request: MergeRequest,
  head: string,
): Promise<void> {
  await gitlab.standIn.act('changed', `merge request ${project.path}!${request.iid} closed`, () => {
    request.state = 'closed';
    request.sha = head;
    request.updatedAt = new Date().toISOString();
  });
}

/** Those whose head is among the commits that came into the target. */
async function mergeByPush(
  gitlab: Gitlab,
  project: Project,
  by: Account,
  requests: readonly MergeRequest[],
  from: string | null,
  to: string,
): Promise<void> {
  const repository = gitlab.repositoryOf(project);
  const known = from === null ? new Set<string>() : await repository.ancestorsOf(from);
  const pushed = await repository.ancestorsOf(to, known);
  const heads = await Promise.all(requests.map((request) => repository.branchHead(request.sourceBranch)));
  for (const [index, request] of requests.entries()) {
    const head = heads[index] ?? '';
    if (!pushed.has(head)) continue;
    const landed = await whereItLanded(repository, head, to);
    const now = new Date().toISOString();
    await gitlab.standIn.act('changed', `merge request ${project.path}!${request.iid} merged`, () => {
      request.state = 'merged';
      request.sha = head;
      request.mergeCommitSha = landed;
      request.mergedAt = now;
      request.updatedAt = now;
      request.mergeUser = by.username;
    });
  }
}

/** The first commit of the target's own line that has the head. */
async function whereItLanded(repository: GitRepository, head: string, target: string): Promise<string> {
  let landed = target;
  for (;;) {
    const [parent] = (await repository.commitInfo(landed)).parents;
    if (parent === undefined || !(await repository.isAncestor(head, parent))) return landed;
    landed = parent;
  }
}
