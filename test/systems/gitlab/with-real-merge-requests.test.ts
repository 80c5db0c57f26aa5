import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mergeStatusClass } from '../../../src/systems/gitlab/merge-status.js';
import { leaveClean, PromotionStandIn } from './promotion-stand-in.js';

const PROJECT = 'shop-prod/ops';
const MERGE = { project: PROJECT, removeSourceBranch: true, squash: false } as const;
const DEFAULTS = {
  mergeChecks: 1,
  recheckReads: 0,
  lockedReads: 0,
  landedReads: 0,
  requireShaForMerge: false,
};

let gitlab: PromotionStandIn;

beforeAll(async () => {
  gitlab = await PromotionStandIn.start();
});

afterEach(async () => {
  await leaveClean(gitlab, DEFAULTS);
  await gitlab.control.post('/project', { project: PROJECT, mergeMethod: 'merge', approvalsRequired: 0 });
});

afterAll(() => gitlab.standIns.close());

/** A change of its own that GitLab says is mergeable. */
async function ready(): Promise<{ iid: number; sha: string; branch: string; path: string }> {
  const { branch, head, path } = await gitlab.branch(PROJECT);
  const { iid } = await gitlab.open(PROJECT, branch);
  expect((await gitlab.computed(PROJECT, iid)).detailedMergeStatus).toBe('mergeable');
  return { iid, sha: head, branch, path };
}

const main = () => gitlab.ours.files.branchHead(PROJECT, 'main');
const contentAt = async (commit: string, path: string) =>
  (await gitlab.ours.files.readFileAt({ project: PROJECT, commit, path }))?.content;

describe('from the request to the commit that landed', () => {
  it('waits while GitLab computes, merges the approved head, and finds the result on the branch', async () => {
    const { requests, repositories } = gitlab.ours;
    const { branch, head, path } = await gitlab.branch(PROJECT);
    const made = await gitlab.open(PROJECT, branch);
    expect(made).toMatchObject({ state: 'opened', sha: head, author: { username: 'gatehouse' } });
    expect(mergeStatusClass(made.detailedMergeStatus)).toBe('transient');
    // 405 is also what a request gets whose status is still being computed
    const early = requests.merge({ ...MERGE, iid: made.iid, sha: head });
    expect(await gitlab.troubleFrom(early)).toMatchObject({ code: 'not-mergeable-now', status: 405 });
    expect(mergeStatusClass((await gitlab.computed(PROJECT, made.iid)).detailedMergeStatus)).toBe('ready');

    const merged = await requests.merge({ ...MERGE, iid: made.iid, sha: head });
    expect(merged).toMatchObject({ state: 'merged', mergedBy: { username: 'gatehouse' } });
    const { mergeMethod } = await repositories.project(PROJECT);
    const landing = await requests.landing({ project: PROJECT, mergeRequest: merged, mergeMethod });
    expect(landing).toEqual({ commitSha: await main(), onBranch: true });
    expect(await contentAt(landing?.commitSha ?? '', path)).toBe('a: 1\n');
    expect(await repositories.branchHeadOrNull(PROJECT, branch)).toBeNull();
    // merged and gone: the same call again is refused, and reading says why
    const again = requests.merge({ ...MERGE, iid: made.iid, sha: head });
    expect(await gitlab.troubleFrom(again)).toMatchObject({ code: 'not-mergeable-now' });
    expect(await requests.read(PROJECT, made.iid)).toMatchObject({ state: 'merged' });
  });

  it('creates one request, adopts it while it is open, and after it was merged', async () => {
    const { requests } = gitlab.ours;
    const { branch, head } = await gitlab.branch(PROJECT);
    const pair = { project: PROJECT, sourceBranch: branch, targetBranch: 'main' };
    expect(await requests.find(pair)).toEqual([]);
    const { iid } = await gitlab.open(PROJECT, branch);
    expect(await gitlab.troubleFrom(gitlab.open(PROJECT, branch))).toMatchObject({
      kind: 'conflict',
      code: 'merge-request-exists',
    });
    expect(await requests.find(pair)).toMatchObject([{ iid, state: 'opened', sha: head }]);
    await requests.close(PROJECT, iid);
    const second = await gitlab.open(PROJECT, branch);
    await gitlab.computed(PROJECT, second.iid);
    await requests.merge({ ...MERGE, iid: second.iid, sha: head });
    expect(await requests.find(pair)).toMatchObject([
      { iid: second.iid, state: 'merged' },
      { iid, state: 'closed' },
    ]);
  });

  it('adopts a request whose creation was answered by nothing', async () => {
    const { requests } = gitlab.ours;
    const { branch } = await gitlab.branch(PROJECT);
    await gitlab.control.addFault({
      id: 'lost',
      match: { method: 'POST', path: '/merge_requests$' },
      when: 'after',
      kind: 'cut',
    });
    expect(await gitlab.troubleFrom(gitlab.open(PROJECT, branch))).toMatchObject({ kind: 'unavailable' });
    const found = await requests.find({ project: PROJECT, sourceBranch: branch, targetBranch: 'main' });
    expect(found).toMatchObject([{ state: 'opened', title: `Merge ${branch}` }]);
  });

  it('adopts a merge whose answer was lost: there is one merge commit', async () => {
    const { requests, repositories } = gitlab.ours;
    const { iid, sha } = await ready();
    const before = await main();
    await gitlab.control.addFault({ id: 'lost', match: { path: '/merge$' }, when: 'after', kind: 'cut' });
    expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha }))).toMatchObject({
      kind: 'unavailable',
    });
    const read = await requests.read(PROJECT, iid);
    expect(read.state).toBe('merged');
    expect(read.mergeCommitSha).toBe(await main());
    expect((await repositories.commit(PROJECT, await main())).parentIds).toEqual([before, sha]);
  });

  it('knows no landed commit while GitLab says locked, or has not noted it', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha } = await ready();
    await gitlab.control.settings({ lockedReads: 1, landedReads: 1 });
    const answered = await requests.merge({ ...MERGE, iid, sha });
    const landing = (mergeRequest: typeof answered) =>
      requests.landing({ project: PROJECT, mergeRequest, mergeMethod: 'merge' });
    expect([answered.state, await landing(answered)]).toEqual(['locked', null]);
    const locked = await requests.read(PROJECT, iid);
    expect([locked.state, await landing(locked)]).toEqual(['locked', null]);
    // its head is in the target by now, and still it is not what landed
    const late = await requests.read(PROJECT, iid);
    expect([late.state, await landing(late)]).toEqual(['merged', null]);
    expect(await requests.isOnBranch(PROJECT, sha, 'main')).toBe(true);
    const noted = await requests.read(PROJECT, iid);
    expect(await landing(noted)).toEqual({ commitSha: await main(), onBranch: true });
  });

  it('takes the head for what landed in a fast-forward project', async () => {
    const { requests, repositories } = gitlab.ours;
    await gitlab.control.post('/project', { project: PROJECT, mergeMethod: 'ff' });
    const { iid, sha } = await ready();
    const merged = await requests.merge({ ...MERGE, iid, sha });
    expect(merged).toMatchObject({ state: 'merged', mergeCommitSha: null, squashCommitSha: null });
    const { mergeMethod } = await repositories.project(PROJECT);
    expect(await requests.landing({ project: PROJECT, mergeRequest: merged, mergeMethod })).toEqual({
      commitSha: sha,
      onBranch: true,
    });
    expect(await main()).toBe(sha);
  });

  it('merges many at once, and every change is there', async () => {
    const { requests } = gitlab.ours;
    const all = await Promise.all(Array.from({ length: 20 }, ready));
    await Promise.all(all.map(({ iid, sha }) => requests.merge({ ...MERGE, iid, sha })));
    const head = await main();
    for (const { path } of all) expect(await contentAt(head, path)).toBe('a: 1\n');
  });
});

describe('what makes an approval void', () => {
  it('merges nothing when the head has moved since it was approved', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha, branch } = await ready();
    const before = await main();
    await gitlab.control.post('/commit', { project: PROJECT, branch, path: 'more.yaml', content: 'b: 1\n' });
    expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha }))).toMatchObject({
      kind: 'conflict',
      code: 'head-moved',
      status: 409,
    });
    expect(await main()).toBe(before);
    const read = await requests.read(PROJECT, iid);
    expect([read.state, read.sha === sha]).toEqual(['opened', false]);
  });

  it('lets the target move under an approved head, so the result has to be read', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha, path } = await ready();
    const deployment = 'yaml/deployment.yaml';
    await gitlab.control.post('/commit', { project: PROJECT, path: deployment, content: 'image: theirs\n' });
    const merged = await requests.merge({ ...MERGE, iid, sha });
    const landed = merged.mergeCommitSha ?? '';
    expect(await contentAt(landed, path)).toBe('a: 1\n');
    expect(await contentAt(landed, deployment)).toBe('image: theirs\n');
    expect(await contentAt(sha, deployment)).not.toBe('image: theirs\n');
  });

  it('counts a GitLab approval of an older head no more, and calls none required approved', async () => {
    const { requests } = gitlab.ours;
    const { iid, branch } = await ready();
    const ada = gitlab.clientsWith(await gitlab.tokenOf('ada'));
    expect(await requests.approvals(PROJECT, iid)).toEqual({ approved: true, required: 0, left: 0, by: [] });
    await gitlab.control.post('/project', { project: PROJECT, approvalsRequired: 1 });
    const approve = `/projects/shop-prod%2Fops/merge_requests/${iid}/approve`;
    expect((await gitlab.rest(await gitlab.tokenOf('ben'), 'POST', approve)).status).toBe(201);
    const approved = await ada.requests.approvals(PROJECT, iid);
    expect(approved).toMatchObject({ approved: true, required: 1, by: [{ username: 'ben' }] });
    await gitlab.control.post('/commit', { project: PROJECT, branch, path: 'more2.yaml', content: 'b: 1\n' });
    expect(await requests.approvals(PROJECT, iid)).toMatchObject({ approved: false, left: 1, by: [] });
    expect(mergeStatusClass((await requests.read(PROJECT, iid)).detailedMergeStatus)).toBe('people');
  });
});

describe('what stops a merge', () => {
  it('says conflict for branches that conflict, in the status and in the refusal', async () => {
    const { requests } = gitlab.ours;
    const file = 'yaml/service.yaml';
    const { branch, head } = await gitlab.branch(PROJECT, { path: file, content: 'ours: 1\n' });
    await gitlab.control.post('/commit', { project: PROJECT, path: file, content: 'theirs: 1\n' });
    const { iid } = await gitlab.open(PROJECT, branch);
    const read = await gitlab.computed(PROJECT, iid);
    expect([read.detailedMergeStatus, mergeStatusClass(read.detailedMergeStatus)]).toEqual([
      'conflict',
      'ours',
    ]);
    expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha: head }))).toMatchObject({
      kind: 'conflict',
      code: 'conflict',
      status: 422,
    });
  });

  it('hides a needed rebase behind a missing approval, so divergence is looked at apart', async () => {
    const { requests, files, repositories } = gitlab.ours;
    await gitlab.control.post('/project', { project: PROJECT, mergeMethod: 'ff', approvalsRequired: 1 });
    const { branch, head, path } = await gitlab.branch(PROJECT);
    await gitlab.control.post('/commit', { project: PROJECT, path: 'meanwhile.yaml', content: 'a: 1\n' });
    const { iid } = await gitlab.open(PROJECT, branch);
    expect((await gitlab.computed(PROJECT, iid)).detailedMergeStatus).toBe('not_approved');
    expect(await files.isAncestor(PROJECT, await main(), head)).toBe(false);
    const approve = `/projects/shop-prod%2Fops/merge_requests/${iid}/approve`;
    expect((await gitlab.rest(await gitlab.tokenOf('ben'), 'POST', approve)).status).toBe(201);
    const behind = await requests.read(PROJECT, iid);
    expect([behind.detailedMergeStatus, mergeStatusClass(behind.detailedMergeStatus)]).toEqual([
      'need_rebase',
      'ours',
    ]);
    expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha: head }))).toMatchObject({
      code: 'not-mergeable-now',
    });
    // made anew on the target, and the approval is void
    await repositories.commitOnBranch({
      project: PROJECT,
      branch,
      startSha: await main(),
      message: 'Again',
      trailers: { 'Promotion-Id': branch },
      actions: [{ action: 'create', path, content: 'a: 1\n' }],
      force: true,
    });
    expect((await requests.read(PROJECT, iid)).detailedMergeStatus).toBe('not_approved');
  });

  it('waits on a status that GitLab did not have when this was written', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha } = await ready();
    const set = (status: string | null) =>
      gitlab.control.post('/merge-status', { project: PROJECT, iid, status });
    await set('quantum_check_pending');
    const read = await requests.read(PROJECT, iid);
    expect([read.detailedMergeStatus, mergeStatusClass(read.detailedMergeStatus)]).toEqual([
      'quantum_check_pending',
      'unknown',
    ]);
    expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha }))).toMatchObject({
      code: 'not-mergeable-now',
    });
    await set(null);
    expect(await requests.merge({ ...MERGE, iid, sha })).toMatchObject({ state: 'merged' });
  });

  it('waits again when the target has moved and GitLab computes anew', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha } = await ready();
    await gitlab.control.settings({ recheckReads: 1 });
    await gitlab.control.post('/commit', { project: PROJECT, path: 'again.yaml', content: 'a: 1\n' });
    expect(mergeStatusClass((await requests.read(PROJECT, iid)).detailedMergeStatus)).toBe('transient');
    expect((await requests.read(PROJECT, iid)).detailedMergeStatus).toBe('mergeable');
    expect(await requests.merge({ ...MERGE, iid, sha })).toMatchObject({ state: 'merged' });
  });

  it('lets only the account merge that may, and tells it from one whose token has ended', async () => {
    const { iid, sha } = await ready();
    const before = await main();
    const ada = gitlab.clientsWith(await gitlab.tokenOf('ada')).requests;
    const somebody = gitlab.clientsWith(gitlab.standIns.world.gitlab.otherToken).requests;
    for (const requests of [ada, somebody]) {
      expect(await gitlab.troubleFrom(requests.merge({ ...MERGE, iid, sha }))).toMatchObject({
        kind: 'forbidden',
        code: 'may-not-merge',
        status: 401,
      });
    }
    const ended = gitlab.clientsWith('glpat-ended').requests;
    expect(await gitlab.troubleFrom(ended.merge({ ...MERGE, iid, sha }))).toMatchObject({
      kind: 'unauthenticated',
    });
    expect(await main()).toBe(before);
  });

  it('merges where GitLab wants the head to be named, which it always is', async () => {
    const { requests } = gitlab.ours;
    const { iid, sha } = await ready();
    await gitlab.control.settings({ requireShaForMerge: true });
    const { token } = gitlab.standIns.world.gitlab;
    const merge = `/projects/shop-prod%2Fops/merge_requests/${iid}/merge`;
    expect((await gitlab.rest(token, 'PUT', merge)).status).toBe(400);
    expect(await requests.merge({ ...MERGE, iid, sha })).toMatchObject({ state: 'merged' });
  });
});

describe('what others do to a request meanwhile', () => {
  it('is closed by GitLab when its branch goes, and stays merged when it is closed late', async () => {
    const { requests, repositories } = gitlab.ours;
    const { iid, branch, sha } = await ready();
    expect(await repositories.deleteBranch(PROJECT, branch)).toBe(true);
    expect(await requests.read(PROJECT, iid)).toMatchObject({ state: 'closed', sha });
    expect(mergeStatusClass((await requests.read(PROJECT, iid)).detailedMergeStatus)).toBe('terminal');
    const other = await ready();
    await requests.merge({ ...MERGE, iid: other.iid, sha: other.sha });
    expect(await requests.close(PROJECT, other.iid)).toMatchObject({ state: 'merged' });
  });

  it('is merged without a merge when somebody pushes its commits to the target', async () => {
    const { requests } = gitlab.ours;
    const project = 'shop-dev/ops';
    const { branch, head } = await gitlab.branch(project);
    const { iid } = await gitlab.open(project, branch);
    const commits = `/projects/shop-dev%2Fops/repository/commits`;
    const pushed = await gitlab.rest(gitlab.standIns.world.gitlab.otherToken, 'POST', commits, {
      branch: 'main',
      start_sha: head,
      force: true,
      commit_message: 'Past the merge request',
      actions: [{ action: 'create', file_path: 'past.yaml', content: 'a: 1\n' }],
    });
    expect(pushed.status).toBe(201);
    const read = await requests.read(project, iid);
    expect(read).toMatchObject({ state: 'merged', mergedBy: { username: 'somebody-else' }, sha: head });
    expect(await requests.landing({ project, mergeRequest: read, mergeMethod: 'merge' })).toEqual({
      commitSha: head,
      onBranch: true,
    });
  });

  it('obeys lines with a slash, but not those that we write', async () => {
    const { requests } = gitlab.ours;
    const { iid } = await ready();
    const text = 'Held by the freeze.\n/close\n';
    await requests.note(PROJECT, iid, text);
    expect((await requests.read(PROJECT, iid)).state).toBe('opened');
    const [note] = await requests.notes(PROJECT, iid);
    expect(note).toMatchObject({
      text: 'Held by the freeze.\n\\/close\n',
      author: { username: 'gatehouse' },
    });
    // the same text from somebody who does not know: GitLab does it
    const notes = `/projects/shop-prod%2Fops/merge_requests/${iid}/notes`;
    const { token } = gitlab.standIns.world.gitlab;
    expect((await gitlab.rest(token, 'POST', notes, { body: text })).status).toBe(201);
    expect((await requests.read(PROJECT, iid)).state).toBe('closed');
  });
});
