import type { VendorWords } from '../http/json-requester.js';

/** GitLab has no error codes, only words; these are the ones that a client can act upon (reference: saas-apis, section 2.2). */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/^404 File Not Found/i, 'file-not-found'],
  [/^404 Branch Not Found/i, 'branch-not-found'],
  [/^404 (Commit|Ref|Tree) Not Found/i, 'commit-not-found'],
  [/^404 invalid revision or path Not Found/i, 'folder-not-found'],
  [/^404 Project Not Found/i, 'project-not-found'],
  [/^404 Merge Base Not Found/i, 'no-merge-base'],
  [/a file with this name already exists/i, 'file-exists'],
  [/a file with this name doesn't exist/i, 'file-missing'],
  [/has changed since you started editing it/i, 'file-changed'],
  [/could not update (refs|branch)|please refresh and try again|branch was changed/i, 'branch-moved'],
  [/only create or edit files when you are on a branch/i, 'branch-not-visible'],
  [/a branch called .* already exists/i, 'branch-exists'],
  [/another open merge request already exists/i, 'merge-request-exists'],
  [/sha does not match head of source branch/i, 'head-moved'],
  [/sha must be provided/i, 'sha-required'],
];

/**
 * Reads GitLab's error body: `{message: text | texts | {field: texts}}`, `{error: text}` or plain text ("Retry later").
 * The code is ours, made from the words, because GitLab gives none.
 */
export function readGitLabError(body: unknown): VendorWords {
  const message = wordsOf(body);
  if (message === undefined) return {};
  return { message, code: CODES.find(([words]) => words.test(message))?.[1] };
}

function wordsOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body.startsWith('<') ? undefined : body;
  if (typeof body !== 'object' || body === null) return undefined;
  const said = 'message' in body ? body.message : 'error' in body ? body.error : undefined;
  if (typeof said === 'string') return said;
  if (Array.isArray(said)) return said.filter((word) => typeof word === 'string').join('; ');
  if (typeof said !== 'object' || said === null) return undefined;
  return Object.entries(said)
    .map(([field, words]) => `${field} ${Array.isArray(words) ? words.join(', ') : String(words)}`)
    .join('; ');
}
