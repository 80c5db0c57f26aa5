import Type, { type Static } from 'typebox';

/** Access levels as GitLab numbers them. */
export const LEVEL = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const;

export const Account = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  name: Type.String(),
  email: Type.String(),
  /** personal access token; empty for people who only appear as authors */
  token: Type.String(),
  /** `api` may write, `read_api` only read */
  scope: Type.Union([Type.Literal('api'), Type.Literal('read_api')]),
  /** false: the token has expired or was revoked */
  active: Type.Boolean(),
});
export type Account = Static<typeof Account>;

export const ProtectedBranch = Type.Object({
  name: Type.String(),
  pushLevel: Type.Integer(),
  mergeLevel: Type.Integer(),
  allowForcePush: Type.Boolean(),
});
export type ProtectedBranch = Static<typeof ProtectedBranch>;

export const Project = Type.Object({
  id: Type.Integer(),
  /** full path, e.g. `platform/clusters` */
  path: Type.String(),
  defaultBranch: Type.String(),
  createdAt: Type.String(),
  members: Type.Array(Type.Object({ username: Type.String(), level: Type.Integer() })),
  protectedBranches: Type.Array(ProtectedBranch),
  /** approvals that a merge request needs before it can be merged */
  approvalsRequired: Type.Integer(),
});
export type Project = Static<typeof Project>;

export const MergeRequest = Type.Object({
  id: Type.Integer(),
  iid: Type.Integer(),
  projectId: Type.Integer(),
  sourceBranch: Type.String(),
  targetBranch: Type.String(),
  title: Type.String(),
  description: Type.String(),
  labels: Type.Array(Type.String()),
  state: Type.Union([Type.Literal('opened'), Type.Literal('merged'), Type.Literal('closed')]),
  author: Type.String(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  mergedAt: Type.String(),
  mergeUser: Type.String(),
  /** head of the source branch at the end; empty while it is open */
  sha: Type.String(),
  mergeCommitSha: Type.String(),
  squashCommitSha: Type.String(),
  removeSourceBranch: Type.Boolean(),
  /** reads of the single merge request that still answer `checking` */
  checksPending: Type.Integer(),
  /** who approved, at which head; an approval of an older head does not count */
  approvals: Type.Array(Type.Object({ username: Type.String(), sha: Type.String(), at: Type.String() })),
});
export type MergeRequest = Static<typeof MergeRequest>;

export const GitlabState = Type.Object({
  accounts: Type.Array(Account),
  projects: Type.Array(Project),
  mergeRequests: Type.Array(MergeRequest),
  nextId: Type.Integer(),
});
export type GitlabState = Static<typeof GitlabState>;

export const GitlabSettings = Type.Object(
  {
    /** reads of a new merge request that answer `checking` before its status is known */
    mergeChecks: Type.Integer({ minimum: 0 }),
    /** a replaced head makes approvals void */
    resetApprovalsOnPush: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type GitlabSettings = Static<typeof GitlabSettings>;

/** What the example world says about GitLab. */
export interface GitlabSeed {
  readonly accounts: readonly {
    readonly username: string;
    readonly name: string;
    readonly email: string;
    readonly token: string;
    readonly scope?: 'api' | 'read_api';
  }[];
  readonly projects: readonly {
    readonly path: string;
    readonly defaultBranch?: string;
    readonly members: Readonly<Record<string, number>>;
    /** path to text, the first commit */
    readonly files: Readonly<Record<string, string>>;
    readonly approvalsRequired?: number;
    /** levels for the default branch; left out: it is open to developers */
    readonly protect?: { readonly pushLevel: number; readonly mergeLevel: number };
  }[];
}

/** State of a GitLab that nobody has used yet; repositories are made from the same seed. */
export function initialState(seed: GitlabSeed, now: Date): GitlabState {
  return {
    accounts: seed.accounts.map((account, index) => ({
      id: index + 1,
      username: account.username,
      name: account.name,
      email: account.email,
      token: account.token,
      scope: account.scope ?? 'api',
      active: true,
    })),
    projects: seed.projects.map((project, index) => ({
      id: index + 101,
      path: project.path,
      defaultBranch: project.defaultBranch ?? 'main',
      createdAt: now.toISOString(),
      members: Object.entries(project.members).map(([username, level]) => ({ username, level })),
      protectedBranches:
        project.protect === undefined
          ? []
          : [{ name: project.defaultBranch ?? 'main', ...project.protect, allowForcePush: false }],
      approvalsRequired: project.approvalsRequired ?? 0,
    })),
    mergeRequests: [],
    nextId: 1001,
  };
}
