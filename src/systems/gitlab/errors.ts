/** What GitLab's refusals mean to a caller, beyond their status. */
import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';

export function subjectOf(operation: string, object: string): CallSubject {
  return { system: 'gitlab', operation, object };
}

/** Our word for what GitLab said; undefined for other errors and for words that we do not know. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof SystemError ? error.trouble.code : undefined;
}

/** GitLab says 404 for what is missing and for what the token may not see. */
export function explainedNotFound(error: unknown, subject: CallSubject): unknown {
  if (!(error instanceof SystemError) || error.trouble.kind !== 'not-found') return error;
  const { status, code, message } = error.trouble;
  return new SystemError(
    troubleOf(subject, 'not-found', message, {
      status,
      code,
      remedy:
        code === 'branch-not-found' || code === 'commit-not-found'
          ? 'Check the name of the branch, or the id of the commit.'
          : "Check the project's path, and that the token's user is a member of it: GitLab answers both alike.",
    }),
  );
}

/** Every 400 and 409 on a commit is a conflict that reading resolves; `code` says which it seems to be. */
export function asCommitConflict(error: unknown, subject: CallSubject): unknown {
  if (!(error instanceof SystemError)) return error;
  const { status, code, message } = error.trouble;
  if (status !== 400 && status !== 409) return error;
  return new SystemError(
    troubleOf(subject, 'conflict', message, {
      status,
      code: code ?? 'commit-refused',
      remedy:
        'Nothing to do at first: the file is read again. If it lasts, look for a push rule that refuses the commit.',
    }),
  );
}
