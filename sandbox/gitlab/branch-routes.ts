import Type, { type Static } from 'typebox';
import type { Answer, Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf, pageAnswer, pageOf, pageOfAll } from './gitlab.js';
import { afterPush } from './pushes.js';
import { branchJson, protectionJson } from './representations.js';
import { type Account, LEVEL, type Project, type ProtectedBranch } from './state.js';

const Allowed = Type.Object({
  user_id: Type.Optional(Type.Integer()),
  access_level: Type.Optional(Type.Integer()),
});
const Protection = Type.Object({
  name: Type.String({ minLength: 1 }),
  push_access_level: Type.Optional(Type.Integer()),
  merge_access_level: Type.Optional(Type.Integer()),
  allow_force_push: Type.Optional(Type.Boolean()),
  allowed_to_push: Type.Optional(Type.Array(Allowed)),
  allowed_to_merge: Type.Optional(Type.Array(Allowed)),
});
const ProtectionChange = Type.Object({ allow_force_push: Type.Optional(Type.Boolean()) });

/** Names that git takes for a branch, as far as callers get them wrong. */
function isBranchName(name: string): boolean {
  return (
    /^[A-Za-z0-9][A-Za-z0-9._/#+=@-]*$/.test(name) &&
    !name.includes('..') &&
    !name.includes('//') &&
    !name.endsWith('/') &&
    !name.endsWith('.lock') &&
    !name.endsWith('.')
  );
}

export function addBranchRoutes(gitlab: Gitlab): void {
  async function show(
    call: Call,
    project: Project,
    account: Account,
    branch: { readonly name: string; readonly head: string },
  ): Promise<Record<string, unknown>> {
    return branchJson(
      gitlab.repositoryOf(project),
      branch,
      project,
      {
        protected: gitlab.isProtected(project, branch.name),
        canPush: gitlab.canPush(project, account, branch.name),
      },
      originOf(call),
    );
  }

  gitlab.standIn.operation({
    id: 'listBranches',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/branches',
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call);
      const search = call.query('search') ?? '';
      const all = (await gitlab.repositoryOf(project).branches()).filter((one) => one.name.includes(search));
      const wish = pageOf(call);
      const from = (wish.page - 1) * wish.perPage;
      const rows = await Promise.all(
        all.slice(from, from + wish.perPage).map((branch) => show(call, project, account, branch)),
      );
      return pageAnswer(call, wish, rows, all.length);
    },
  });

  gitlab.standIn.operation({
    id: 'createBranch',
    method: 'POST',
    path: '/api/v4/projects/:id/repository/branches',
    handle: async (call): Promise<Answer> => {
      const { project, account } = gitlab.projectOf(call, LEVEL.developer);
      const body = call.body(
        Type.Object({ branch: Type.Optional(Type.String()), ref: Type.Optional(Type.String()) }),
      );
      const name = call.query('branch') ?? body.branch;
      const ref = call.query('ref') ?? body.ref;
      if (name === undefined) throw new Refusal(400, 'branch is missing', { code: 'parameter' });
      if (ref === undefined) throw new Refusal(400, 'ref is missing', { code: 'parameter' });
      if (!isBranchName(name)) throw new Refusal(400, 'Branch name is invalid');
      if (!gitlab.canPush(project, account, name)) throw new Refusal(403, '403 Forbidden');
      const repository = gitlab.repositoryOf(project);
      const head = await gitlab.writing(project, async () => {
        if ((await repository.branchHead(name)) !== null) throw new Refusal(400, 'Branch already exists');
        const start = await repository.resolve(ref);
        if (start === null) throw new Refusal(400, `Invalid reference name: ${ref}`);
        await repository.moveBranch(name, start, null);
        await afterPush(gitlab, project, account, [{ branch: name, from: null, to: start }]);
        return start;
      });
      call.change('created', `branch ${project.path} ${name}`, () => undefined);
      return { status: 201, body: await show(call, project, account, { name, head }) };
    },
  });

  gitlab.standIn.operation({
    id: 'getBranch',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/branches/:branch',
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call);
      const name = call.param('branch');
      const head = await gitlab.repositoryOf(project).branchHead(name);
      if (head === null) throw new Refusal(404, '404 Branch Not Found');
      return { status: 200, body: await show(call, project, account, { name, head }) };
    },
  });

  gitlab.standIn.operation({
    id: 'deleteBranch',
    method: 'DELETE',
    path: '/api/v4/projects/:id/repository/branches/:branch',
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call, LEVEL.developer);
      const name = call.param('branch');
      const repository = gitlab.repositoryOf(project);
      await gitlab.writing(project, async () => {
        const head = await repository.branchHead(name);
        if (head === null) throw new Refusal(404, '404 Branch Not Found');
        if (name === project.defaultBranch) throw new Refusal(400, 'Cannot remove HEAD branch');
        if (gitlab.isProtected(project, name)) {
          throw new Refusal(403, '403 Forbidden - Protected branch cant be removed');
        }
        if (!gitlab.canPush(project, account, name)) throw new Refusal(403, '403 Forbidden');
        await repository.removeBranch(name, head);
        await afterPush(gitlab, project, account, [{ branch: name, from: head, to: null }]);
      });
      call.change('deleted', `branch ${project.path} ${name}`, () => undefined);
      return { status: 204 };
    },
  });
}

export function addProtectionRoutes(gitlab: Gitlab): void {
  const base = '/api/v4/projects/:id/protected_branches';
  const show = (rule: ProtectedBranch): Record<string, unknown> =>
    protectionJson(rule, (username) => gitlab.account(username));
  /** Level and user names of `allowed_to_…`, beside the plain level. */
  const allowed = (
    level: number | undefined,
    list: readonly Static<typeof Allowed>[] | undefined,
  ): { readonly level: number; readonly users: string[] } => ({
    level:
      level ??
      list?.find((one) => one.access_level !== undefined)?.access_level ??
      (list ? 0 : LEVEL.maintainer),
    users: (list ?? []).flatMap((one) =>
      gitlab.state.accounts
        .filter((account) => account.id === one.user_id)
        .map((account) => account.username),
    ),
  });

  gitlab.standIn.operation({
    id: 'listProtectedBranches',
    method: 'GET',
    path: base,
    handle: (call) => pageOfAll(call, gitlab.projectOf(call).project.protectedBranches, show),
  });

  gitlab.standIn.operation({
    id: 'getProtectedBranch',
    method: 'GET',
    path: `${base}/:name`,
    handle: (call) => {
      const { project } = gitlab.projectOf(call);
      const rule = project.protectedBranches.find((one) => one.name === call.param('name'));
      if (rule === undefined) throw new Refusal(404, '404 Not found');
      return { status: 200, body: show(rule) };
    },
  });

  gitlab.standIn.operation({
    id: 'protectBranch',
    method: 'POST',
    path: base,
    handle: (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.maintainer);
      const body = call.body(Protection);
      if (project.protectedBranches.some((rule) => rule.name === body.name)) {
        throw new Refusal(409, `Protected branch '${body.name}' already exists`);
      }
      const push = allowed(body.push_access_level, body.allowed_to_push);
      const merge = allowed(body.merge_access_level, body.allowed_to_merge);
      const rule = {
        name: body.name,
        pushLevel: push.level,
        pushUsers: push.users,
        mergeLevel: merge.level,
        mergeUsers: merge.users,
        allowForcePush: body.allow_force_push ?? false,
      };
      call.change('created', `protected branch ${project.path} ${rule.name}`, () => {
        project.protectedBranches.push(rule);
      });
      return { status: 201, body: show(rule) };
    },
  });

  gitlab.standIn.operation({
    id: 'updateProtectedBranch',
    method: 'PATCH',
    path: `${base}/:name`,
    handle: (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.maintainer);
      const body = call.body(ProtectionChange);
      const rule = project.protectedBranches.find((one) => one.name === call.param('name'));
      if (rule === undefined) throw new Refusal(404, '404 Not found');
      call.change('changed', `protected branch ${project.path} ${rule.name}`, () => {
        rule.allowForcePush = body.allow_force_push ?? rule.allowForcePush;
      });
      return { status: 200, body: show(rule) };
    },
  });

  gitlab.standIn.operation({
    id: 'unprotectBranch',
    method: 'DELETE',
    path: `${base}/:name`,
    handle: (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.maintainer);
      const name = call.param('name');
      if (!project.protectedBranches.some((rule) => rule.name === name)) {
        throw new Refusal(404, '404 Not found');
      }
      call.change('deleted', `protected branch ${project.path} ${name}`, () => {
        project.protectedBranches = project.protectedBranches.filter((rule) => rule.name !== name);
      });
      return { status: 204 };
    },
  });
}
