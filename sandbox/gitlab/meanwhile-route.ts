import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import type { Gitlab } from './gitlab.js';
import { afterPush } from './pushes.js';

/** null removes the file */
const Content = Type.Union([Type.String(), Type.Null()]);

const Meanwhile = Type.Object(
  {
    project: Type.String(),
    branch: Type.Optional(Type.String()),
    /** one file … */
    path: Type.Optional(Type.String()),
    content: Type.Optional(Content),
    /** … or several in one commit */
    files: Type.Optional(Type.Array(Type.Object({ path: Type.String(), content: Content }))),
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
    const { path, content, files = [] } = wish;
    const written = [...files, ...(path === undefined || content === undefined ? [] : [{ path, content }])];
    const [first] = written;
    if (first === undefined)
      throw new Refusal(400, 'a commit of no file: give "path" and "content", or "files"');
    const repository = gitlab.repositoryOf(project);
    const branch = wish.branch ?? project.defaultBranch;
    const name = wish.author ?? 'Somebody Else';
    const account = gitlab.account(wish.as ?? 'somebody-else');
    const id = await gitlab.writing(project, async () => {
      const from = await repository.branchHead(branch);
      const to = await repository.commit({
        branch,
        parent: from,
        message: wish.message ?? `Change ${first.path}`,
        author: { name, email: `${name.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@example.com` },
        changes: written.map((file) =>
          file.content === null
            ? { kind: 'remove', path: file.path }
            : { kind: 'write', path: file.path, content: Buffer.from(file.content) },
        ),
      });
      if (account !== undefined) await afterPush(gitlab, project, account, [{ branch, from, to }]);
      return to;
    });
    await gitlab.standIn.act('created', `commit ${project.path} ${branch} ${id}`, () => undefined);
    return { id };
  });
}
