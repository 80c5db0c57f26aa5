import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, GitlabUnderTest, text } from './rest.js';
import { DEVELOPER, MAINTAINER, REPORTER, STRANGER } from './seed.js';

const PROJECT = '/projects/platform%2Fguarded';
const OPEN = '/projects/platform%2Fclusters';

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

/** A branch with one changed file; gives its head. */
async function branchWith(project: string, branch: string, path: string, content: string): Promise<string> {
  const made = await gitlab.call(DEVELOPER, 'POST', `${project}/repository/commits`, {
    branch,
    start_branch: 'main',
    commit_message: `Change ${path}`,
    actions: [{ action: path === 'README.md' ? 'update' : 'create', file_path: path, content }],
  });
  expect(made.status).toBe(201);
  return text(made.body, 'id');
}

function open(project: string, source_branch: string, token = DEVELOPER) {
  return gitlab.call(token, 'POST', `${project}/merge_requests`, {
    source_branch,
    target_branch: 'main',
    title: `Merge ${source_branch}`,
  });
}

describe('from the first commit to the merge', () => {
  it('asks for a check, an approval and the right head, then merges once', async () => {
    const head = await branchWith(PROJECT, 'topic', 'topic.yaml', 'a: 1\n');
    const made = await open(PROJECT, 'topic');
    expect(made).toMatchObject({
      status: 201,
      body: { state: 'opened', sha: head, detailed_merge_status: 'preparing' },
    });
    const again = await open(PROJECT, 'topic');
    expect(again.status).toBe(409);
    expect(text(again.body, 'message', 0)).toContain('already exists for this source branch: !1');
    expect((await open(PROJECT, 'nowhere')).status).toBe(400);
    expect((await open(PROJECT, 'main')).status).toBe(422);
    expect((await open(PROJECT, 'topic', STRANGER)).status).toBe(404);

    const one = `${PROJECT}/merge_requests/1`;
    const merge = (token: string, body: Record<string, unknown>) =>
      gitlab.call(token, 'PUT', `${one}/merge`, body);
    // while the status is being computed it is "not mergeable now"
    expect((await merge(MAINTAINER, { sha: head })).status).toBe(405);
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('checking');
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('not_approved');
    expect((await gitlab.call(DEVELOPER, 'GET', `${PROJECT}/merge_requests/99`)).status).toBe(404);
    expect((await merge(MAINTAINER, { sha: head })).status).toBe(405);

    const approve = (token: string, sha: string) => gitlab.call(token, 'POST', `${one}/approve`, { sha });
    expect((await approve(DEVELOPER, head)).status).toBe(401);
    expect((await approve(MAINTAINER, '0'.repeat(40))).status).toBe(409);
    expect(await approve(MAINTAINER, head)).toMatchObject({ status: 201, body: { approved: true } });
    expect((await approve(MAINTAINER, head)).status).toBe(401);
    expect(at((await gitlab.call(DEVELOPER, 'GET', `${one}/approvals`)).body, 'approvals_left')).toBe(0);
    expect((await gitlab.call(STRANGER, 'GET', `${one}/approvals`)).status).toBe(404);

    expect((await merge(DEVELOPER, { sha: head })).status).toBe(401);
    expect((await merge(MAINTAINER, { sha: '0'.repeat(40) })).status).toBe(409);
    const merged = await merge(MAINTAINER, { sha: head, should_remove_source_branch: true });
    expect(merged).toMatchObject({ status: 200, body: { state: 'merged', sha: head } });
    const landed = text(merged.body, 'merge_commit_sha');
    expect(
      at((await gitlab.call(DEVELOPER, 'GET', `${PROJECT}/repository/branches/main`)).body, 'commit', 'id'),
    ).toBe(landed);
    expect((await gitlab.call(DEVELOPER, 'GET', `${PROJECT}/repository/branches/topic`)).status).toBe(404);
    expect((await merge(MAINTAINER, { sha: head })).status).toBe(405);
  });

  it('makes an approval void when the head moves', async () => {
    const head = await branchWith(PROJECT, 'moving', 'moving.yaml', 'a: 1\n');
    const iid = Number(at((await open(PROJECT, 'moving')).body, 'iid'));
    const one = `${PROJECT}/merge_requests/${iid}`;
    await gitlab.call(DEVELOPER, 'GET', one);
    await gitlab.call(MAINTAINER, 'POST', `${one}/approve`, { sha: head });
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('mergeable');
    await gitlab.control.post('/commit', {
      project: 'platform/guarded',
      branch: 'moving',
      path: 'more.yaml',
      content: 'b: 1\n',
    });
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('not_approved');
  });

  it('answers 422 when the branches conflict and shows a draft', async () => {
    await branchWith(OPEN, 'left', 'README.md', '# Left\n');
    await gitlab.control.post('/commit', {
      project: 'platform/clusters',
      path: 'README.md',
      content: '# Right\n',
    });
    const iid = Number(at((await open(OPEN, 'left')).body, 'iid'));
    const one = `${OPEN}/merge_requests/${iid}`;
    await gitlab.call(DEVELOPER, 'GET', one);
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('conflict');
    expect((await gitlab.call(DEVELOPER, 'PUT', `${one}/merge`, {})).status).toBe(422);
    expect((await gitlab.call(REPORTER, 'PUT', one, { title: 'x' })).status).toBe(403);
    await gitlab.call(DEVELOPER, 'PUT', one, { title: 'Draft: left' });
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'detailed_merge_status')).toBe('draft_status');
    const closed = await gitlab.call(DEVELOPER, 'PUT', one, { state_event: 'close' });
    expect(closed.body).toMatchObject({ state: 'closed', detailed_merge_status: 'not_open' });
    const listed = await gitlab.call(
      DEVELOPER,
      'GET',
      `${OPEN}/merge_requests?state=closed&source_branch=left`,
    );
    expect(at(listed.body, 0, 'iid')).toBe(iid);
    expect((await gitlab.call(STRANGER, 'GET', `${OPEN}/merge_requests`)).status).toBe(404);
  });

  it('squashes into one commit', async () => {
    const head = await branchWith(OPEN, 'squashed', 'squashed.yaml', 'a: 1\n');
    const iid = Number(at((await open(OPEN, 'squashed')).body, 'iid'));
    const one = `${OPEN}/merge_requests/${iid}`;
    await gitlab.call(DEVELOPER, 'GET', one);
    const merged = await gitlab.call(DEVELOPER, 'PUT', `${one}/merge`, { sha: head, squash: true });
    expect(merged.status).toBe(200);
    expect(text(merged.body, 'squash_commit_sha')).not.toBe(head);
  });

  it('shows in lists the status of the last reading', async () => {
    await branchWith(OPEN, 'listed', 'listed.yaml', 'a: 1\n');
    const iid = Number(at((await open(OPEN, 'listed')).body, 'iid'));
    const listed = async () =>
      at(
        (await gitlab.call(DEVELOPER, 'GET', `${OPEN}/merge_requests?source_branch=listed`)).body,
        0,
        'detailed_merge_status',
      );
    const read = () => gitlab.call(DEVELOPER, 'GET', `${OPEN}/merge_requests/${iid}`);
    expect(await listed()).toBe('preparing');
    await read();
    await read();
    expect(await listed()).toBe('mergeable');
    await gitlab.call(DEVELOPER, 'PUT', `${OPEN}/merge_requests/${iid}`, { title: 'Draft: listed' });
    expect(await listed()).toBe('mergeable');
    await read();
    expect(await listed()).toBe('draft_status');
  });

  it('carries out a note that is nothing but commands, and keeps no note of it', async () => {
    await branchWith(OPEN, 'obeyed', 'obeyed.yaml', 'a: 1\n');
    const made = await gitlab.call(DEVELOPER, 'POST', `${OPEN}/merge_requests`, {
      source_branch: 'obeyed',
      target_branch: 'main',
      title: 'Obeyed',
      description: 'Text\n/draft\n',
    });
    expect(made.body).toMatchObject({ title: 'Draft: Obeyed', draft: true, description: 'Text' });
    const one = `${OPEN}/merge_requests/${Number(at(made.body, 'iid'))}`;
    const noted = await gitlab.call(REPORTER, 'POST', `${one}/notes`, { body: 'Looks good' });
    expect(noted).toMatchObject({
      status: 201,
      body: { body: 'Looks good', author: { username: 'reporter' } },
    });
    expect((await gitlab.call(DEVELOPER, 'POST', `${one}/notes`, { body: '/close' })).status).toBe(202);
    expect(at((await gitlab.call(DEVELOPER, 'GET', one)).body, 'state')).toBe('closed');
    const notes = await gitlab.call(DEVELOPER, 'GET', `${one}/notes`);
    expect([at(notes.body, 0, 'body'), at(notes.body, 1)]).toEqual(['Looks good', undefined]);
  });
});
