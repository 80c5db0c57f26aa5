import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BranchMoved, GitRepository } from '../../../sandbox/gitlab/git-repository.js';
import { mergedChanges } from '../../../sandbox/gitlab/tree-merge.js';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com' };

function write(path: string, text: string): { kind: 'write'; path: string; content: Buffer } {
  return { kind: 'write', path, content: Buffer.from(text) };
}

describe('a bare repository driven by git', () => {
  let folder: string;
  let repository: GitRepository;
  let first: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gitlab-repository-'));
    repository = await GitRepository.create(join(folder, 'one.git'), 'main');
    first = await repository.commit({
      branch: 'main',
      parent: null,
      message: 'Start\n\nChange-Id: 1',
      author: ada,
      changes: [write('a/x.yaml', 'x: 1\ny: 2\nz: 3\n'), write('b.txt', 'b\n')],
    });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads a file with the last commit that changed it', async () => {
    const second = await repository.commit({
      branch: 'main',
      parent: first,
      message: 'Other',
      author: ada,
      changes: [write('b.txt', 'c\n')],
    });
    const file = await repository.readFile(second, 'a/x.yaml');
    expect(file?.content.toString()).toBe('x: 1\ny: 2\nz: 3\n');
    expect(file?.lastCommitId).toBe(first);
    expect(file?.commitId).toBe(second);
    expect(await repository.readFile(second, 'a')).toBeNull();
    expect(await repository.readFile(second, 'nothing')).toBeNull();
    expect(await repository.readFile(second, '../outside')).toBeNull();
    expect(
      (await repository.log({ revision: 'main', limit: 10 })).map((commit) => commit.message.trim()),
    ).toEqual(['Other', 'Start\n\nChange-Id: 1']);
    expect(
      (await repository.log({ revision: second, limit: 10, path: 'a' })).map((commit) => commit.id),
    ).toEqual([first]);
    expect((await repository.listTree(second)).map((entry) => [entry.type, entry.path])).toEqual([
      ['tree', 'a'],
      ['blob', 'b.txt'],
    ]);
    expect(await repository.diff(first, second)).toEqual([
      { path: 'b.txt', oldPath: 'b.txt', status: 'M', diff: '@@ -1 +1 @@\n-b\n+c\n' },
    ]);
    expect(await repository.stats(second)).toEqual({ additions: 1, deletions: 1 });
  });

  it('refuses a commit on an older head, also when two write at once', async () => {
    const attempt = (text: string): Promise<string> =>
      repository.commit({
        branch: 'main',
        parent: first,
        message: text,
        author: ada,
        changes: [write('b.txt', text)],
      });
    const results = await Promise.allSettled(['one', 'two', 'three'].map(attempt));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(BranchMoved);
    expect(await repository.log({ revision: 'main', limit: 10 })).toHaveLength(2);
  });

  it('merges what fits together and says so when it does not', async () => {
    const change = (branch: string, text: string): Promise<string> =>
      repository.commit({
        branch,
        parent: first,
        message: branch,
        author: ada,
        changes: [write('a/x.yaml', text)],
      });
    const top = await change('top', 'x: 9\ny: 2\nz: 3\n');
    const bottom = await change('bottom', 'x: 1\ny: 2\nz: 8\n');
    const other = await change('other', 'x: 7\ny: 2\nz: 3\n');
    const changes = await mergedChanges(repository, { base: first, ours: top, theirs: bottom });
    const merged = await repository.commit({
      branch: 'top',
      parent: top,
      merged: bottom,
      message: 'Merge',
      author: ada,
      changes: changes ?? [],
    });
    expect((await repository.readFile(merged, 'a/x.yaml'))?.content.toString()).toBe('x: 9\ny: 2\nz: 8\n');
    expect((await repository.commitInfo(merged)).parents).toEqual([top, bottom]);
    expect(await mergedChanges(repository, { base: first, ours: top, theirs: other })).toBeNull();
    expect(await repository.mergeBase(top, other)).toBe(first);
    expect(await repository.isAncestor(first, top)).toBe(true);
    expect(await repository.isAncestor(top, first)).toBe(false);
  });

  it('never takes an option or a path out of the repository for a name', async () => {
    expect(await repository.resolve('--all')).toBeNull();
    expect(await repository.resolve('main')).toBe(first);
    expect(await repository.resolve(first.slice(0, 10))).toBe(first);
    await expect(
      repository.commit({
        branch: 'main',
        parent: first,
        message: 'x',
        author: ada,
        changes: [write('../x\nM 100644 inline y', 'x')],
      }),
    ).rejects.toThrow('not a path');
  });
});
