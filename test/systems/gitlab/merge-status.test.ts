import { describe, expect, it } from 'vitest';
import { mergeStatusClass } from '../../../src/systems/gitlab/merge-status.js';

describe('mergeStatusClass', () => {
  it.each([
    ['ready', ['mergeable']],
    ['transient', ['preparing', 'checking', 'unchecked', 'approvals_syncing', 'ci_still_running']],
    [
      'people',
      ['not_approved', 'requested_changes', 'draft_status', 'discussions_not_resolved', 'merge_time'],
    ],
    ['people', ['merge_request_blocked', 'jira_association_missing', 'locked_paths', 'title_regex']],
    [
      'machines',
      ['ci_must_pass', 'status_checks_must_pass', 'security_policy_violations', 'policies_denied'],
    ],
    ['ours', ['need_rebase', 'conflict', 'broken_status', 'commits_status']],
    ['terminal', ['not_open']],
  ] as const)('calls %s: %j', (expected, statuses) => {
    for (const status of statuses) expect([status, mergeStatusClass(status)]).toEqual([status, expected]);
  });

  it('takes a word that it does not know for a reason to wait, never for ready', () => {
    for (const status of ['a_word_of_next_year', '', 'MERGEABLE', 'toString', '__proto__', 'constructor']) {
      expect([status, mergeStatusClass(status)]).toEqual([status, 'unknown']);
    }
  });
});
