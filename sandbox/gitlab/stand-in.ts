import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import type { World } from '../world.js';
import { addBranchRoutes, addProtectionRoutes } from './branch-routes.js';
import { addCommitRoutes } from './commit-routes.js';
import { addCompareRoutes } from './compare-routes.js';
import { clusterFiles, fleetFiles } from './example-files.js';
import { addFileRoutes } from './file-routes.js';
import { GitRepository } from './git-repository.js';
import { errorBody, Gitlab, type GitlabStandIn } from './gitlab.js';
import { addMeanwhileRoute } from './meanwhile-route.js';
import { addMergeRequestRoutes } from './merge-request-routes.js';
import { addProjectRoutes } from './project-routes.js';
import { addSmartHttp } from './smart-http.js';
import { type GitlabSeed, GitlabSettings, GitlabState, initialState, LEVEL } from './state.js';

/**
 * GitLab: REST v4 as far as it is used, over real Git repositories on disk, with clone, fetch and push over HTTP.
 * Beside the common control routes: `POST /_sandbox/commit {project, branch?, path, content|null, message?, author?}`
 * makes a commit of somebody else. Settings: `mergeChecks`, `resetApprovalsOnPush`.
 * @param folder of this stand-in's own; repositories are in `repositories/<project>.git` below it
 */
export async function createGitlab(options: {
  readonly folder: string;
  readonly seed: GitlabSeed;
}): Promise<GitlabStandIn> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const standIn = new StandIn({
    system: 'gitlab',
    folder: options.folder,
    state: { schema: GitlabState, initial: () => initialState(options.seed, new Date()) },
    settings: { schema: GitlabSettings, defaults: { mergeChecks: 1, resetApprovalsOnPush: true } },
    spec: await SpecCheck.load('gitlab/gitlab-rest-v4-subset.derived.openapi.json'),
    errorBody,
  });
  const gitlab = new Gitlab(standIn, path.join(options.folder, 'repositories'));
  for (const project of options.seed.projects) {
    const branch = project.defaultBranch ?? 'main';
    const repository = await GitRepository.create(gitlab.directoryOf(project), branch);
    if ((await repository.branches()).length > 0) continue;
    await repository.commit({
      branch,
      parent: null,
      message: 'Start of the example world\n',
      author: { name: 'Example World', email: 'world@example.com' },
      changes: Object.entries(project.files).map(([file, text]) => ({
        kind: 'write',
        path: file,
        content: Buffer.from(text),
      })),
    });
  }
  addProjectRoutes(gitlab);
  addFileRoutes(gitlab);
  addCommitRoutes(gitlab);
  addCompareRoutes(gitlab);
  addBranchRoutes(gitlab);
  addProtectionRoutes(gitlab);
  addMergeRequestRoutes(gitlab);
  addMeanwhileRoute(gitlab);
  addSmartHttp(gitlab);
  return standIn;
}

/** The example world's GitLab: Gatehouse's bot, somebody else with the same rights, and Argo CD, which only reads. */
export function gitlabSeed(world: World): GitlabSeed {
  const members = {
    gatehouse: LEVEL.maintainer,
    'somebody-else': LEVEL.maintainer,
    'argo-cd': LEVEL.reporter,
  };
  const files: Readonly<Record<string, Record<string, string>>> = {
    'platform/clusters': clusterFiles(world),
    'platform/fleets': fleetFiles(world),
  };
  return {
    accounts: [
      {
        username: 'gatehouse',
        name: 'Gatehouse',
        email: `gatehouse@${world.domain}`,
        token: world.gitlab.token,
      },
      {
        username: 'somebody-else',
        name: 'Somebody Else',
        email: `somebody.else@${world.domain}`,
        token: world.gitlab.otherToken,
      },
      {
        username: 'argo-cd',
        name: 'Argo CD',
        email: `argo-cd@${world.domain}`,
        token: world.gitlab.readToken,
        scope: 'read_api',
      },
    ],
    projects: world.gitlab.projects.map((path) => ({
      path,
      members,
      files: files[path] ?? { 'README.md': `# ${path}\n` },
    })),
  };
}

/** Starts GitLab with the example world in it. */
export async function startGitlab(context: StandInContext): Promise<RunningStandIn> {
  const standIn = await createGitlab({ folder: context.folder, seed: gitlabSeed(context.world) });
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}
