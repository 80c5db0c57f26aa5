import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { landedCommit } from '../../../src/systems/gitlab/merge-request.js';
import { GitLabMergeRequests } from '../../../src/systems/gitlab/merge-requests.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';

const TOKEN = `glpat-${randomBytes(12).toString('hex')}`;
const PROJECT = 'shop-prod/ops';
const SHA = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const MERGE = { project: PROJECT, iid: 12, sha: SHA, removeSourceBranch: true, squash: false } as const;
const BODY = {
  iid: 12,
  state: 'opened',
  sha: SHA,
  source_branch: 'promote/shop/prod/req-7k2m',
  target_branch: 'main',
  source_project_id: 101,
  target_project_id: 101,
  merge_commit_sha: null,
  squash_commit_sha: null,
  web_url: 'https://gitlab.example.com/shop-prod/ops/-/merge_requests/12',
  title: 'Promote shop to prod',
  draft: false,
  author: { id: 3, username: 'gatehouse' },
  merge_user: null,
  detailed_merge_status: 'a_word_of_next_year',
};

const requestsAt = (baseUrl: string) =>
  new GitLabMergeRequests({ baseUrl, token: async () => new Secret(TOKEN) });
const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, TOKEN);

describe('merge requests on the wire', () => {
  it('reads a status that is not among the known ones as it stands', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, BODY));
    expect(await requestsAt(server.url).read(PROJECT, 12)).toEqual({
      iid: 12,
      state: 'opened',
      sha: SHA,
      sourceBranch: BODY.source_branch,
      targetBranch: 'main',
      mergeCommitSha: null,
      squashCommitSha: null,
      squash: false,
      webUrl: BODY.web_url,
      title: BODY.title,
      description: '',
      draft: false,
      author: { id: 3, username: 'gatehouse' },
      mergedBy: null,
      mergedAt: null,
      detailedMergeStatus: 'a_word_of_next_year',
      mergeError: null,
    });
    expect(server.asked[0]?.target).toBe('/api/v4/projects/shop-prod%2Fops/merge_requests/12');
  });

  it('adopts no request of a fork, whose branch may have our name', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, [
        { ...BODY, iid: 14, source_project_id: 999 },
        { ...BODY, iid: 13, state: 'merged' },
        { ...BODY, iid: 11, source_project_id: null, state: 'closed' },
      ]),
    );
    const found = await requestsAt(server.url).find({
      project: PROJECT,
      sourceBranch: BODY.source_branch,
      targetBranch: 'main',
    });
    expect(found.map(({ iid }) => iid)).toEqual([13]);
    // lists do not compute the status, so it is not there to be believed
    expect(found[0]).not.toHaveProperty('detailedMergeStatus');
    const query = new URL(server.asked[0]?.target ?? '', server.url).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      state: 'all',
      source_branch: BODY.source_branch,
      target_branch: 'main',
      order_by: 'created_at',
      sort: 'desc',
    });
  });

  it('keeps lines that GitLab would obey as text, in descriptions and in notes', async () => {
    await using server = await answeringServer((asked, response) =>
      json(response, 201, asked.target.endsWith('/notes') ? { id: 5 } : BODY),
    );
    const requests = requestsAt(server.url);
    const text = 'Asked for by ada\n/merge\n  /approve\r\n\n/close now\nnot /this, https://example.com/a\n';
    const kept =
      'Asked for by ada\n\\/merge\n  \\/approve\r\n\n\\/close now\nnot /this, https://example.com/a\n';
    await requests.create({
      project: PROJECT,
      sourceBranch: BODY.source_branch,
      targetBranch: 'main',
      title: BODY.title,
      description: text,
      labels: ['promotion', 'a,b'],
      removeSourceBranch: true,
    });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      source_branch: BODY.source_branch,
      target_branch: 'main',
      title: BODY.title,
      description: kept,
      labels: ['promotion', 'a,b'],
      remove_source_branch: true,
      squash: false,
    });
    expect(await requests.note(PROJECT, 12, text)).toEqual({ id: 5 });
    expect(JSON.parse(server.asked[1]?.body ?? '')).toEqual({ body: kept });
    expect(server.asked[1]).toMatchObject({
      method: 'POST',
      target: '/api/v4/projects/shop-prod%2Fops/merge_requests/12/notes',
    });
  });

  it('asks for approvals, closes, and lists notes by the right verbs and paths', async () => {
    await using server = await answeringServer((asked, response) => {
      if (asked.target.endsWith('/approvals')) {
        return json(response, 200, { approved: true, approved_by: [] });
      }
      if (asked.method === 'PUT') return json(response, 200, { ...BODY, state: 'closed' });
      const note = {
        id: 5,
        body: 'x',
        author: BODY.author,
        created_at: '2027-03-01T12:00:00Z',
        system: true,
      };
      return json(response, 200, [note]);
    });
    const requests = requestsAt(server.url);
    expect(await requests.approvals(PROJECT, 12)).toEqual({ approved: true, required: 0, left: 0, by: [] });
    expect(await requests.close(PROJECT, 12)).toMatchObject({ state: 'closed' });
    expect(await requests.notes(PROJECT, 12)).toEqual([
      { id: 5, text: 'x', author: BODY.author, createdAt: '2027-03-01T12:00:00Z' },
    ]);
    expect(
      server.asked.map(({ method, target, body }) => [method, target.replace(/\?.*/, ''), body]),
    ).toEqual([
      ['GET', '/api/v4/projects/shop-prod%2Fops/merge_requests/12/approvals', ''],
      ['PUT', '/api/v4/projects/shop-prod%2Fops/merge_requests/12', '{"state_event":"close"}'],
      ['GET', '/api/v4/projects/shop-prod%2Fops/merge_requests/12/notes', ''],
    ]);
  });
});

describe('merging', () => {
  it('always names the head that it merges, and asks for no squash', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { ...BODY, state: 'merged' }),
    );
    expect(await requestsAt(server.url).merge(MERGE)).toMatchObject({ state: 'merged' });
    expect(server.asked[0]).toMatchObject({
      method: 'PUT',
      target: '/api/v4/projects/shop-prod%2Fops/merge_requests/12/merge',
    });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      sha: SHA,
      squash: false,
      should_remove_source_branch: true,
    });
  });

  it.each([
    [400, 'SHA must be provided when merging', 'invalid', 'sha-required'],
    [403, '403 Forbidden', 'forbidden', 'may-not-merge'],
    [405, '405 Method Not Allowed', 'conflict', 'not-mergeable-now'],
    [406, 'Branch cannot be merged', 'conflict', 'conflict'],
    [409, `SHA does not match HEAD of source branch: ${OTHER}`, 'conflict', 'head-moved'],
    [409, 'Merge request is being merged', 'conflict', 'not-mergeable-now'],
    [422, 'Branch cannot be merged', 'conflict', 'conflict'],
  ])('says by a code of its own what a %d means: %s', async (status, message, kind, code) => {
    await using server = await answeringServer((_, response) => json(response, status, { message }));
    const trouble = await troubleFrom(requestsAt(server.url).merge(MERGE));
    expect(trouble).toMatchObject({ kind, code, status, object: 'shop-prod/ops!12' });
    expect(trouble.message).toContain(message);
    expect(server.asked).toHaveLength(1);
  });

  it('tells an account that may not merge from a token that has ended: both are 401 in the same words', async () => {
    const good = { token: true };
    await using server = await answeringServer((asked, response) =>
      good.token && asked.target.endsWith('/version')
        ? json(response, 200, { version: '19.3.0' })
        : json(response, 401, { message: '401 Unauthorized' }),
    );
    const requests = requestsAt(server.url);
    expect(await troubleFrom(requests.merge(MERGE))).toMatchObject({
      kind: 'forbidden',
      code: 'may-not-merge',
    });
    good.token = false;
    expect(await troubleFrom(requests.merge(MERGE))).toMatchObject({ kind: 'unauthenticated' });
  });

  it.each([500, 502, 504])(
    'never repeats a merge after %d: whether it happened is for reading to say',
    async (status) => {
      await using server = await answeringServer((_, response) => response.writeHead(status).end());
      expect(await troubleFrom(requestsAt(server.url).merge(MERGE))).toMatchObject({ kind: 'unavailable' });
      expect(server.asked).toHaveLength(1);
    },
  );
});

describe('the commit that landed', () => {
  const merged = {
    state: 'merged',
    sha: SHA,
    mergeCommitSha: null,
    squashCommitSha: null,
    squash: false,
  } as const;

  it('is the merge commit, and not known before GitLab has noted it', () => {
    expect(landedCommit({ ...merged, mergeCommitSha: OTHER }, 'merge')).toBe(OTHER);
    expect(
      landedCommit({ ...merged, mergeCommitSha: OTHER, squashCommitSha: SHA, squash: true }, 'merge'),
    ).toBe(OTHER);
    // the head of the source is in the target too by then, but it is not the result
    expect(landedCommit(merged, 'merge')).toBeNull();
    expect(landedCommit({ ...merged, squashCommitSha: OTHER, squash: true }, 'rebase_merge')).toBeNull();
    expect(landedCommit(merged, 'a_method_of_next_year')).toBeNull();
  });

  it('is the head in a fast-forward project, where there never is a merge commit', () => {
    expect(landedCommit(merged, 'ff')).toBe(SHA);
    expect(landedCommit({ ...merged, squashCommitSha: OTHER, squash: true }, 'ff')).toBe(OTHER);
    // somebody squashed by hand: the head has not landed, and the squashed commit is not noted yet
    expect(landedCommit({ ...merged, squash: true }, 'ff')).toBeNull();
  });

  it.each(['opened', 'locked', 'closed'] as const)('is none while it is %s', (state) => {
    expect(landedCommit({ ...merged, state, mergeCommitSha: OTHER }, 'merge')).toBeNull();
    expect(landedCommit({ ...merged, state }, 'ff')).toBeNull();
  });
});
