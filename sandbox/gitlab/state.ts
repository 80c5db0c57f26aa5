import Type, { type Static } from 'typebox';

/** Access levels as GitLab numbers them. */
export const LEVEL = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const;

export const Account = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  name: Type.String(),
  email: Type.String(),
  /** shown to everybody; empty for none */
  publicEmail: Type.String(),
  /** accounts at identity providers; administrators see them */
  identities: Type.Array(Type.Object({ provider: Type.String(), externUid: Type.String() })),
  admin: Type.Boolean(),
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
  /** names of accounts that may, whatever their level */
  pushUsers: Type.Array(Type.String()),
  mergeUsers: Type.Array(Type.String()),
  allowForcePush: Type.Boolean(),
});
export type ProtectedBranch = Static<typeof ProtectedBranch>;

export const FreezePeriod = Type.Object({
  id: Type.Integer(),
  start: Type.String(),
  end: Type.String(),
  timezone: Type.String(),
  createdAt: Type.String(),
});
export type FreezePeriod = Static<typeof FreezePeriod>;

export const MergeMethod = Type.Union([
  Type.Literal('merge'),
  Type.Literal('rebase_merge'),
  Type.Literal('ff'),
]);
export type MergeMethod = Static<typeof MergeMethod>;

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
  mergeMethod: MergeMethod,
  freezePeriods: Type.Array(FreezePeriod),
});
export type Project = Static<typeof Project>;

export const Note = Type.Object({
  id: Type.Integer(),
  author: Type.String(),
  body: Type.String(),
  /** written by GitLab itself */
  system: Type.Boolean(),
  createdAt: Type.String(),
});
export type Note = Static<typeof Note>;

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
  squash: Type.Boolean(),
  /** status as the single merge request last showed it: lists have that one */
  shownStatus: Type.String(),
  /** a status that somebody set by `/_sandbox/merge-status`; empty for none */
  setStatus: Type.String(),
  /** head of the target branch at the last reading: when it has moved, GitLab computes anew */
  seenTarget: Type.String(),
  /** reads of the single merge request that still answer `checking` */
  checksPending: Type.Integer(),
  /** reads after the merge that still say `locked` */
  lockedReads: Type.Integer(),
  /** reads after that in which the commits of the merge are not noted yet */
  landedReads: Type.Integer(),
  notes: Type.Array(Note),
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
    /** reads of an open merge request that answer `unchecked` after its target branch has moved */
    recheckReads: Type.Integer({ minimum: 0 }),
    /** a replaced head makes approvals void */
    resetApprovalsOnPush: Type.Boolean(),
    /** reads of a merged merge request that still say `locked` */
    lockedReads: Type.Integer({ minimum: 0 }),
    /** reads of a merged merge request, its merging among them, that do not name the commits of the merge yet */
    landedReads: Type.Integer({ minimum: 0 }),
    /** a merge that does not name the head is refused, as GitLab 19.2 has it for new groups */
    requireShaForMerge: Type.Boolean(),
    /** files of a comparison; those after them are left out, and `compare_timeout` says so */
    compareFiles: Type.Integer({ minimum: 1 }),
    /** reads of the events that do not have the newest push yet */
    lateEvents: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type GitlabSettings = Static<typeof GitlabSettings>;

/** Quick enough for most tests: one look at a merge request is in vain, nothing else is late. */
export const DEFAULT_SETTINGS: GitlabSettings = {
  mergeChecks: 1,
  recheckReads: 0,
  resetApprovalsOnPush: true,
  lockedReads: 0,
  landedReads: 0,
  requireShaForMerge: false,
  compareFiles: 1000,
  lateEvents: 0,
};

/** What the example world says about GitLab. */
export interface GitlabSeed {
  readonly accounts: readonly {
    readonly username: string;
    readonly name: string;
    readonly email: string;
    readonly token: string;
    readonly scope?: 'api' | 'read_api';
    readonly publicEmail?: string;
    readonly identities?: readonly { readonly provider: string; readonly externUid: string }[];
    readonly admin?: boolean;
  }[];
  readonly projects: readonly {
    readonly path: string;
    readonly defaultBranch?: string;
    readonly members: Readonly<Record<string, number>>;
    /** path to text, the first commit */
    readonly files: Readonly<Record<string, string>>;
    readonly approvalsRequired?: number;
    /** levels for the default branch; left out: it is open to developers */
    readonly protect?: {
      readonly pushLevel: number;
      readonly mergeLevel: number;
      readonly pushUsers?: readonly string[];
      readonly mergeUsers?: readonly string[];
    };
    readonly mergeMethod?: MergeMethod;
    readonly freezePeriods?: readonly {
      readonly start: string;
      readonly end: string;
      readonly timezone: string;
    }[];
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
      publicEmail: account.publicEmail ?? '',
      identities: (account.identities ?? []).map((identity) => ({ ...identity })),
      admin: account.admin ?? false,
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
          : [
              {
                name: project.defaultBranch ?? 'main',
                pushLevel: project.protect.pushLevel,
                mergeLevel: project.protect.mergeLevel,
                pushUsers: [...(project.protect.pushUsers ?? [])],
                mergeUsers: [...(project.protect.mergeUsers ?? [])],
                allowForcePush: false,
              },
            ],
      approvalsRequired: project.approvalsRequired ?? 0,
      mergeMethod: project.mergeMethod ?? 'merge',
      freezePeriods: (project.freezePeriods ?? []).map((period, number) => ({
        id: number + 1,
        ...period,
        createdAt: now.toISOString(),
      })),
    })),
    mergeRequests: [],
    nextId: 1001,
  };
}
