import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';
import { ObjectId } from './object-id.js';

/** More commits than this are not looked at one by one: nobody reviews them either. */
const MOST_COMMITS = 1_000;

const Body = Type.Object({
  commits: Type.Array(
    Type.Object({
      id: ObjectId,
      parent_ids: Type.Array(ObjectId),
      message: Type.String(),
      author_email: Type.String(),
      author_name: Type.String(),
      committer_email: Type.String(),
    }),
  ),
  diffs: Type.Array(
    Type.Object({
      old_path: Type.String(),
      new_path: Type.String(),
      new_file: Type.Boolean(),
      deleted_file: Type.Boolean(),
    }),
  ),
  compare_timeout: Type.Boolean(),
});

export interface ComparedCommit {
  readonly id: string;
  readonly parentIds: readonly string[];
  readonly message: string;
  readonly authorEmail: string;
  readonly authorName: string;
  readonly committerEmail: string;
}

export interface ChangedPath {
  /** differs from `newPath` when the file was renamed */
  readonly oldPath: string;
  readonly newPath: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** All that differs, or nothing but the reason why GitLab does not tell all: a part would be taken for the whole. */
export type Comparison =
  | {
      readonly complete: true;
      /** oldest first */
      readonly commits: readonly ComparedCommit[];
      readonly paths: readonly ChangedPath[];
    }
  | { readonly complete: false; readonly why: string };

/** Reads the answer of `compare`. GitLab says `compare_timeout` when it left out differences, by time or by number. */
export function readComparison(answer: unknown, subject: CallSubject): Comparison {
  const body = shapeOf(Body, answer, subject);
  if (body.compare_timeout) {
    return { complete: false, why: 'GitLab left out differences: there are too many of them' };
  }
  if (body.commits.length > MOST_COMMITS) {
    return { complete: false, why: `there are more than ${MOST_COMMITS} commits` };
  }
  return {
    complete: true,
    commits: body.commits.map((commit) => ({
      id: commit.id,
      parentIds: commit.parent_ids,
      message: commit.message,
      authorEmail: commit.author_email,
      authorName: commit.author_name,
      committerEmail: commit.committer_email,
    })),
    paths: body.diffs.map((diff) => ({
      oldPath: diff.old_path,
      newPath: diff.new_path,
      change: diff.new_file ? 'added' : diff.deleted_file ? 'removed' : 'changed',
    })),
  };
}
