/** Merge requests as GitLab answers them, and as its clients give them out. */
import Type, { type Static } from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';
import { ObjectId } from './object-id.js';

const MaybeId = Type.Union([ObjectId, Type.Null()]);
const Person = Type.Object({ id: Type.Integer(), username: Type.String() });
export const ListedBody = Type.Object({
  iid: Type.Integer(),
  state: Type.Union([
    Type.Literal('opened'),
    Type.Literal('locked'),
    Type.Literal('merged'),
    Type.Literal('closed'),
  ]),
  sha: MaybeId,
  source_branch: Type.String(),
  target_branch: Type.String(),
  source_project_id: Type.Union([Type.Integer(), Type.Null()]),
  target_project_id: Type.Integer(),
  merge_commit_sha: Type.Optional(MaybeId),
  squash_commit_sha: Type.Optional(MaybeId),
  squash: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  web_url: Type.String(),
  title: Type.String(),
  description: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  draft: Type.Boolean(),
  author: Person,
  merge_user: Type.Optional(Type.Union([Person, Type.Null()])),
  merged_at: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
const ReadBody = Type.Intersect([
  ListedBody,
  Type.Object({
    detailed_merge_status: Type.String(),
    merge_error: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }),
]);
const ApprovalsBody = Type.Object({
  approved: Type.Boolean(),
  approvals_required: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  approvals_left: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  approved_by: Type.Array(Type.Object({ user: Person })),
});
export const NoteBody = Type.Object({
  id: Type.Integer(),
  body: Type.String(),
  author: Person,
  created_at: Type.String(),
});

export interface GitLabPerson {
  readonly id: number;
  readonly username: string;
}

/** A merge request as a list has it: without its merge status, which lists do not compute. */
export interface ListedMergeRequest {
  readonly iid: number;
  /** `locked`: being merged at this moment */
  readonly state: 'opened' | 'locked' | 'merged' | 'closed';
  /** head of the source branch; null when the branch has none (any more) */
  readonly sha: string | null;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly mergeCommitSha: string | null;
  readonly squashCommitSha: string | null;
  /** its commits become one when it is merged */
  readonly squash: boolean;
  readonly webUrl: string;
  readonly title: string;
  readonly description: string;
  readonly draft: boolean;
  readonly author: GitLabPerson;
  /** who merged it; null while nobody has */
  readonly mergedBy: GitLabPerson | null;
  /** ISO time */
  readonly mergedAt: string | null;
}

export interface MergeRequest extends ListedMergeRequest {
  /** an open set; see `mergeStatusClass` */
  readonly detailedMergeStatus: string;
  /** what GitLab says of a merge that it tried and gave up */
  readonly mergeError: string | null;
}

export interface Approvals {
  /** true without any approval when none is required: look at `by` */
  readonly approved: boolean;
  /** 0 where GitLab's edition has no required approvals */
  readonly required: number;
  readonly left: number;
  readonly by: readonly GitLabPerson[];
}

export interface MergeRequestNote {
  readonly id: number;
  readonly text: string;
  readonly author: GitLabPerson;
  /** ISO time */
  readonly createdAt: string;
}

/**
 * The commit on the target branch that a merge made (reference: promotion, section 3.6).
 * @param mergeMethod of the project. In a fast-forward project there is no merge commit, so its absence means something
 *   else there than in others.
 * @returns null when it is not merged, or GitLab has not noted the commit yet: it does so after the state
 */
export function landedCommit(
  mergeRequest: Pick<ListedMergeRequest, 'state' | 'sha' | 'mergeCommitSha' | 'squashCommitSha' | 'squash'>,
  mergeMethod: string,
): string | null {
  if (mergeRequest.state !== 'merged') return null;
  if (mergeRequest.mergeCommitSha !== null) return mergeRequest.mergeCommitSha;
  if (mergeMethod !== 'ff') return null;
  return mergeRequest.squashCommitSha ?? (mergeRequest.squash ? null : mergeRequest.sha);
}

export function listedOf(body: Static<typeof ListedBody>): ListedMergeRequest {
  return {
    iid: body.iid,
    state: body.state,
    sha: body.sha,
    sourceBranch: body.source_branch,
    targetBranch: body.target_branch,
    mergeCommitSha: body.merge_commit_sha ?? null,
    squashCommitSha: body.squash_commit_sha ?? null,
    squash: body.squash ?? false,
    webUrl: body.web_url,
    title: body.title,
    description: body.description ?? '',
    draft: body.draft,
    author: personOf(body.author),
    mergedBy: body.merge_user ? personOf(body.merge_user) : null,
    mergedAt: body.merged_at ?? null,
  };
}

/** @throws SystemError kind `malformed` */
export function mergeRequestOf(answer: unknown, subject: CallSubject): MergeRequest {
  const body = shapeOf(ReadBody, answer, subject);
  return {
    ...listedOf(body),
    detailedMergeStatus: body.detailed_merge_status,
    mergeError: body.merge_error || null,
  };
}

function personOf(person: Static<typeof Person>): GitLabPerson {
  return { id: person.id, username: person.username };
}

/** @throws SystemError kind `malformed` */
export function approvalsOf(answer: unknown, subject: CallSubject): Approvals {
  const body = shapeOf(ApprovalsBody, answer, subject);
  return {
    approved: body.approved,
    required: body.approvals_required ?? 0,
    left: body.approvals_left ?? 0,
    by: body.approved_by.map(({ user }) => personOf(user)),
  };
}

export function noteOf(body: Static<typeof NoteBody>): MergeRequestNote {
  return { id: body.id, text: body.body, author: personOf(body.author), createdAt: body.created_at };
}
