import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, GitlabUnderTest, text } from './rest.js';
import { DEVELOPER, GUEST, MAINTAINER, READER, REPORTER, STRANGER } from './seed.js';

const PROJECT = '/projects/platform%2Fclusters';
const FILE = `${PROJECT}/repository/files/a%2Fone.yaml`;
const GUARDED = '/projects/platform%2Fguarded';

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

function commit(token: string, body: Record<string, unknown>, project = PROJECT) {
  return gitlab.call(token, 'POST', `${project}/repository/commits`, body);
}

describe('who may what', () => {
  it('answers 401, 403 and 404 as the vendor does', async () => {
    expect(await gitlab.call('', 'GET', PROJECT)).toMatchObject({
      status: 401,
      body: { message: '401 Unauthorized' },
    });
    expect((await gitlab.call('glpat-wrong', 'GET', PROJECT)).status).toBe(401);
    expect(await gitlab.call(STRANGER, 'GET', PROJECT)).toMatchObject({
      status: 404,
      body: { message: '404 Project Not Found' },
    });
    expect((await gitlab.call(GUEST, 'GET', PROJECT)).status).toBe(200);
    expect((await gitlab.call(GUEST, 'GET', `${FILE}?ref=main`)).status).toBe(403);
    expect(await commit(REPORTER, { branch: 'main', commit_message: 'x', actions: [] })).toMatchObject({
      status: 403,
    });
    expect(await commit(READER, { branch: 'main', commit_message: 'x', actions: [] })).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    });
    expect((await gitlab.call(DEVELOPER, 'GET', '/version')).status).toBe(200);
    expect((await gitlab.call('', 'GET', '/version')).status).toBe(401);
    expect(at((await gitlab.call(DEVELOPER, 'GET', '/user')).body, 'username')).toBe('developer');
    expect((await gitlab.call('', 'GET', '/user')).status).toBe(401);
    expect(at((await gitlab.call(DEVELOPER, 'GET', '/users?username=guest')).body, 0, 'name')).toBe('Gue St');
    expect((await gitlab.call('', 'GET', '/users')).status).toBe(401);
  });

  it('takes a bearer token as well', async () => {
    const answer = await fetch(`${gitlab.origin}/api/v4/user`, {
      headers: { authorization: `Bearer ${DEVELOPER}` },
    });
    expect(answer.status).toBe(200);
  });
});

describe('files and folders', () => {
  it('gives a file with the commit that changed it last, and its bytes', async () => {
    const { status, body } = await gitlab.call(REPORTER, 'GET', `${FILE}?ref=main`);
    expect(status).toBe(200);
    expect(Buffer.from(text(body, 'content'), 'base64').toString()).toBe('one: 1   # first\n');
    expect(text(body, 'last_commit_id')).toMatch(/^[0-9a-f]{40}$/);
    const raw = await gitlab.call(REPORTER, 'GET', `${FILE}/raw?ref=main`);
    expect(raw).toMatchObject({ status: 200, body: 'one: 1   # first\n' });
    expect((await gitlab.call(STRANGER, 'GET', `${FILE}/raw?ref=main`)).status).toBe(404);
    expect(await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/files/nothing?ref=main`)).toMatchObject({
      status: 404,
      body: { message: '404 File Not Found' },
    });
    expect((await gitlab.call(REPORTER, 'GET', `${FILE}?ref=nowhere`)).status).toBe(404);
  });

  it('lists folders, page by page', async () => {
    const first = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/tree?path=a&per_page=1`);
    expect(first.status).toBe(200);
    expect(at(first.body, 0, 'path')).toBe('a/one.yaml');
    expect(first.headers.get('x-next-page')).toBe('2');
    expect(first.headers.get('x-total')).toBe('2');
    expect(first.headers.get('link')).toContain('rel="next"');
    const second = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/tree?path=a&per_page=1&page=2`);
    expect(at(second.body, 0, 'path')).toBe('a/two.yaml');
    expect(second.headers.get('x-next-page')).toBe('');
    expect((await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/tree?path=zzz`)).status).toBe(404);
    const deep = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/tree?recursive=true`);
    expect(JSON.stringify(deep.body)).toContain('a/two.yaml');
    expect((await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/tree?page=x`)).status).toBe(400);
  });
});

describe('commits', () => {
  it('refuses what does not fit the head, and changes nothing then', async () => {
    const update = (more: Record<string, unknown>, branch = 'main') => ({
      branch,
      commit_message: 'Change one',
      actions: [{ action: 'update', file_path: 'a/one.yaml', content: 'one: 2\n', ...more }],
    });
    const before = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/branches/main`);
    const stale = await commit(DEVELOPER, update({ last_commit_id: 'f'.repeat(40) }));
    expect(stale.status).toBe(400);
    expect(text(stale.body, 'message')).toContain('has changed since you started editing it');
    expect(await commit(DEVELOPER, update({ action: 'create' }))).toMatchObject({
      status: 400,
      body: { message: 'A file with this name already exists' },
    });
    for (const action of ['update', 'delete']) {
      expect(await commit(DEVELOPER, update({ action, file_path: 'a/none.yaml' }))).toMatchObject({
        status: 400,
        body: { message: "A file with this name doesn't exist" },
      });
    }
    expect(await commit(DEVELOPER, update({}, 'nowhere'))).toMatchObject({
      status: 400,
      body: { message: 'You can only create or edit files when you are on a branch' },
    });
    expect((await commit(DEVELOPER, update({ file_path: '../x' }))).status).toBe(400);
    expect((await commit(DEVELOPER, update({ file_path: '.git/config' }))).status).toBe(400);
    expect((await commit(DEVELOPER, { branch: 'main' })).status).toBe(400);
    expect(await commit(DEVELOPER, { ...update({}), branch: 'main' }, GUARDED)).toMatchObject({
      status: 403,
      body: { message: '403 Forbidden - You are not allowed to push into this branch' },
    });
    const after = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/branches/main`);
    expect(after.body).toEqual(before.body);
  });

  it('writes several files in one commit, found again by its trailer', async () => {
    const file = await gitlab.call(REPORTER, 'GET', `${FILE}?ref=main`);
    const made = await commit(DEVELOPER, {
      branch: 'main',
      commit_message: 'Two files\n\nGatehouse-Effect: e1\n',
      actions: [
        {
          action: 'update',
          file_path: 'a/one.yaml',
          content: 'one: 3\n',
          last_commit_id: at(file.body, 'last_commit_id'),
        },
        { action: 'create', file_path: 'b/new.yaml', content: 'bmV3OiAxCg==', encoding: 'base64' },
        { action: 'delete', file_path: 'a/two.yaml' },
      ],
    });
    expect(made).toMatchObject({
      status: 201,
      body: { author_name: 'Dev Eloper', trailers: { 'Gatehouse-Effect': 'e1' } },
    });
    const listed = await gitlab.call(
      REPORTER,
      'GET',
      `${PROJECT}/repository/commits?ref_name=main&path=b%2Fnew.yaml`,
    );
    expect(at(listed.body, 0, 'id')).toBe(at(made.body, 'id'));
    expect(at(listed.body, 1)).toBeUndefined();
    const one = await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/commits/${text(made.body, 'id')}`);
    expect(at(one.body, 'stats')).toEqual({ additions: 2, deletions: 2, total: 4 });
    expect(
      (await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/commits/${'0'.repeat(40)}`)).status,
    ).toBe(404);
    expect((await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/commits?ref_name=none`)).status).toBe(
      404,
    );
    const effects = (await gitlab.control.events()).filter((event) => event.phase === 'effect');
    expect(effects.at(-1)).toMatchObject({ effect: 'created', operation: 'createCommit' });
    expect(effects.at(-1)?.object).toContain(text(made.body, 'id'));
  });

  it('lets somebody else commit meanwhile, so that a checked write is refused', async () => {
    const file = await gitlab.call(REPORTER, 'GET', `${FILE}?ref=main`);
    await gitlab.control.post('/commit', {
      project: 'platform/clusters',
      path: 'a/one.yaml',
      content: 'one: theirs\n',
      author: 'Emil',
    });
    const late = await commit(DEVELOPER, {
      branch: 'main',
      commit_message: 'Late',
      actions: [
        {
          action: 'update',
          file_path: 'a/one.yaml',
          content: 'one: ours\n',
          last_commit_id: at(file.body, 'last_commit_id'),
        },
      ],
    });
    expect(late.status).toBe(400);
    expect((await gitlab.call(REPORTER, 'GET', `${FILE}/raw?ref=main`)).body).toBe('one: theirs\n');
  });

  it('starts a new branch from a commit, and only once', async () => {
    const head = text(
      (await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/branches/main`)).body,
      'commit',
      'id',
    );
    const body = {
      branch: 'promote/one',
      start_sha: head,
      commit_message: 'Start',
      actions: [{ action: 'create', file_path: 'p.yaml', content: 'p: 1\n' }],
    };
    expect(at((await commit(DEVELOPER, body)).body, 'parent_ids')).toEqual([head]);
    const again = await commit(DEVELOPER, { ...body, start_sha: head });
    expect(again.status).toBe(400);
    expect(text(again.body, 'message')).toContain('already exists');
    expect(
      (await commit(DEVELOPER, { ...body, branch: 'promote/two', start_sha: 'f'.repeat(40) })).status,
    ).toBe(400);
    const base = await gitlab.call(
      REPORTER,
      'GET',
      `${PROJECT}/repository/merge_base?refs%5B%5D=main&refs%5B%5D=promote%2Fone`,
    );
    expect(at(base.body, 'id')).toBe(head);
    expect(
      (await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/merge_base?refs%5B%5D=main&refs%5B%5D=none`))
        .status,
    ).toBe(400);
    const compared = await gitlab.call(
      REPORTER,
      'GET',
      `${PROJECT}/repository/compare?from=main&to=promote%2Fone`,
    );
    expect(at(compared.body, 'diffs', 0, 'new_path')).toBe('p.yaml');
    expect(at(compared.body, 'commits', 1)).toBeUndefined();
    expect(
      (await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/compare?from=main&to=none`)).status,
    ).toBe(404);
  });
});

describe('branches and their protection', () => {
  it('makes, shows and removes branches', async () => {
    const make = (query: string, token = DEVELOPER) =>
      gitlab.call(token, 'POST', `${PROJECT}/repository/branches?${query}`);
    expect((await make('branch=topic&ref=main')).status).toBe(201);
    expect(await make('branch=topic&ref=main')).toMatchObject({
      status: 400,
      body: { message: 'Branch already exists' },
    });
    expect((await make('branch=other&ref=none')).status).toBe(400);
    expect((await make('branch=other&ref=main', REPORTER)).status).toBe(403);
    expect(
      at((await gitlab.call(REPORTER, 'GET', `${PROJECT}/repository/branches?search=topic`)).body, 0, 'name'),
    ).toBe('topic');
    expect((await gitlab.call(STRANGER, 'GET', `${PROJECT}/repository/branches`)).status).toBe(404);
    expect((await gitlab.call(REPORTER, 'DELETE', `${PROJECT}/repository/branches/topic`)).status).toBe(403);
    expect((await gitlab.call(DEVELOPER, 'DELETE', `${PROJECT}/repository/branches/topic`)).status).toBe(204);
    expect((await gitlab.call(DEVELOPER, 'DELETE', `${PROJECT}/repository/branches/topic`)).status).toBe(404);
    expect((await gitlab.call(DEVELOPER, 'GET', `${PROJECT}/repository/branches/topic`)).status).toBe(404);
  });

  it('protects a branch against developers', async () => {
    const rules = `${PROJECT}/protected_branches`;
    const rule = { name: 'release/*', push_access_level: 40, merge_access_level: 40 };
    expect((await gitlab.call(DEVELOPER, 'POST', rules, rule)).status).toBe(403);
    expect((await gitlab.call(MAINTAINER, 'POST', rules, rule)).status).toBe(201);
    expect((await gitlab.call(MAINTAINER, 'POST', rules, rule)).status).toBe(409);
    expect(at((await gitlab.call(REPORTER, 'GET', rules)).body, 0, 'name')).toBe('release/*');
    expect((await gitlab.call(STRANGER, 'GET', rules)).status).toBe(404);
    expect((await gitlab.call(REPORTER, 'GET', `${rules}/release%2F*`)).status).toBe(200);
    expect((await gitlab.call(REPORTER, 'GET', `${rules}/none`)).status).toBe(404);
    const push = (token: string, name: string) =>
      gitlab.call(token, 'POST', `${PROJECT}/repository/branches?branch=${name}&ref=main`);
    expect((await push(DEVELOPER, 'release%2F1')).status).toBe(403);
    expect((await push(MAINTAINER, 'release%2F1')).status).toBe(201);
    expect(
      (await gitlab.call(MAINTAINER, 'DELETE', `${PROJECT}/repository/branches/release%2F1`)).status,
    ).toBe(403);
    expect(
      (await gitlab.call(MAINTAINER, 'PATCH', `${rules}/release%2F*`, { allow_force_push: true })).body,
    ).toMatchObject({ allow_force_push: true });
    expect((await gitlab.call(DEVELOPER, 'PATCH', `${rules}/release%2F*`, {})).status).toBe(403);
    expect((await gitlab.call(DEVELOPER, 'DELETE', `${rules}/release%2F*`)).status).toBe(403);
    expect((await gitlab.call(MAINTAINER, 'DELETE', `${rules}/release%2F*`)).status).toBe(204);
    expect((await gitlab.call(MAINTAINER, 'DELETE', `${rules}/release%2F*`)).status).toBe(404);
  });
});
