import Type, { type Static } from 'typebox';
import { Refusal } from '../framework/refusal.js';
import {
  BranchMoved,
  type FileChange,
  type GitRepository,
  isSafePath,
  type Person,
} from './git-repository.js';
import { type Gitlab, originOf, pageAnswer, pageOf } from './gitlab.js';
import { afterPush } from './pushes.js';
import { commitJson } from './representations.js';
import { type Account, LEVEL, type Project } from './state.js';

const Action = Type.Object({
  action: Type.Union([
    Type.Literal('create'),
    Type.Literal('update'),
    Type.Literal('delete'),
    Type.Literal('move'),
    Type.Literal('chmod'),
  ]),
  file_path: Type.String(),
  previous_path: Type.Optional(Type.String()),
  content: Type.Optional(Type.String()),
  encoding: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('base64')])),
  last_commit_id: Type.Optional(Type.String()),
  execute_filemode: Type.Optional(Type.Boolean()),
});
type Action = Static<typeof Action>;

const NewCommitBody = Type.Object({
  branch: Type.String(),
  commit_message: Type.String(),
  actions: Type.Array(Action),
  start_branch: Type.Optional(Type.String()),
  start_sha: Type.Optional(Type.String()),
  author_email: Type.Optional(Type.String()),
  author_name: Type.Optional(Type.String()),
  force: Type.Optional(Type.Boolean()),
});

const MISSING = "A file with this name doesn't exist";

/** Turns GitLab's actions into changes of files. Throws GitLab's 400 for each way in which they do not fit the head. */
async function changesOf(
  repository: GitRepository,
  head: string | null,
  actions: readonly Action[],
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  for (const action of actions) {
    const path = action.file_path;
    if (!isSafePath(path))
      throw new Refusal(400, 'file_path should be a valid file path', { code: 'parameter' });
    const there = head === null ? null : await repository.readFile(head, path);
    if (
      action.last_commit_id !== undefined &&
      there !== null &&
      action.last_commit_id !== there.lastCommitId
    ) {
      throw new Refusal(400, `The file has changed since you started editing it: ${path}`);
    }
    const content = Buffer.from(action.content ?? '', action.encoding === 'base64' ? 'base64' : 'utf8');
    switch (action.action) {
      case 'create':
        if (there !== null) throw new Refusal(400, 'A file with this name already exists');
        changes.push({ kind: 'write', path, content, executable: action.execute_filemode ?? false });
        break;
      case 'update':
        if (there === null) throw new Refusal(400, MISSING);
        changes.push({ kind: 'write', path, content, executable: there.executable });
        break;
      case 'delete':
        if (there === null) throw new Refusal(400, MISSING);
        changes.push({ kind: 'remove', path });
        break;
      case 'chmod':
        if (there === null) throw new Refusal(400, MISSING);
        changes.push({
          kind: 'write',
          path,
          content: there.content,
          executable: action.execute_filemode ?? false,
        });
        break;
      case 'move': {
        const from = head === null ? null : await repository.readFile(head, action.previous_path ?? '');
        if (from === null) throw new Refusal(400, MISSING);
        if (there !== null) throw new Refusal(400, 'A file with this name already exists');
        changes.push({ kind: 'remove', path: from.path });
        changes.push({
          kind: 'write',
          path,
          content: action.content === undefined ? from.content : content,
          executable: from.executable,
        });
        break;
      }
    }
  }
  return changes;
}

/** Where a commit starts: the branch's head, or the wished start when the branch is to be made. */
async function startOf(
  gitlab: Gitlab,
  project: Project,
  wish: {
    readonly branch: string;
    readonly start_branch?: string;
    readonly start_sha?: string;
    readonly force?: boolean;
  },
): Promise<string | null> {
  const repository = gitlab.repositoryOf(project);
  const head = await repository.branchHead(wish.branch);
  if (wish.start_sha !== undefined && wish.start_branch !== undefined) {
    throw new Refusal(400, 'start_branch, start_sha are mutually exclusive', { code: 'parameter' });
  }
  const start = wish.start_sha ?? wish.start_branch;
  if (start === undefined || start === wish.branch) {
    if (head === null && (await repository.branches()).length > 0) {
      throw new Refusal(400, 'You can only create or edit files when you are on a branch');
    }
    return head;
  }
  if (head !== null && wish.force !== true) {
    throw new Refusal(
      400,
      `A branch called '${wish.branch}' already exists. Switch to that branch in order to make changes`,
    );
  }
  const from = await repository.resolve(start);
  if (from === null)
    throw new Refusal(
      400,
      wish.start_sha === undefined ? 'Invalid branch' : `Cannot find start_sha '${wish.start_sha}'`,
    );
  return from;
}

export interface CommitWish {
  readonly project: Project;
  /** who calls: the push is theirs, whoever the author is */
  readonly by: Account;
  readonly branch: string;
  readonly message: string;
  readonly author: Person;
  readonly actions: readonly Action[];
  readonly start_branch?: string;
  readonly start_sha?: string;
  readonly force?: boolean;
}

/** Makes one commit as the API does; gives its id. */
export async function makeCommit(gitlab: Gitlab, wish: CommitWish): Promise<string> {
  const repository = gitlab.repositoryOf(wish.project);
  return gitlab.writing(wish.project, async () => {
    const parent = await startOf(gitlab, wish.project, wish);
    const changes = await changesOf(repository, parent, wish.actions);
    const from = await repository.branchHead(wish.branch);
    try {
      const to = await repository.commit({
        branch: wish.branch,
        parent,
        message: wish.message,
        author: wish.author,
        changes,
        force: wish.force ?? false,
      });
      await afterPush(gitlab, wish.project, wish.by, [{ branch: wish.branch, from, to }]);
      return to;
    } catch (error) {
      if (error instanceof BranchMoved) {
        throw new Refusal(400, 'Could not update branch. The branch was changed by somebody else meanwhile.');
      }
      throw error;
    }
  });
}

/** Commits: list, one, and many files in one new commit. */
export function addCommitRoutes(gitlab: Gitlab): void {
  gitlab.standIn.operation({
    id: 'createCommit',
    method: 'POST',
    path: '/api/v4/projects/:id/repository/commits',
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call, LEVEL.developer);
      const body = call.body(NewCommitBody);
      if (!gitlab.canPush(project, account, body.branch)) {
        throw new Refusal(403, '403 Forbidden - You are not allowed to push into this branch');
      }
      const id = await makeCommit(gitlab, {
        project,
        by: account,
        branch: body.branch,
        message: body.commit_message,
        author: { name: body.author_name ?? account.name, email: body.author_email ?? account.email },
        actions: body.actions,
        ...(body.start_branch === undefined ? {} : { start_branch: body.start_branch }),
        ...(body.start_sha === undefined ? {} : { start_sha: body.start_sha }),
        ...(body.force === undefined ? {} : { force: body.force }),
      });
      // the commit is on disk in the repository; this only tells the event log
      call.change('created', `commit ${project.path} ${body.branch} ${id}`, () => undefined);
      const repository = gitlab.repositoryOf(project);
      const stats = await repository.stats(id);
      return {
        status: 201,
        body: {
          ...commitJson(await repository.commitInfo(id), project, originOf(call)),
          stats: { ...stats, total: stats.additions + stats.deletions },
        },
      };
    },
  });

  gitlab.standIn.operation({
    id: 'listCommits',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/commits',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      // a branch, a commit, or a range `a..b`: what b has and a has not
      const ends = (call.query('ref_name') ?? project.defaultBranch).split('..', 2);
      const ids: string[] = [];
      for (const end of ends) ids.push(await gitlab.commitIdOf(project, end, '404 Commit Not Found'));
      const revision = ids.join('..');
      const wish = pageOf(call);
      const path = call.query('path');
      const since = call.query('since');
      const until = call.query('until');
      const commits = await gitlab.repositoryOf(project).log({
        revision,
        limit: wish.perPage,
        skip: (wish.page - 1) * wish.perPage,
        ...(path === undefined ? {} : { path }),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
      });
      return pageAnswer(
        call,
        wish,
        commits.map((commit) => commitJson(commit, project, originOf(call))),
      );
    },
  });

  gitlab.standIn.operation({
    id: 'getCommit',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/commits/:sha',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const id = await gitlab.commitIdOf(project, call.param('sha'));
      const repository = gitlab.repositoryOf(project);
      const stats = await repository.stats(id);
      return {
        status: 200,
        body: {
          ...commitJson(await repository.commitInfo(id), project, originOf(call)),
          stats: { ...stats, total: stats.additions + stats.deletions },
        },
      };
    },
  });
}
