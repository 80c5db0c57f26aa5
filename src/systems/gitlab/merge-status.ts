/** What GitLab's `detailed_merge_status` means to somebody who waits for a merge (reference: promotion, section 3.6). */

/**
 * - `ready` can be merged now
 * - `transient` GitLab is still computing, or a pipeline runs: ask again
 * - `people` somebody has to approve, resolve or lift something
 * - `machines` a check or policy has not passed
 * - `ours` the branch has to be made anew on the target, or is empty
 * - `terminal` this merge request will never be merged
 * - `unknown` a word that GitLab did not have when this was written: ask again, and show it
 */
export type MergeStatusClass =
  | 'ready'
  | 'transient'
  | 'people'
  | 'machines'
  | 'ours'
  | 'terminal'
  | 'unknown';

const CLASSES: Readonly<Record<string, MergeStatusClass>> = {
  mergeable: 'ready',
  preparing: 'transient',
  checking: 'transient',
  unchecked: 'transient',
  approvals_syncing: 'transient',
  ci_still_running: 'transient',
  not_approved: 'people',
  requested_changes: 'people',
  draft_status: 'people',
  discussions_not_resolved: 'people',
  merge_time: 'people',
  blocked_status: 'people',
  merge_request_blocked: 'people',
  jira_association_missing: 'people',
  locked_paths: 'people',
  locked_lfs_files: 'people',
  ci_must_pass: 'machines',
  status_checks_must_pass: 'machines',
  external_status_checks: 'machines',
  policies_denied: 'machines',
  need_rebase: 'ours',
  conflict: 'ours',
  broken_status: 'ours',
  commits_status: 'ours',
  not_open: 'terminal',
};

/**
 * The class of a status. It shows one reason at a time, and `not_approved` hides `need_rebase`: who waits for people checks
 * the branch against its target apart. A merged request may still say `mergeable`: look at `state` first.
 * @param status any text: GitLab adds words with its releases
 */
export function mergeStatusClass(status: string): MergeStatusClass {
  if (Object.hasOwn(CLASSES, status)) return CLASSES[status] ?? 'unknown';
  if (status.startsWith('security_policy_')) return 'machines';
  if (status.startsWith('title_')) return 'people';
  return 'unknown';
}
