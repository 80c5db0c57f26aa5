import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import type { World } from '../world.js';
import { addApprovalRoutes } from './approval-routes.js';
import { addBranchRoutes, addProtectionRoutes } from './branch-routes.js';
import { addCommitRoutes } from './commit-routes.js';
import { addCompareRoutes } from './compare-routes.js';
import { addControlRoutes } from './control-routes.js';
import { addEventRoutes } from './event-routes.js';
import { clusterFiles, fleetFiles } from './example-files.js';
import { addFileRoutes } from './file-routes.js';
import { addFreezeRoutes } from './freeze-routes.js';
import { GitRepository } from './git-repository.js';
import { errorBody, Gitlab, type GitlabStandIn } from './gitlab.js';
import { addMeanwhileRoute } from './meanwhile-route.js';
import { addMergeRequestRoutes } from './merge-request-routes.js';
import { MergeRequests } from './merge-requests.js';
import { addNoteRoutes } from './note-routes.js';
import { addProjectRoutes } from './project-routes.js';
import { FLEET_ENVIRONMENTS, fleetServicesFiles, imageOf, shopFiles } from './promotion-files.js';
import { addSmartHttp } from './smart-http.js';
import {
  DEFAULT_SETTINGS,
  type GitlabSeed,
  GitlabSettings,
  GitlabState,
  initialState,
  LEVEL,
} from './state.js';

/**
 * GitLab: REST v4 as far as it is used, over real Git repositories on disk, with clone, fetch and push over HTTP.
 * Beside the common control routes: `POST /_sandbox/commit {project, branch?, path, content|null, message?, author?, as?}`
 * makes a commit of somebody else; `/token {username}` gives an account a new token; `/merge-status {project, iid, status}`
 * lets a merge request say any status; `/project {project, mergeMethod?, approvalsRequired?}`. Settings: `GitlabSettings`.
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
    settings: { schema: GitlabSettings, defaults: DEFAULT_SETTINGS },
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
  const requests = new MergeRequests(gitlab);
  addMergeRequestRoutes(gitlab, requests);
  addApprovalRoutes(gitlab, requests);
  addNoteRoutes(gitlab, requests);
  addEventRoutes(gitlab);
  addFreezeRoutes(gitlab);
  addControlRoutes(gitlab, requests);
  addMeanwhileRoute(gitlab);
  addSmartHttp(gitlab);
  return standIn;
}

/**
 * The example world's GitLab: Gatehouse's bot, somebody else with the same rights, Argo CD, which only reads, and the
 * people of the world. They have no tokens until a test or the demo asks for one (`/_sandbox/token`).
 */
export function gitlabSeed(world: World): GitlabSeed {
  const developers = world.people
    .filter((person) => person.userType === 'Member')
    .map((person) => person.key);
  const members = {
    gatehouse: LEVEL.maintainer,
    'somebody-else': LEVEL.maintainer,
    'argo-cd': LEVEL.reporter,
  };
  const withDevelopers = {
    ...Object.fromEntries(developers.map((username) => [username, LEVEL.developer])),
    ...members,
  };
  /** nobody pushes, and nobody but Gatehouse merges */
  const guarded = { pushLevel: 0, mergeLevel: 0, mergeUsers: ['gatehouse'] };
  const projects: Readonly<Record<string, Omit<GitlabSeed['projects'][number], 'path'>>> = {
    'platform/clusters': { members, files: clusterFiles(world) },
    'platform/fleets': { members, files: fleetFiles(world) },
    'shop-dev/ops': { members: withDevelopers, files: shopFiles({ image: imageOf('1.1.0') }) },
    'shop-prod/ops': {
      members: withDevelopers,
      files: shopFiles({ image: imageOf('1.0.0') }),
      protect: guarded,
    },
    'fleet/services': {
      members: withDevelopers,
      files: fleetServicesFiles({ environments: FLEET_ENVIRONMENTS }),
      protect: guarded,
    },
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
      ...world.people.map((person) => ({
        username: person.key,
        name: person.displayName,
        email: person.mail ?? person.userPrincipalName,
        publicEmail: person.mail ?? '',
        identities: [{ provider: 'openid_connect', externUid: person.id }],
        token: '',
      })),
    ],
    projects: world.gitlab.projects.map((path) => ({
      path,
      ...(projects[path] ?? { members, files: { 'README.md': `# ${path}\n` } }),
    })),
  };
}

/** Starts GitLab with the example world in it. */
export async function startGitlab(context: StandInContext): Promise<RunningStandIn> {
  const standIn = await createGitlab({ folder: context.folder, seed: gitlabSeed(context.world) });
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}
