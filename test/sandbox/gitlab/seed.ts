import type { GitlabSeed } from '../../../sandbox/gitlab/state.js';

export const MAINTAINER = 'glpat-test-maintainer';
export const DEVELOPER = 'glpat-test-developer';
export const REPORTER = 'glpat-test-reporter';
export const GUEST = 'glpat-test-guest';
export const STRANGER = 'glpat-test-stranger';
export const READER = 'glpat-test-reader';

/** A small GitLab with one account for every kind of right. */
export const seed: GitlabSeed = {
  accounts: [
    { username: 'maintainer', name: 'Mai Ntainer', email: 'maintainer@example.com', token: MAINTAINER },
    { username: 'developer', name: 'Dev Eloper', email: 'developer@example.com', token: DEVELOPER },
    { username: 'reporter', name: 'Rep Orter', email: 'reporter@example.com', token: REPORTER },
    { username: 'guest', name: 'Gue St', email: 'guest@example.com', token: GUEST },
    { username: 'stranger', name: 'Str Anger', email: 'stranger@example.com', token: STRANGER },
    { username: 'reader', name: 'Rea Der', email: 'reader@example.com', token: READER, scope: 'read_api' },
  ],
  projects: [
    {
      path: 'platform/clusters',
      members: { maintainer: 40, developer: 30, reporter: 20, guest: 10, reader: 40 },
      files: { 'a/one.yaml': 'one: 1   # first\n', 'a/two.yaml': 'two: 2\n', 'README.md': '# Clusters\n' },
    },
    {
      path: 'platform/guarded',
      members: { maintainer: 40, developer: 30 },
      files: { 'README.md': '# Guarded\n' },
      approvalsRequired: 1,
      protect: { pushLevel: 40, mergeLevel: 40 },
    },
  ],
};
