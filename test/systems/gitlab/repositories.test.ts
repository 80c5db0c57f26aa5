import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { GitLabRepositories } from '../../../src/systems/gitlab/repositories.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';

const TOKEN = `glpat-${randomBytes(12).toString('hex')}`;
const PROJECT = 'shop-prod/ops';
const SHA = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

const repositoriesAt = (baseUrl: string) =>
  new GitLabRepositories({ baseUrl, token: async () => new Secret(TOKEN) });
const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, TOKEN);
const queryOf = (target: string | undefined) => new URL(target ?? '', 'http://gitlab.invalid').searchParams;

function blobRow(path: string, id = SHA): object {
  return { id, name: path, type: 'blob', path, mode: '100644' };
}

function commitRow(number: number): object {
  return {
    id: number.toString(16).padStart(40, '0'),
    parent_ids: [],
    title: 'Change',
    message: 'Change',
    author_name: 'Ada',
    author_email: 'ada@example.com',
    authored_date: '2026-01-01T00:00:00Z',
    committer_name: 'Ada',
    committer_email: 'ada@example.com',
    committed_date: '2026-01-01T00:00:00Z',
    created_at: '2026-01-01T00:00:00Z',
    trailers: {},
  };
}

describe('trees and files', () => {
  it('reads a tree to its end, leaves folders out, and asks for no page too many', async () => {
    await using server = await answeringServer((asked, response) => {
      const page = queryOf(asked.target).get('page');
      const rows =
        page === '1'
          ? Array.from({ length: 100 }, (_, number) => blobRow(`yaml/${number}.yaml`))
          : [
              { id: OTHER, name: 'more', type: 'tree', path: 'yaml/more', mode: '040000' },
              blobRow('yaml/z.yaml'),
            ];
      json(response, 200, rows, { 'x-next-page': page === '1' ? '2' : '' });
    });
    const tree = await repositoriesAt(server.url).tree({ project: PROJECT, ref: SHA, path: 'yaml' });
    expect(tree).toHaveLength(101);
    expect(tree.at(-1)).toEqual({ path: 'yaml/z.yaml', blobId: SHA, mode: '100644' });
    expect(server.asked.map((asked) => asked.target)).toEqual([
      `/api/v4/projects/shop-prod%2Fops/repository/tree?ref=${SHA}&path=yaml&recursive=true&per_page=100&page=1`,
      `/api/v4/projects/shop-prod%2Fops/repository/tree?ref=${SHA}&path=yaml&recursive=true&per_page=100&page=2`,
    ]);
  });

  it('takes no part of a tree for the whole', async () => {
    await using server = await answeringServer((_, response) =>
      json(
        response,
        200,
        Array.from({ length: 100 }, (__, number) => blobRow(`${number}`)),
      ),
    );
    expect(await troubleFrom(repositoriesAt(server.url).tree({ project: PROJECT, ref: SHA }))).toMatchObject({
      kind: 'invalid',
      code: 'too-many',
      remedy: expect.stringContaining('4000'),
    });
    expect(server.asked).toHaveLength(40);
  });

  it.each([
    [5_000, 5_000],
    [5_001, 'too-many'],
  ])(
    'reads %d commits page by page, and says so when there are more than are wanted',
    async (count, expected) => {
      await using server = await answeringServer((asked, response) => {
        const before = (Number(queryOf(asked.target).get('page')) - 1) * 100;
        const rows = Array.from({ length: Math.max(0, Math.min(100, count - before)) }, (_, number) =>
          commitRow(before + number),
        );
        json(response, 200, rows);
      });
      const commits = await repositoriesAt(server.url).commitsOf({
        project: PROJECT,
        ref: SHA,
        since: OTHER,
        path: 'apps/shop',
        most: 5_000,
      });
      expect(typeof commits === 'string' ? commits : new Set(commits.map(({ id }) => id)).size).toBe(
        expected,
      );
      expect(server.asked).toHaveLength(51);
    },
  );

  it('says that a folder is empty only when it is the folder that is missing', async () => {
    const said = { message: '' };
    await using server = await answeringServer((_, response) => json(response, 404, said));
    const repositories = repositoriesAt(server.url);
    said.message = '404 invalid revision or path Not Found';
    expect(await repositories.tree({ project: PROJECT, ref: SHA, path: 'nowhere' })).toEqual([]);
    for (const [message, code] of [
      ['404 Tree Not Found', 'commit-not-found'],
      ['404 Project Not Found', 'project-not-found'],
    ] as const) {
      said.message = message;
      const call = repositories.tree({ project: PROJECT, ref: SHA, path: 'yaml' });
      expect(await troubleFrom(call)).toMatchObject({ kind: 'not-found', code });
    }
  });

  it('reads equal contents once, a few at a time, and stops at the first trouble', async () => {
    let running = 0;
    let most = 0;
    const failing = 'c'.repeat(40);
    await using server = await answeringServer((asked, response) => {
      running += 1;
      most = Math.max(most, running);
      setImmediate(() => {
        running -= 1;
        if (asked.target.includes(failing)) json(response, 404, { message: '404 Blob Not Found' });
        else json(response, 200, { size: 2, encoding: 'base64', content: 'YQo=', sha: SHA });
      });
    });
    const repositories = repositoriesAt(server.url);
    const entry = (path: string, blobId: string, mode = '100644') => ({ path, blobId, mode });
    const many = Array.from({ length: 40 }, (_, number) =>
      entry(`f${number}`, number.toString(16).padStart(40, '0')),
    );
    const texts = await repositories.texts({
      project: PROJECT,
      entries: [...many, entry('twin', many[0]?.blobId ?? ''), entry('module', OTHER, '160000')],
    });
    expect([texts.size, texts.get('twin'), texts.has('module')]).toEqual([41, 'a\n', false]);
    expect(server.asked).toHaveLength(40);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);

    const entries = [entry('bad', failing), ...many];
    expect(await troubleFrom(repositories.blobs({ project: PROJECT, entries }))).toMatchObject({
      kind: 'not-found',
      object: `${PROJECT} bad`,
    });
    expect(server.asked.length).toBeLessThan(80);
  });

  it('refuses more files than one reading takes, and names a file that is no text', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { size: 1, encoding: 'base64', content: '/w==', sha: SHA }),
    );
    const repositories = repositoriesAt(server.url);
    const many = Array.from({ length: 501 }, (_, number) => ({
      path: `${number}`,
      blobId: SHA,
      mode: '100644',
    }));
    expect(await troubleFrom(repositories.blobs({ project: PROJECT, entries: many }))).toMatchObject({
      kind: 'invalid',
      code: 'too-many',
    });
    expect(server.asked).toHaveLength(0);
    const entries = [{ path: 'logo.png', blobId: SHA, mode: '100644' }];
    expect((await repositories.blobs({ project: PROJECT, entries })).get('logo.png')).toHaveLength(1);
    expect(await troubleFrom(repositories.texts({ project: PROJECT, entries }))).toMatchObject({
      kind: 'invalid',
      object: `${PROJECT} logo.png`,
    });
  });
});

describe('comparison', () => {
  const commit = {
    id: SHA,
    parent_ids: [OTHER],
    message: 'x',
    author_email: 'a@example.com',
    author_name: 'A',
  };
  const answer = {
    commits: [{ ...commit, committer_email: 'c@example.com' }],
    diffs: [
      { old_path: 'a', new_path: 'b', new_file: false, deleted_file: false, renamed_file: true, diff: '' },
    ],
    compare_timeout: false,
  };

  it('asks for what came after the common ancestor, and gives old and new paths', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, answer));
    const range = { project: PROJECT, from: OTHER, to: SHA };
    expect(await repositoriesAt(server.url).compare(range)).toEqual({
      complete: true,
      commits: [
        {
          id: SHA,
          parentIds: [OTHER],
          message: 'x',
          authorEmail: 'a@example.com',
          authorName: 'A',
          committerEmail: 'c@example.com',
        },
      ],
      paths: [{ oldPath: 'a', newPath: 'b', change: 'changed' }],
    });
    expect(server.asked[0]?.target).toBe(
      `/api/v4/projects/shop-prod%2Fops/repository/compare?from=${OTHER}&to=${SHA}&straight=false`,
    );
  });

  it('gives no part of a comparison that GitLab cut short', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { ...answer, compare_timeout: true }),
    );
    const comparison = await repositoriesAt(server.url).compare({ project: PROJECT, from: OTHER, to: SHA });
    expect(comparison).toEqual({ complete: false, why: expect.stringContaining('too many') });
  });

  it('gives no part of a comparison that is too large to be read', async () => {
    const diff = { ...answer.diffs[0], diff: 'x'.repeat(9 * 1024 * 1024) };
    await using server = await answeringServer((_, response) =>
      json(response, 200, { ...answer, diffs: [diff] }),
    );
    const comparison = await repositoriesAt(server.url).compare({ project: PROJECT, from: OTHER, to: SHA });
    expect(comparison).toEqual({ complete: false, why: expect.stringContaining('too large') });
  });

  it('counts an answer that does not say whether it is whole as malformed', async () => {
    const { compare_timeout: _, ...silent } = answer;
    await using server = await answeringServer((__, response) => json(response, 200, silent));
    const call = repositoriesAt(server.url).compare({ project: PROJECT, from: OTHER, to: SHA });
    expect(await troubleFrom(call)).toMatchObject({ kind: 'malformed' });
  });
});

describe('commits on branches of our own', () => {
  const input = {
    project: PROJECT,
    branch: 'promote/shop/prod/req-7k2m',
    startSha: SHA,
    message: 'Promote shop to prod\n\nPromotion-Id: forged',
    trailers: { 'Promotion-Id': 'req-7k2m', 'Gatehouse-Effect': 'shop/prod:merge-request' },
    actions: [
      { action: 'update', path: 'yaml/deployment.yaml', content: 'image: x\n' },
      { action: 'delete', path: 'yaml/old.yaml' },
    ],
  } as const;

  it('starts from a commit, not from a branch that may have moved, and never forces unless told', async () => {
    await using server = await answeringServer((_, response) => json(response, 201, { id: OTHER }));
    const repositories = repositoriesAt(server.url);
    expect(await repositories.commitOnBranch(input)).toEqual({ commitSha: OTHER });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      branch: input.branch,
      start_sha: SHA,
      force: false,
      commit_message:
        'Promote shop to prod\n\nPromotion-Id: forged\n\nPromotion-Id: req-7k2m\nGatehouse-Effect: shop/prod:merge-request\n',
      actions: [
        { action: 'update', file_path: 'yaml/deployment.yaml', content: 'image: x\n' },
        { action: 'delete', file_path: 'yaml/old.yaml' },
      ],
    });
    await repositories.commitOnBranch({ ...input, force: true });
    expect(JSON.parse(server.asked[1]?.body ?? '')).toMatchObject({ force: true });
  });

  it.each([
    ["A branch called 'x' already exists. Switch to that branch in order to make changes", 'branch-exists'],
    ['You can only create or edit files when you are on a branch', 'branch-not-visible'],
    ['Der Zweig ist schon da', 'commit-refused'],
  ])('calls a 400 on a branch commit a conflict to be read again: %s', async (message, code) => {
    await using server = await answeringServer((_, response) => json(response, 400, { message }));
    expect(await troubleFrom(repositoriesAt(server.url).commitOnBranch(input))).toMatchObject({
      kind: 'conflict',
      status: 400,
      code,
    });
  });

  it('refuses a trailer that would break out of its line before any call', async () => {
    await using server = await answeringServer((_, response) => json(response, 201, {}));
    for (const trailers of [{ 'Promotion-Id': 'a\nSigned-off-by: b' }, { 'a b': 'x' }, {}]) {
      const call = repositoriesAt(server.url).commitOnBranch({ ...input, trailers });
      expect(await troubleFrom(call)).toMatchObject({ kind: 'invalid' });
    }
    expect(server.asked).toHaveLength(0);
  });

  it('says false for a branch that is gone already, and nothing else', async () => {
    const said = { message: '404 Branch Not Found' };
    await using server = await answeringServer((_, response) => json(response, 404, said));
    const repositories = repositoriesAt(server.url);
    expect(await repositories.deleteBranch(PROJECT, input.branch)).toBe(false);
    expect(await repositories.branchHeadOrNull(PROJECT, input.branch)).toBeNull();
    expect(server.asked[0]).toMatchObject({
      method: 'DELETE',
      target: '/api/v4/projects/shop-prod%2Fops/repository/branches/promote%2Fshop%2Fprod%2Freq-7k2m',
    });
    said.message = '404 Project Not Found';
    expect(await troubleFrom(repositories.deleteBranch(PROJECT, input.branch))).toMatchObject({
      kind: 'not-found',
    });
    expect(await troubleFrom(repositories.branchHeadOrNull(PROJECT, input.branch))).toMatchObject({
      kind: 'not-found',
    });
  });
});

describe('who pushed', () => {
  const push = (id: number, at: string, data: object): object => ({
    id,
    author_id: 7,
    author_username: 'ada',
    created_at: at,
    push_data: { action: 'pushed', ref_type: 'branch', ref: 'main', commit_count: 1, ...data },
  });

  it('asks for a day that is early enough in every time zone, and drops what is too old itself', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, [
        push(1, '2027-03-01T11:59:59.000Z', { commit_from: OTHER, commit_to: SHA }),
        push(2, '2027-03-01T12:00:01.000Z', { commit_from: SHA, commit_to: OTHER, commit_count: 3 }),
      ]),
    );
    const pushes = await repositoriesAt(server.url).pushers({
      project: PROJECT,
      branch: 'main',
      after: '2027-03-01T12:00:00.000Z',
    });
    expect(pushes).toEqual([
      {
        id: 2,
        userId: 7,
        username: 'ada',
        at: '2027-03-01T12:00:01.000Z',
        branch: 'main',
        action: 'pushed',
        from: SHA,
        to: OTHER,
        commitCount: 3,
      },
    ]);
    const query = queryOf(server.asked[0]?.target);
    // GitLab gives what came after the END of that day, in its own time zone
    expect([query.get('after'), query.get('action'), query.get('sort')]).toEqual([
      '2027-02-27',
      'pushed',
      'desc',
    ]);
  });

  it('goes on after a page that is not full: GitLab takes out what one may not see after it has paged', async () => {
    await using server = await answeringServer((asked, response) => {
      const page = Number(queryOf(asked.target).get('page'));
      const at = '2027-03-01T12:00:00.000Z';
      json(response, 200, page === 2 ? [] : [push(9 - page, at, {})], {
        'x-next-page': page < 3 ? `${page + 1}` : '',
      });
    });
    const pushes = await repositoriesAt(server.url).pushers({ project: PROJECT, branch: 'main' });
    expect(pushes.map(({ id }) => id)).toEqual([6, 8]);
  });

  it('counts a push once that moved to the next page meanwhile, and reads no page older than it wants', async () => {
    const minute = (number: number) => new Date(Date.UTC(2027, 2, 1, 12, number)).toISOString();
    await using server = await answeringServer((asked, response) => {
      const page = Number(queryOf(asked.target).get('page'));
      const rows = {
        1: [push(9, minute(9), {}), push(8, minute(8), {})],
        2: [push(8, minute(8), {}), push(7, minute(2), {})],
      };
      json(response, 200, page === 1 ? rows[1] : rows[2], { 'x-next-page': `${page + 1}` });
    });
    const pushes = await repositoriesAt(server.url).pushers({
      project: PROJECT,
      branch: 'main',
      after: minute(5),
    });
    expect(pushes.map(({ id }) => id)).toEqual([8, 9]);
    expect(server.asked).toHaveLength(2);
  });

  it('keeps a push of many branches, which has no names, and drops those of other branches and tags', async () => {
    const at = '2027-03-01T12:00:00.000Z';
    await using server = await answeringServer((_, response) =>
      json(response, 200, [
        push(1, at, { ref: 'other' }),
        push(2, at, { ref_type: 'tag', ref: 'main' }),
        push(3, at, { ref: null, commit_from: null, commit_to: null, commit_count: 0, ref_count: 4 }),
        { id: 4, author_id: 7, author_username: null, created_at: at },
        push(5, at, { action: 'created', commit_from: null, commit_to: SHA }),
      ]),
    );
    const pushes = await repositoriesAt(server.url).pushers({ project: PROJECT, branch: 'main' });
    expect(pushes.map(({ id, branch, from, to }) => ({ id, branch, from, to }))).toEqual([
      { id: 3, branch: null, from: null, to: null },
      { id: 5, branch: 'main', from: null, to: SHA },
    ]);
  });
});

describe('who may', () => {
  const level = (access_level: number, more: object = {}): object => ({
    access_level,
    user_id: null,
    group_id: null,
    deploy_key_id: null,
    ...more,
  });
  const rule = (name: string, push: object[], merge: object[], force = false): object => ({
    name,
    push_access_levels: push,
    merge_access_levels: merge,
    allow_force_push: force,
  });

  it('finds the rules of a branch by wildcard too, and takes the most permissive', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, [
        rule('main', [level(0)], [level(40, { user_id: 7 })]),
        rule('ma*', [level(40, { deploy_key_id: 3 })], [level(40)], true),
        rule('release/*', [level(30)], [level(30)]),
        rule('m.in', [level(30)], [level(30)]),
      ]),
    );
    const repositories = repositoriesAt(server.url);
    expect(await repositories.protectedBranch(PROJECT, 'main')).toEqual({
      rules: ['main', 'ma*'],
      push: [{ kind: 'deploy-key', id: 3 }],
      merge: [
        { kind: 'user', id: 7 },
        { kind: 'level', level: 40 },
      ],
      allowForcePush: true,
      codeOwnerApproval: false,
    });
    expect(await repositories.protectedBranch(PROJECT, 'release/1.0')).toMatchObject({
      rules: ['release/*'],
    });
    expect(await repositories.protectedBranch(PROJECT, 'topic')).toBeNull();
  });

  it('reads a line for one account as that account, not as everybody of its level', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, [
        rule(
          'main',
          [level(0)],
          [level(40, { user_id: 7 }), level(40, { group_id: 9 }), level(30, { member_role_id: 5 })],
        ),
      ]),
    );
    expect(await repositoriesAt(server.url).protectedBranch(PROJECT, 'main')).toMatchObject({
      push: [],
      merge: [
        { kind: 'user', id: 7 },
        { kind: 'group', id: 9 },
        { kind: 'custom-role', id: 5 },
      ],
    });
  });

  it('tells an address that is shown to everybody from one that only administrators see', async () => {
    const user = { id: 7, username: 'ada', name: 'Ada Lovelace', state: 'active' };
    const said: { body: object } = { body: { ...user, public_email: '' } };
    await using server = await answeringServer((_, response) => json(response, 200, said.body));
    const repositories = repositoriesAt(server.url);
    const nothing = { ...user, publicEmail: null, email: null, identities: [] };
    expect(await repositories.user(7)).toEqual(nothing);
    expect(server.asked[0]?.target).toBe('/api/v4/users/7');
    said.body = {
      ...user,
      public_email: null,
      email: 'ada@example.com',
      identities: [
        { provider: 'openid_connect', extern_uid: 'ada-1' },
        { provider: 'saml', extern_uid: null },
      ],
    };
    expect(await repositories.user(7)).toEqual({
      ...nothing,
      email: 'ada@example.com',
      identities: [{ provider: 'openid_connect', externUid: 'ada-1' }],
    });
  });

  it('reads freeze periods and the merge method', async () => {
    await using server = await answeringServer((asked, response) =>
      asked.target.includes('freeze_periods')
        ? json(response, 200, [
            { id: 1, freeze_start: '0 23 * * 5', freeze_end: '0 8 * * 1', cron_timezone: 'Europe/Berlin' },
          ])
        : json(response, 200, {
            id: 101,
            path_with_namespace: PROJECT,
            default_branch: 'main',
            merge_method: 'ff',
            web_url: 'https://gitlab.example.com/shop-prod/ops',
          }),
    );
    const repositories = repositoriesAt(server.url);
    expect(await repositories.freezePeriods(PROJECT)).toEqual([
      { id: 1, freezeStart: '0 23 * * 5', freezeEnd: '0 8 * * 1', timeZone: 'Europe/Berlin' },
    ]);
    expect(await repositories.project(PROJECT)).toMatchObject({ mergeMethod: 'ff', defaultBranch: 'main' });
  });
});
