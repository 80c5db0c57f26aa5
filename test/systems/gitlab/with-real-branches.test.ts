import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { messageWithTrailer, trailerOf } from '../../../src/systems/gitlab/trailer.js';
import { leaveClean, PromotionStandIn } from './promotion-stand-in.js';

const PROJECT = 'shop-dev/ops';
const run = promisify(execFile);

let gitlab: PromotionStandIn;

beforeAll(async () => {
  gitlab = await PromotionStandIn.start();
});

afterEach(() => leaveClean(gitlab, { compareFiles: 1000, lateEvents: 0 }));

afterAll(() => gitlab.standIns.close());

describe('trees', () => {
  it('reads the files of a folder as they are in a commit', async () => {
    const { repositories, files } = gitlab.ours;
    const commit = await files.branchHead('shop-prod/ops', 'main');
    const entries = await repositories.tree({ project: 'shop-prod/ops', ref: commit, path: 'yaml' });
    const texts = await repositories.texts({ project: 'shop-prod/ops', entries });
    expect([...texts.keys()].sort()).toEqual([
      'yaml/configmap.yaml',
      'yaml/deployment.yaml',
      'yaml/service.yaml',
    ]);
    for (const [path, text] of texts) {
      expect((await files.readFileAt({ project: 'shop-prod/ops', commit, path }))?.content).toBe(text);
    }
    expect(await repositories.tree({ project: 'shop-prod/ops', ref: commit, path: 'nowhere' })).toEqual([]);
  });

  it('reads more files than one page has', async () => {
    const { repositories, files } = gitlab.ours;
    const [first, ...rest] = Array.from({ length: 130 }, (_, number) => ({
      action: 'create' as const,
      path: `many/${number % 7}/${number}.yaml`,
      content: `n: ${number}\n`,
    }));
    if (first === undefined) throw new Error('no file');
    const { commitSha } = await repositories.commitOnBranch({
      project: PROJECT,
      branch: 'promote/many',
      startSha: await files.branchHead(PROJECT, 'main'),
      message: 'Many files',
      trailers: { 'Promotion-Id': 'many' },
      actions: [first, ...rest],
    });
    const entries = await repositories.tree({ project: PROJECT, ref: commitSha, path: 'many' });
    expect(new Set(entries.map(({ path }) => path)).size).toBe(130);
    const texts = await repositories.texts({ project: PROJECT, entries });
    expect(texts.get('many/3/129.yaml')).toBe('n: 129\n');
    expect(
      await repositories.tree({ project: PROJECT, ref: commitSha, path: 'many', recursive: false }),
    ).toEqual([]);
  });
});

describe('branches of a promotion', () => {
  it('are read as branches, also where a tag has the name', async () => {
    const { repositories, files } = gitlab.ours;
    const tagged = await files.branchHead(PROJECT, 'main');
    const login = await gitlab.tokenOf('dora');
    const url = `${gitlab.origin.replace('http://', `http://oauth2:${login}@`)}/${PROJECT}.git`;
    const folder = await temporaryFolder('tag');
    const git = (...args: string[]) => run('git', ['-C', folder.path, ...args]);
    try {
      await git('init', '--quiet');
      await git('fetch', '--quiet', url, 'refs/heads/main');
      await git('push', '--quiet', url, 'FETCH_HEAD:refs/tags/main');
      await gitlab.control.post('/commit', {
        project: PROJECT,
        path: 'late.yaml',
        content: 'late: true\n',
        message: messageWithTrailer('Late', 'late'),
      });
      const head = await files.branchHead(PROJECT, 'main');
      expect(head).not.toBe(tagged);
      expect(await repositories.branchHeadOrNull(PROJECT, 'main')).toBe(head);
      const late = await files.readFile({ project: PROJECT, branch: 'main', path: 'late.yaml' });
      expect(late?.content).toBe('late: true\n');
      expect(
        await files.findCommitByTrailer({ project: PROJECT, branch: 'main', effectKey: 'late' }),
      ).toMatchObject({ commitSha: head });
      // the tag is what a bare name means
      const bare = `/projects/${encodeURIComponent(PROJECT)}/repository/files/late.yaml?ref=main`;
      expect((await gitlab.rest(login, 'GET', bare)).status).toBe(404);
      await git('push', '--quiet', url, ':refs/tags/main');
    } finally {
      await folder.remove();
    }
  });

  it('start from the commit that was planned for, so that a base that moved shows up', async () => {
    const { repositories, files } = gitlab.ours;
    const planned = await files.branchHead(PROJECT, 'main');
    await gitlab.control.post('/commit', { project: PROJECT, path: 'theirs.yaml', content: 'a: 1\n' });
    const { branch, head } = await gitlab.branch(PROJECT, { startSha: planned });
    expect((await repositories.commit(PROJECT, head)).parentIds).toEqual([planned]);
    const main = await files.branchHead(PROJECT, 'main');
    expect(await files.isAncestor(PROJECT, main, head)).toBe(false);

    // one of ours is rebuilt on the new base, and only then is it there
    const { commitSha } = await repositories.commitOnBranch({
      project: PROJECT,
      branch,
      startSha: main,
      message: 'Again',
      trailers: { 'Promotion-Id': branch },
      actions: [{ action: 'create', path: 'ours.yaml', content: 'a: 2\n' }],
      force: true,
    });
    expect(await repositories.branchHeadOrNull(PROJECT, branch)).toBe(commitSha);
    expect(await files.isAncestor(PROJECT, main, commitSha)).toBe(true);
    expect(await files.isAncestor(PROJECT, head, commitSha)).toBe(false);
  });

  it('are never overwritten without being told: a branch that is there is a conflict, and its trailer says whose it is', async () => {
    const { repositories, files } = gitlab.ours;
    const { branch, head } = await gitlab.branch(PROJECT);
    const again = {
      project: PROJECT,
      branch,
      startSha: await files.branchHead(PROJECT, 'main'),
      message: 'Again',
      trailers: { 'Promotion-Id': 'other' },
      actions: [{ action: 'create', path: 'again.yaml', content: 'a: 2\n' }],
    } as const;
    expect(await gitlab.troubleFrom(repositories.commitOnBranch(again))).toMatchObject({
      kind: 'conflict',
      code: 'branch-exists',
    });
    expect(await repositories.branchHeadOrNull(PROJECT, branch)).toBe(head);
    expect(trailerOf((await repositories.commit(PROJECT, head)).message, 'Promotion-Id')).toBe(branch);
  });

  it('are found when the answer was lost, so that there is one commit', async () => {
    const { repositories } = gitlab.ours;
    const before = await gitlab.commitsMade();
    await gitlab.control.addFault({
      id: 'lost',
      match: { method: 'POST', path: '/repository/commits' },
      when: 'after',
      kind: 'cut',
    });
    const startSha = await gitlab.ours.files.branchHead(PROJECT, 'main');
    const input = {
      project: PROJECT,
      branch: 'promote/lost',
      startSha,
      message: 'Lost',
      trailers: { 'Promotion-Id': 'lost' },
      actions: [{ action: 'delete', path: 'yaml/service.yaml' }],
    } as const;
    expect(await gitlab.troubleFrom(repositories.commitOnBranch(input))).toMatchObject({
      kind: 'unavailable',
    });
    const head = await repositories.branchHeadOrNull(PROJECT, 'promote/lost');
    const commit = await repositories.commit(PROJECT, head ?? '');
    expect(trailerOf(commit.message, 'Promotion-Id')).toBe('lost');
    expect(commit.parentIds).toEqual([startSha]);
    expect(await gitlab.commitsMade()).toBe(before + 1);
  });

  it('take only actions that fit the commit they start from', async () => {
    const { repositories, files } = gitlab.ours;
    const common = {
      project: PROJECT,
      branch: 'promote/unfit',
      startSha: await files.branchHead(PROJECT, 'main'),
      message: 'x',
      trailers: { 'Promotion-Id': 'x' },
    };
    const create = { action: 'create', path: 'yaml/service.yaml', content: 'a: 1\n' } as const;
    const remove = { action: 'delete', path: 'nowhere.yaml' } as const;
    expect(
      await gitlab.troubleFrom(repositories.commitOnBranch({ ...common, actions: [create] })),
    ).toMatchObject({
      kind: 'conflict',
      code: 'file-exists',
    });
    expect(
      await gitlab.troubleFrom(repositories.commitOnBranch({ ...common, actions: [remove] })),
    ).toMatchObject({
      kind: 'conflict',
      code: 'file-missing',
    });
    const unknown = { ...common, startSha: 'f'.repeat(40), actions: [remove] } as const;
    expect(await gitlab.troubleFrom(repositories.commitOnBranch(unknown))).toMatchObject({
      kind: 'conflict',
    });
    expect(await repositories.branchHeadOrNull(PROJECT, 'promote/unfit')).toBeNull();
  });

  it('are removed once; a protected one is not', async () => {
    const { repositories } = gitlab.ours;
    const { branch } = await gitlab.branch(PROJECT);
    expect(await repositories.deleteBranch(PROJECT, branch)).toBe(true);
    expect(await repositories.branchHeadOrNull(PROJECT, branch)).toBeNull();
    expect(await repositories.deleteBranch(PROJECT, branch)).toBe(false);
    expect(await gitlab.troubleFrom(repositories.deleteBranch('shop-prod/ops', 'main'))).toMatchObject({
      status: 400,
    });
  });
});

describe('what changed, and by whom', () => {
  it('compares two commits with their authors and paths, renames among them', async () => {
    const { repositories, files } = gitlab.ours;
    const from = await files.branchHead(PROJECT, 'main');
    const base = { project: PROJECT, branch: 'topic' };
    await gitlab.branch(PROJECT);
    const token = gitlab.standIns.world.gitlab.otherToken;
    const made = await gitlab.rest(token, 'POST', '/projects/shop-dev%2Fops/repository/commits', {
      branch: base.branch,
      start_sha: from,
      commit_message: 'Move',
      author_name: 'Ada',
      author_email: 'ada@example.com',
      actions: [
        { action: 'move', previous_path: 'yaml/configmap.yaml', file_path: 'yaml/settings.yaml' },
        { action: 'create', file_path: 'yaml/new.yaml', content: 'a: 1\n' },
        { action: 'delete', file_path: 'yaml/service.yaml' },
      ],
    });
    expect(made.status).toBe(201);
    // the other side goes on too: it is the common ancestor that counts
    await gitlab.control.post('/commit', { project: PROJECT, path: 'meanwhile.yaml', content: 'a: 1\n' });
    const to = (await repositories.branchHeadOrNull(PROJECT, 'topic')) ?? '';
    const range = { project: PROJECT, from: await files.branchHead(PROJECT, 'main'), to };
    const comparison = await repositories.compare(range);
    if (!comparison.complete) throw new Error(comparison.why);
    expect(
      comparison.commits.map(({ id, authorEmail, parentIds }) => ({ id, authorEmail, parentIds })),
    ).toEqual([{ id: to, authorEmail: 'ada@example.com', parentIds: [from] }]);
    expect([...comparison.paths].sort((one, two) => one.newPath.localeCompare(two.newPath))).toEqual([
      { oldPath: 'yaml/new.yaml', newPath: 'yaml/new.yaml', change: 'added' },
      { oldPath: 'yaml/service.yaml', newPath: 'yaml/service.yaml', change: 'removed' },
      { oldPath: 'yaml/configmap.yaml', newPath: 'yaml/settings.yaml', change: 'changed' },
    ]);

    await gitlab.control.settings({ compareFiles: 2 });
    expect(await repositories.compare(range)).toMatchObject({ complete: false });
  });

  it('knows who pushed, whoever the commit says wrote it', async () => {
    const { repositories, files } = gitlab.ours;
    const from = await files.branchHead(PROJECT, 'main');
    await gitlab.control.post('/commit', {
      project: PROJECT,
      path: 'forged.yaml',
      content: 'a: 1\n',
      author: 'Ada Lovelace',
      as: 'ben',
    });
    const to = await files.branchHead(PROJECT, 'main');
    expect(await repositories.commit(PROJECT, to)).toMatchObject({ authorName: 'Ada Lovelace' });
    const push = (await repositories.pushers({ project: PROJECT, branch: 'main' })).find(
      (one) => one.to === to,
    );
    expect(push).toMatchObject({ username: 'ben', from, commitCount: 1, action: 'pushed' });
    const user = await repositories.user(push?.userId ?? 0);
    expect(user).toMatchObject({
      username: 'ben',
      publicEmail: 'ben@example.com',
      email: null,
      identities: [],
    });
    const after = await repositories.pushers({ project: PROJECT, branch: 'main', after: push?.at ?? '' });
    expect(after.some((one) => one.id === push?.id)).toBe(false);
  });

  it('learns of a push late, and of a push of many branches no names', async () => {
    const { repositories } = gitlab.ours;
    const dora = await gitlab.tokenOf('dora');
    const folder = await temporaryFolder('pushes');
    const clone = `${folder.path}/clone`;
    const url = `${gitlab.origin.replace('http://', `http://oauth2:${dora}@`)}/shop-dev/ops.git`;
    try {
      await run('git', ['clone', '--quiet', url, clone]);
      const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
      await run('git', ['-C', clone, ...author, 'commit', '--quiet', '--allow-empty', '-m', 'Empty']);
      await run('git', ['-C', clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/by-dora']);
      await gitlab.control.settings({ lateEvents: 1 });
      await run('git', [
        '-C',
        clone,
        'push',
        '--quiet',
        'origin',
        ...['a', 'b', 'c', 'd'].map((n) => `HEAD:refs/heads/${n}`),
      ]);
    } finally {
      await folder.remove();
    }
    const pushes = () => repositories.pushers({ project: PROJECT, branch: 'by-dora' });
    expect(await pushes()).toEqual([]);
    expect(await pushes()).toMatchObject([
      { username: 'dora', branch: 'by-dora', action: 'created', from: null, commitCount: 1 },
      { username: 'dora', branch: null, from: null, to: null, commitCount: 0 },
    ]);
  });

  it('says who may push to a branch and merge into it', async () => {
    const { repositories } = gitlab.ours;
    const protection = await repositories.protectedBranch('shop-prod/ops', 'main');
    expect(protection).toMatchObject({ rules: ['main'], push: [], allowForcePush: false });
    const [right, ...others] = protection?.merge ?? [];
    if (right?.kind !== 'user') throw new Error('the right to merge is not an account');
    expect(others).toEqual([]);
    expect((await repositories.user(right.id)).username).toBe('gatehouse');
    expect(await repositories.protectedBranch(PROJECT, 'main')).toBeNull();
  });

  it('reads the freeze periods that maintainers write', async () => {
    const { repositories } = gitlab.ours;
    expect(await repositories.freezePeriods(PROJECT)).toEqual([]);
    const token = gitlab.standIns.world.gitlab.otherToken;
    const path = '/projects/shop-dev%2Fops/freeze_periods';
    const period = { freeze_start: '0 23 * * 5', freeze_end: '0 8 * * 1', cron_timezone: 'Europe/Berlin' };
    expect((await gitlab.rest(token, 'POST', path, period)).status).toBe(201);
    expect(await repositories.freezePeriods(PROJECT)).toMatchObject([
      { freezeStart: '0 23 * * 5', freezeEnd: '0 8 * * 1', timeZone: 'Europe/Berlin' },
    ]);
  });
});
