/** GitLab's JSON of the stand-in's things. */
import type { CommitInfo, GitRepository, TreeEntry } from './git-repository.js';
import type { PushNote } from './push-log.js';
import type { Account, FreezePeriod, MergeRequest, Note, Project, ProtectedBranch } from './state.js';
import { LEVEL } from './state.js';

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  0: 'No one',
  30: 'Developers + Maintainers',
  40: 'Maintainers',
};

/** Lines `Key: value` at the end of a commit message. */
export function trailersOf(message: string): Readonly<Record<string, string>> {
  const last =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .slice(1)
      .at(-1) ?? '';
  const pairs = last.split('\n').map((line) => /^([A-Za-z0-9-]+): (.*)$/.exec(line));
  const found = pairs.filter((pair) => pair !== null);
  if (found.length !== pairs.length) return {};
  return Object.fromEntries(found.map((pair) => [pair[1] ?? '', pair[2] ?? '']));
}

export function commitJson(commit: CommitInfo, project: Project, origin: string): Record<string, unknown> {
  return {
    id: commit.id,
    short_id: commit.id.slice(0, 8),
    created_at: commit.committedAt,
    parent_ids: commit.parents,
    title: commit.message.split('\n')[0] ?? '',
    message: commit.message,
    author_name: commit.author.name,
    author_email: commit.author.email,
    authored_date: commit.authoredAt,
    committer_name: commit.committer.name,
    committer_email: commit.committer.email,
    committed_date: commit.committedAt,
    trailers: trailersOf(commit.message),
    web_url: `${origin}/${project.path}/-/commit/${commit.id}`,
  };
}

export function treeJson(entry: TreeEntry): Record<string, unknown> {
  return {
    id: entry.id,
    name: entry.path.split('/').at(-1) ?? '',
    type: entry.type,
    path: entry.path,
    mode: entry.mode,
  };
}

export function projectJson(project: Project, level: number, origin: string): Record<string, unknown> {
  const name = project.path.split('/').at(-1) ?? '';
  const group = project.path.split('/').slice(0, -1).join('/');
  return {
    id: project.id,
    name,
    path: name,
    path_with_namespace: project.path,
    name_with_namespace: `${group} / ${name}`,
    namespace: { id: 1, name: group, path: group, kind: 'group', full_path: group },
    default_branch: project.defaultBranch,
    visibility: 'private',
    empty_repo: false,
    archived: false,
    created_at: project.createdAt,
    merge_method: project.mergeMethod,
    http_url_to_repo: `${origin}/${project.path}.git`,
    web_url: `${origin}/${project.path}`,
    permissions: { project_access: { access_level: level, notification_level: 3 }, group_access: null },
  };
}

export function basicUserJson(account: Account, origin: string): Record<string, unknown> {
  return {
    id: account.id,
    username: account.username,
    name: account.name,
    state: 'active',
    web_url: `${origin}/${account.username}`,
  };
}

/** An account as an administrator sees it, or as everybody does. */
export function userJson(account: Account, asAdmin: boolean, origin: string): Record<string, unknown> {
  return {
    ...basicUserJson(account, origin),
    public_email: account.publicEmail,
    ...(asAdmin
      ? {
          email: account.email,
          is_admin: account.admin,
          identities: account.identities.map(({ provider, externUid }) => ({
            provider,
            extern_uid: externUid,
          })),
        }
      : {}),
  };
}

/** @param accountOf the account of a user name */
export function protectionJson(
  rule: ProtectedBranch,
  accountOf: (username: string) => Account | undefined,
): Record<string, unknown> {
  const levels = (level: number, usernames: readonly string[]): unknown[] => {
    const users = usernames.flatMap((username) => {
      const account = accountOf(username);
      // an account has a level too, and it is the id that says that the line means nobody else
      return account === undefined ? [] : [entry(LEVEL.maintainer, account.name, account.id)];
    });
    const wanted = level > 0 || users.length === 0;
    return [...(wanted ? [entry(level, LEVEL_NAMES[level] ?? String(level), null)] : []), ...users];
  };
  const entry = (level: number, description: string, userId: number | null): unknown => ({
    access_level: level,
    access_level_description: description,
    deploy_key_id: null,
    user_id: userId,
    group_id: null,
  });
  return {
    name: rule.name,
    push_access_levels: levels(rule.pushLevel, rule.pushUsers),
    merge_access_levels: levels(rule.mergeLevel, rule.mergeUsers),
    allow_force_push: rule.allowForcePush,
    code_owner_approval_required: false,
  };
}

export function freezePeriodJson(period: FreezePeriod): Record<string, unknown> {
  return {
    id: period.id,
    freeze_start: period.start,
    freeze_end: period.end,
    cron_timezone: period.timezone,
    created_at: period.createdAt,
    updated_at: period.createdAt,
  };
}

export function noteJson(
  note: Note,
  author: Account | undefined,
  request: MergeRequest,
  origin: string,
): Record<string, unknown> {
  return {
    id: note.id,
    body: note.body,
    author: author === undefined ? null : basicUserJson(author, origin),
    system: note.system,
    internal: false,
    created_at: note.createdAt,
    updated_at: note.createdAt,
    noteable_id: request.id,
    noteable_iid: request.iid,
    noteable_type: 'MergeRequest',
    project_id: request.projectId,
    resolvable: false,
  };
}

const PUSHED: Readonly<Record<PushNote['action'], string>> = {
  created: 'pushed new',
  pushed: 'pushed to',
  removed: 'deleted',
};

export function pushEventJson(
  note: PushNote,
  author: Account | undefined,
  origin: string,
): Record<string, unknown> {
  return {
    id: note.id,
    project_id: note.projectId,
    action_name: PUSHED[note.action],
    target_id: null,
    target_iid: null,
    target_type: null,
    author_id: author?.id ?? 0,
    target_title: null,
    created_at: note.at,
    author: author === undefined ? null : basicUserJson(author, origin),
    push_data: {
      commit_count: note.commits,
      action: note.action,
      ref_type: 'branch',
      commit_from: note.from,
      commit_to: note.to,
      ref: note.branch,
      commit_title: note.title,
      ref_count: note.branch === null ? note.branches : null,
    },
    author_username: note.username,
  };
}

export async function branchJson(
  repository: GitRepository,
  branch: { readonly name: string; readonly head: string },
  project: Project,
  access: { readonly protected: boolean; readonly canPush: boolean },
  origin: string,
): Promise<Record<string, unknown>> {
  return {
    name: branch.name,
    commit: commitJson(await repository.commitInfo(branch.head), project, origin),
    merged: false,
    protected: access.protected,
    developers_can_push: !access.protected,
    developers_can_merge: !access.protected,
    can_push: access.canPush,
    default: branch.name === project.defaultBranch,
    web_url: `${origin}/${project.path}/-/tree/${branch.name}`,
  };
}

export function mergeRequestJson(
  request: MergeRequest,
  project: Project,
  people: { readonly author: Account | undefined; readonly mergeUser: Account | undefined },
  live: { readonly sha: string; readonly status: string },
  origin: string,
): Record<string, unknown> {
  const person = (account: Account | undefined): unknown =>
    account === undefined ? null : basicUserJson(account, origin);
  const none = (text: string): string | null => (text === '' ? null : text);
  const locked = request.lockedReads > 0;
  const landed = !locked && request.landedReads === 0;
  return {
    id: request.id,
    iid: request.iid,
    project_id: project.id,
    source_project_id: project.id,
    target_project_id: project.id,
    source_branch: request.sourceBranch,
    target_branch: request.targetBranch,
    title: request.title,
    description: request.description,
    labels: request.labels,
    state: locked ? 'locked' : request.state,
    draft: isDraft(request),
    author: person(people.author),
    merge_user: locked ? null : person(people.mergeUser),
    created_at: request.createdAt,
    updated_at: request.updatedAt,
    merged_at: locked ? null : none(request.mergedAt),
    sha: none(live.sha),
    merge_commit_sha: landed ? none(request.mergeCommitSha) : null,
    squash_commit_sha: landed ? none(request.squashCommitSha) : null,
    squash: request.squash,
    merge_error: null,
    should_remove_source_branch: request.removeSourceBranch,
    detailed_merge_status: live.status,
    has_conflicts: live.status === 'conflict',
    web_url: `${origin}/${project.path}/-/merge_requests/${request.iid}`,
  };
}

export function isDraft(request: Pick<MergeRequest, 'title'>): boolean {
  return /^(draft:|\[draft\]|\(draft\))/i.test(request.title);
}
