import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf } from './gitlab.js';
import type { MergeRequests } from './merge-requests.js';
import { basicUserJson } from './representations.js';
import { LEVEL, type MergeRequest, type Project } from './state.js';

const Approval = Type.Object({ sha: Type.Optional(Type.String()) });

/** Approvals of a merge request: give one, and see who gave one. */
export function addApprovalRoutes(gitlab: Gitlab, requests: MergeRequests): void {
  const one = '/api/v4/projects/:id/merge_requests/:merge_request_iid';

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
