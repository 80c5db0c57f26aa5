import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import type { Gitlab } from './gitlab.js';
import { afterPush } from './pushes.js';

const Meanwhile = Type.Object(
  {
    project: Type.String(),
    branch: Type.Optional(Type.String()),
    path: Type.String(),
    /** null removes the file */
    content: Type.Union([Type.String(), Type.Null()]),
    message: Type.Optional(Type.String()),
    /** the name that the commit claims */
    author: Type.Optional(Type.String()),
    /** the account that pushes it; default `somebody-else`. Without such an account nobody is noted. */
    as: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** `POST /_sandbox/commit`: somebody else commits meanwhile, past every right and check. */
export function addMeanwhileRoute(gitlab: Gitlab): void {
  gitlab.standIn.control('POST', '/commit', Meanwhile, async (wish) => {
    const project = gitlab.state.projects.find((one) => one.path === wish.project);
    if (project === undefined) throw new Refusal(404, `no project ${wish.project}`);
    const repository = gitlab.repositoryOf(project);
    const branch = wish.branch ?? project.defaultBranch;
    const name = wish.author ?? 'Somebody Else';
    const account = gitlab.account(wish.as ?? 'somebody-else');
    const id = await gitlab.writing(project, async () => {
      const from = await repository.branchHead(branch);
      const to = await repository.commit({
        branch,
        parent: from,
        message: wish.message ?? `Change ${wish.path}`,
        author: { name, email: `${name.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@example.com` },
        changes: [
          wish.content === null
            ? { kind: 'remove', path: wish.path }
            : { kind: 'write', path: wish.path, content: Buffer.from(wish.content) },
        ],
      });
      if (account !== undefined) await afterPush(gitlab, project, account, [{ branch, from, to }]);
      return to;
    });
    await gitlab.standIn.act('created', `commit ${project.path} ${branch} ${id}`, () => undefined);
    return { id };
  });
}
