import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import type { Gitlab } from './gitlab.js';
import type { MergeRequests } from './merge-requests.js';
import { MergeMethod, type Project } from './state.js';

const TokenWish = Type.Object({ username: Type.String() }, { additionalProperties: false });
const StatusWish = Type.Object(
  {
    project: Type.String(),
    iid: Type.Integer(),
    /** null: GitLab computes it again */
    status: Type.Union([Type.String({ minLength: 1 }), Type.Null()]),
  },
  { additionalProperties: false },
);
const ProjectWish = Type.Object(
  {
    project: Type.String(),
    mergeMethod: Type.Optional(MergeMethod),
    approvalsRequired: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);

/** What an administrator of GitLab does outside of the API that Gatehouse uses. */
export function addControlRoutes(gitlab: Gitlab, requests: MergeRequests): void {
  const projectOf = (path: string): Project => {
    const project = gitlab.state.projects.find((one) => one.path === path);
    if (project === undefined) throw new Refusal(404, `no project ${path}`);
    return project;
  };

  gitlab.standIn.control('POST', '/token', TokenWish, async ({ username }) => {
    const account = gitlab.account(username);
    if (account === undefined) throw new Refusal(404, `no account ${username}`);
    const token = `glpat-${randomBytes(18).toString('base64url')}`;
    await gitlab.standIn.act('changed', `account ${username}`, () => {
      account.token = token;
    });
    return { token };
  });

  gitlab.standIn.control('POST', '/merge-status', StatusWish, async ({ project, iid, status }) => {
    const request = requests.get(projectOf(project), String(iid));
    await gitlab.standIn.act('changed', `merge request ${project}!${iid}`, () => {
      request.setStatus = status ?? '';
    });
  });

  gitlab.standIn.control('POST', '/project', ProjectWish, async (wish) => {
    const project = projectOf(wish.project);
    await gitlab.standIn.act('changed', `project ${project.path}`, () => {
      project.mergeMethod = wish.mergeMethod ?? project.mergeMethod;
      project.approvalsRequired = wish.approvalsRequired ?? project.approvalsRequired;
    });
  });
}
