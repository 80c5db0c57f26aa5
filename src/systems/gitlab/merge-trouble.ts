import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';

/**
 * Why GitLab did not merge, as `SystemError.trouble.code`:
 * - `head-moved` the source branch has another head than the approved one: the approval is void
 * - `not-mergeable-now` GitLab says 405 alike of what is still being computed, of what never will be, and of what is
 *   merged already, and 409 also of a merge under way: read the merge request and judge by `state` and status
 * - `conflict` the branches conflict, or the merge failed: read the merge request
 * - `may-not-merge` the token's account may not merge into the target branch
 * - `sha-required` GitLab wants the head to be named, and a proxy has taken it away
 */
export type MergeTrouble = 'head-moved' | 'not-mergeable-now' | 'conflict' | 'may-not-merge' | 'sha-required';

/** Classifies a refusal to merge (reference: promotion, section 3.6; saas-apis, section 2.2). Other errors stay as they are. */
export function asMergeTrouble(error: unknown, subject: CallSubject): unknown {
  if (!(error instanceof SystemError)) return error;
  const { status, code: said, message } = error.trouble;
  const trouble = (
    kind: 'conflict' | 'forbidden' | 'invalid',
    code: MergeTrouble,
    remedy: string,
  ): SystemError => new SystemError(troubleOf(subject, kind, message, { status, code, remedy }));
  switch (status) {
    case 400:
      return said === 'sha-required'
        ? trouble(
            'invalid',
            'sha-required',
            'Look for a proxy between the worker and GitLab that changes requests: the head is always sent.',
          )
        : error;
    case 401:
    case 403:
      return trouble(
        'forbidden',
        'may-not-merge',
        "Let the token's account merge into the target branch (protected branches), then retry.",
      );
    case 405:
      return trouble(
        'conflict',
        'not-mergeable-now',
        'Nothing to do at first: the merge request is read again.',
      );
    case 409:
      return said === 'head-moved'
        ? trouble(
            'conflict',
            'head-moved',
            'Look at what was pushed to the source branch, and ask for approval of it.',
          )
        : trouble(
            'conflict',
            'not-mergeable-now',
            'Nothing to do at first: the merge request is read again.',
          );
    case 406:
    case 422:
      return trouble(
        'conflict',
        'conflict',
        'Nothing to do at first: the merge request is read again. If it conflicts, the branch is made anew on its target.',
      );
    default:
      return error;
  }
}
