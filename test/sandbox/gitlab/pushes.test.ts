import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git, tryGit } from '../../../sandbox/gitlab/git-process.js';
import { at, GitlabUnderTest } from './rest.js';
import { DEVELOPER, MAINTAINER, REPORTER, STRANGER } from './seed.js';

const OPEN = '/projects/platform%2Fclusters';
const GUARDED = '/projects/platform%2Fguarded';
const ENV = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

let gitlab: GitlabUnderTest;
beforeAll(async () => {
  gitlab = await GitlabUnderTest.start();
});
afterAll(async () => {
  try {
    expect(await gitlab.control.violations()).toEqual([]);
  } finally {
    await gitlab.stop();
  }
});

const url = (token: string, project: string) =>
  `${gitlab.origin.replace('http://', `http://oauth2:${token}@`)}/${project}.git`;

async function clone(token: string, project: string, name: string): Promise<string> {
  const folder = join(gitlab.folder, name);
  await git(['clone', '--quiet', url(token, project), folder]);
  return folder;
}

async function commitIn(folder: string, file: string, ...more: string[]): Promise<string> {
  await writeFile(join(folder, file), `${file}\n`);
  await git(['-C', folder, 'add', '.']);
  await git(['-C', folder, 'commit', '--quiet', '-m', `Add ${file}`, ...more], { env: ENV });
  return (await git(['-C', folder, 'rev-parse', 'HEAD'])).toString().trim();
}

function events(project: string, query = '', token = REPORTER) {
  return gitlab.call(token, 'GET', `${project}/events?action=pushed${query}`);
}

describe('events of pushes', () => {
  it('name the account that GitLab let in, for commits by REST and by git', async () => {
    const made = await gitlab.call(DEVELOPER, 'POST', `${OPEN}/repository/commits`, {
      branch: 'by-rest',
      start_branch: 'main',
      commit_message: 'By REST\n\nmore',
      author_name: 'Ada',
      author_email: 'ada@example.com',
      actions: [{ action: 'create', file_path: 'by-rest.txt', content: 'x' }],
    });
    const folder = await clone(MAINTAINER, 'platform/clusters', 'pusher');
    const first = (await git(['-C', folder, 'rev-parse', 'HEAD'])).toString().trim();
    await commitIn(folder, 'one.txt');
    const second = await commitIn(folder, 'two.txt');
    await git(['-C', folder, 'push', '--quiet', 'origin', 'main']);
    await git(['-C', folder, 'push', '--quiet', 'origin', ':by-rest']);

    const answer = await events(OPEN, '&sort=asc');
    expect(answer.status).toBe(200);
    const rest = at(made.body, 'id');
    expect(answer.body).toMatchObject([
      {
        action_name: 'pushed new',
        author_username: 'developer',
        push_data: {
          action: 'created',
          ref_type: 'branch',
          ref: 'by-rest',
          commit_from: null,
          commit_to: rest,
          commit_count: 1,
          commit_title: 'By REST',
          ref_count: null,
        },
      },
      {
        action_name: 'pushed to',
        author_username: 'maintainer',
        author: { username: 'maintainer' },
        push_data: { action: 'pushed', ref: 'main', commit_from: first, commit_to: second, commit_count: 2 },
      },
      {
        action_name: 'deleted',
        author_username: 'maintainer',
        push_data: { action: 'removed', ref: 'by-rest', commit_from: rest, commit_to: null, commit_count: 0 },
      },
    ]);
    expect(at((await events(OPEN)).body, 0, 'id')).toBe(at(answer.body, 2, 'id'));
    const page = await events(OPEN, '&sort=asc&per_page=2&page=2');
    expect([at(page.body, 0, 'id'), page.headers.get('x-next-page')]).toEqual([at(answer.body, 2, 'id'), '']);
    expect((await events(OPEN, '', STRANGER)).status).toBe(404);
  });

  it('of a day are not after that day, and not before it', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const other = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    expect((await events(OPEN, `&after=${other(-1)}&before=${other(1)}`)).body).not.toEqual([]);
    expect((await events(OPEN, `&after=${today}`)).body).toEqual([]);
    expect((await events(OPEN, `&before=${today}`)).body).toEqual([]);
    expect((await events(OPEN, '&after=yesterday')).status).toBe(400);
    expect((await gitlab.call(REPORTER, 'GET', `${OPEN}/events?action=merged`)).body).toEqual([]);
  });

  it('of more than three branches at once are one, without names', async () => {
    const folder = await clone(DEVELOPER, 'platform/clusters', 'bulk');
    const before = at((await events(OPEN)).body, 0, 'id');
    await git([
      '-C',
      folder,
      'push',
      '--quiet',
      'origin',
      ...['a', 'b', 'c', 'd'].map((name) => `HEAD:refs/heads/${name}`),
    ]);
    const [newest, next] = [at((await events(OPEN)).body, 0), at((await events(OPEN)).body, 1, 'id')];
    expect(newest).toMatchObject({
      author_username: 'developer',
      push_data: { ref: null, ref_count: 4, commit_from: null, commit_to: null, commit_count: 0 },
    });
    expect(next).toBe(before);
  });

  it('are still there after a restart', async () => {
    const first = await GitlabUnderTest.start();
    await gitlab.call(DEVELOPER, 'GET', OPEN);
    const branch = `${OPEN}/repository/branches?branch=kept&ref=main`;
    expect((await first.call(DEVELOPER, 'POST', branch)).status).toBe(201);
    await first.standIn.close();
    const second = await GitlabUnderTest.start(first.folder);
    try {
      const kept = await second.call(REPORTER, 'GET', `${OPEN}/events?action=pushed`);
      expect(at(kept.body, 0, 'push_data')).toMatchObject({ ref: 'kept', commit_count: 0 });
    } finally {
      await second.stop();
    }
  });
});

describe('who may push where', () => {
  it('lets a developer push beside a protected branch, and not to it, by git as by REST', async () => {
    const folder = await clone(DEVELOPER, 'platform/guarded', 'guarded');
    await commitIn(folder, 'topic.txt');
    await git(['-C', folder, 'push', '--quiet', 'origin', 'HEAD:refs/heads/topic']);
    const refused = await tryGit([
      '-C',
      folder,
      'push',
      'origin',
      'HEAD:refs/heads/main',
      'HEAD:refs/heads/more',
    ]);
    expect(refused.stderr).toContain('403');
    expect((await gitlab.call(DEVELOPER, 'GET', `${GUARDED}/repository/branches/more`)).status).toBe(404);
    const byRest = await gitlab.call(DEVELOPER, 'POST', `${GUARDED}/repository/commits`, {
      branch: 'main',
      commit_message: 'x',
      actions: [{ action: 'create', file_path: 'x', content: 'x' }],
    });
    expect(byRest.status).toBe(403);
  });

  it('lets nobody rewrite or remove a protected branch by git', async () => {
    const folder = await clone(MAINTAINER, 'platform/guarded', 'rewrite');
    await commitIn(folder, 'kept.txt');
    const kept = (await git(['-C', folder, 'rev-parse', 'HEAD'])).toString().trim();
    await git(['-C', folder, 'push', '--quiet', 'origin', 'HEAD:main', 'HEAD:loose']);
    await commitIn(folder, 'other.txt', '--amend');
    const force = (branch: string) => tryGit(['-C', folder, 'push', '--force', 'origin', `HEAD:${branch}`]);
    expect((await force('main')).stderr).toContain('denying non-fast-forward');
    expect((await tryGit(['-C', folder, 'push', 'origin', ':main'])).stderr).toContain('403');
    const head = await gitlab.call(MAINTAINER, 'GET', `${GUARDED}/repository/branches/main`);
    expect(at(head.body, 'commit', 'id')).toBe(kept);
    expect((await force('loose')).exitCode).toBe(0);
  });

  it('gives a branch to one account alone', async () => {
    const users = await gitlab.call(MAINTAINER, 'GET', '/users?username=developer');
    const made = await gitlab.call(MAINTAINER, 'POST', `${OPEN}/protected_branches`, {
      name: 'release/*',
      allowed_to_push: [{ user_id: at(users.body, 0, 'id') }],
      allowed_to_merge: [{ user_id: at(users.body, 0, 'id') }],
    });
    expect(made).toMatchObject({
      status: 201,
      body: { push_access_levels: [{ user_id: at(users.body, 0, 'id'), group_id: null }] },
    });
    const commit = (token: string) =>
      gitlab.call(token, 'POST', `${OPEN}/repository/commits`, {
        branch: 'release/1',
        start_branch: 'main',
        commit_message: 'x',
        actions: [{ action: 'create', file_path: 'released', content: 'x' }],
      });
    expect((await commit(MAINTAINER)).status).toBe(403);
    expect((await commit(DEVELOPER)).status).toBe(201);
    // the look-up by name does not know wildcards
    expect((await gitlab.call(MAINTAINER, 'GET', `${OPEN}/protected_branches/release%2F1`)).status).toBe(404);
    expect(
      at((await gitlab.call(MAINTAINER, 'GET', `${OPEN}/repository/branches/release%2F1`)).body, 'protected'),
    ).toBe(true);
  });
});
