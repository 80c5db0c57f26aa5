import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf, pageAnswer, pageOf } from './gitlab.js';
import { MergeRequests } from './merge-requests.js';
import { basicUserJson } from './representations.js';
import { LEVEL, type MergeRequest, type Project } from './state.js';

const Labels = Type.Union([Type.String(), Type.Array(Type.String())]);
const NewMergeRequest = Type.Object({
  source_branch: Type.String(),
  target_branch: Type.String(),
  title: Type.String(),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Labels),
  remove_source_branch: Type.Optional(Type.Boolean()),
});
const ChangedMergeRequest = Type.Object({
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Labels),
  state_event: Type.Optional(Type.Union([Type.Literal('close'), Type.Literal('reopen')])),
});
const Acceptance = Type.Object({
  sha: Type.Optional(Type.String()),
  squash: Type.Optional(Type.Boolean()),
  should_remove_source_branch: Type.Optional(Type.Boolean()),
  merge_commit_message: Type.Optional(Type.String()),
});
const Approval = Type.Object({ sha: Type.Optional(Type.String()) });

function labelsOf(labels: string | string[] | undefined): string[] {
  if (labels === undefined) return [];
  return (typeof labels === 'string' ? labels.split(',') : labels).filter((label) => label !== '');
}

/** Merge requests: create, read, change, approve, merge. */
export function addMergeRequestRoutes(gitlab: Gitlab): void {
  const requests = new MergeRequests(gitlab);
  const base = '/api/v4/projects/:id/merge_requests';
  const one = `${base}/:merge_request_iid`;
  const key = (project: Project, request: MergeRequest): string =>
    `merge request ${project.path}!${request.iid}`;

  gitlab.standIn.operation({
    id: 'createMergeRequest',
    method: 'POST',
    path: base,
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call, LEVEL.developer);
      const body = call.body(NewMergeRequest);
      const repository = gitlab.repositoryOf(project);
      if (body.source_branch === body.target_branch) {
        throw new Refusal(422, "You can't use same project/branch for source and target", { code: 'list' });
      }
      for (const [side, branch] of [
        ['Source', body.source_branch],
        ['Target', body.target_branch],
      ] as const) {
        if ((await repository.branchHead(branch)) === null) {
          throw new Refusal(400, `${side} branch "${branch}" does not exist`, { code: 'list' });
        }
      }
      const open = requests
        .of(project)
        .find(
          (request) =>
            request.state === 'opened' &&
            request.sourceBranch === body.source_branch &&
            request.targetBranch === body.target_branch,
        );
      if (open !== undefined) {
        throw new Refusal(
          409,
          `Another open merge request already exists for this source branch: !${open.iid}`,
          { code: 'list' },
        );
      }
      const now = new Date().toISOString();
      const made: MergeRequest = {
        id: gitlab.state.nextId,
        iid: requests.of(project).length + 1,
        projectId: project.id,
        sourceBranch: body.source_branch,
        targetBranch: body.target_branch,
        title: body.title,
        description: body.description ?? '',
        labels: labelsOf(body.labels),
        state: 'opened',
        author: account.username,
        createdAt: now,
        updatedAt: now,
        mergedAt: '',
        mergeUser: '',
        sha: '',
        mergeCommitSha: '',
        squashCommitSha: '',
        removeSourceBranch: body.remove_source_branch ?? false,
        checksPending: gitlab.standIn.settings.mergeChecks,
        approvals: [],
      };
      call.change('created', key(project, made), () => {
        gitlab.state.nextId += 1;
        gitlab.state.mergeRequests.push(made);
      });
      const shown = await requests.json(project, made, originOf(call));
      if (made.checksPending > 0) shown.detailed_merge_status = 'preparing';
      return { status: 201, body: shown };
    },
  });

  gitlab.standIn.operation({
    id: 'listMergeRequests',
    method: 'GET',
    path: base,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const wanted = (name: string, value: string): boolean => (call.query(name) ?? value) === value;
      const state = call.query('state') ?? 'all';
      const found = requests
        .of(project)
        .filter(
          (request) =>
            (state === 'all' || request.state === state) &&
            wanted('source_branch', request.sourceBranch) &&
            wanted('target_branch', request.targetBranch),
        )
        .reverse();
      const wish = pageOf(call);
      const from = (wish.page - 1) * wish.perPage;
      const rows = await Promise.all(
        found
          .slice(from, from + wish.perPage)
          .map((request) => requests.json(project, request, originOf(call))),
      );
      return pageAnswer(call, wish, rows, found.length);
    },
  });

  gitlab.standIn.operation({
    id: 'getMergeRequest',
    method: 'GET',
    path: one,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = await requests.json(project, request, originOf(call));
      // reading the single one is what makes the server compute; not an effect anybody would count
      if (request.checksPending > 0) request.checksPending -= 1;
      return { status: 200, body };
    },
  });

  gitlab.standIn.operation({
    id: 'updateMergeRequest',
    method: 'PUT',
    path: one,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.developer);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = call.body(ChangedMergeRequest);
      const sha = await requests.shaOf(project, request);
      call.change('changed', key(project, request), () => {
        request.title = body.title ?? request.title;
        request.description = body.description ?? request.description;
        if (body.labels !== undefined) request.labels = labelsOf(body.labels);
        if (body.state_event === 'close' && request.state === 'opened') {
          request.state = 'closed';
          request.sha = sha;
        }
        if (body.state_event === 'reopen' && request.state === 'closed') request.state = 'opened';
        request.updatedAt = new Date().toISOString();
      });
      return { status: 200, body: await requests.json(project, request, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'acceptMergeRequest',
    method: 'PUT',
    path: `${one}/merge`,
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = call.body(Acceptance);
      await gitlab.writing(project, async () => {
        const merged = await requests.merge(project, request, account, {
          squash: body.squash ?? false,
          ...(body.sha === undefined ? {} : { sha: body.sha }),
          ...(body.merge_commit_message === undefined ? {} : { message: body.merge_commit_message }),
        });
        const now = new Date().toISOString();
        call.change('changed', `${key(project, request)} merged`, () => {
          Object.assign(request, merged, {
            state: 'merged',
            mergedAt: now,
            updatedAt: now,
            mergeUser: account.username,
          });
        });
        if (body.should_remove_source_branch ?? request.removeSourceBranch) {
          await gitlab.repositoryOf(project).removeBranch(request.sourceBranch, merged.sha);
        }
      });
      return { status: 200, body: await requests.json(project, request, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'approveMergeRequest',
    method: 'POST',
    path: `${one}/approve`,
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = call.body(Approval);
      const sha = await requests.shaOf(project, request);
      const already = requests
        .countingApprovals(request, sha)
        .some((approval) => approval.username === account.username);
      // authors may not approve their own request, and nobody twice
      if (
        gitlab.levelOf(project, account) < LEVEL.developer ||
        already ||
        request.author === account.username
      ) {
        throw new Refusal(401, '401 Unauthorized');
      }
      if (body.sha !== undefined && body.sha !== sha) {
        throw new Refusal(409, `SHA does not match HEAD of source branch: ${sha}`);
      }
      call.change('created', `approval ${project.path}!${request.iid} ${account.username}`, () => {
        request.approvals.push({ username: account.username, sha, at: new Date().toISOString() });
      });
      return { status: 201, body: await approvals(project, request, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'getApprovals',
    method: 'GET',
    path: `${one}/approvals`,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      return { status: 200, body: await approvals(project, request, originOf(call)) };
    },
  });

  async function approvals(project: Project, request: MergeRequest, origin: string): Promise<unknown> {
    const counting = requests.countingApprovals(request, await requests.shaOf(project, request));
    return {
      id: request.id,
      iid: request.iid,
      project_id: project.id,
      title: request.title,
      state: request.state,
      created_at: request.createdAt,
      updated_at: request.updatedAt,
      // true without any approval when none is required, as the vendor has it
      approved: counting.length >= project.approvalsRequired,
      approvals_required: project.approvalsRequired,
      approvals_left: Math.max(0, project.approvalsRequired - counting.length),
      approved_by: counting.flatMap((approval) => {
        const account = gitlab.account(approval.username);
        return account === undefined ? [] : [{ user: basicUserJson(account, origin) }];
      }),
    };
  }
}
