import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../../../sandbox/gitlab/git-process.js';
import { BranchMoved, type FileChange, GitRepository } from '../../../sandbox/gitlab/git-repository.js';
import { RefNotUpdated, RefUpdater } from '../../../sandbox/gitlab/ref-updater.js';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com' };
const write = (path: string, text: string): FileChange => ({
  kind: 'write',
  path,
  content: Buffer.from(text),
});

describe('writing a repository without a process for each object', () => {
  let folder: string;
  let repository: GitRepository;
  let first: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gitlab-writing-'));
    repository = await GitRepository.create(join(folder, 'one.git'), 'main');
    first = await repository.commit({
      branch: 'main',
      parent: null,
      message: 'Start',
      author: ada,
      // sorted by bytes a folder `a` comes after `a-b` and `a.b`
      changes: ['a-b', 'a.b', 'a/in', 'a0', 'ü/ß', 'Z', 'deep/er/and/deeper'].map((path) =>
        write(path, path),
      ),
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const plain = async (...args: string[]): Promise<string> =>
    (await git(['--git-dir', repository.directory, ...args])).toString();

  it('makes what git itself finds sound, and reads as it was written', async () => {
    const second = await repository.commit({
      branch: 'main',
      parent: first,
      message: 'Move things\n\nwith a body and no line break at its end',
      author: { name: 'Dora <Jäger>\n', email: 'dora@example.com' },
      changes: [
        { kind: 'remove', path: 'deep/er/and/deeper' },
        { kind: 'remove', path: 'nowhere/at/all' },
        { kind: 'remove', path: 'a' },
        write('a', 'a file now'),
        write('a0/in', 'a folder now'),
        { kind: 'write', path: 'run', content: Buffer.from('#!/bin/sh\n'), executable: true },
      ],
    });
    expect(await plain('fsck', '--strict', '--full')).not.toMatch(/error|bad|missing/);
    // `<mode> <type> <id>\t<path>`
    const rows = (await plain('ls-tree', '-r', second)).trim().split('\n');
    expect(rows.map((row) => row.replace(/ \w+ \w+\t/, ' '))).toEqual([
      '100644 Z',
      '100644 a',
      '100644 a-b',
      '100644 a.b',
      '100644 a0/in',
      '100755 run',
      '100644 "\\303\\274/\\303\\237"',
    ]);
    expect(await plain('cat-file', 'blob', `${second}:a`)).toBe('a file now');
    expect(await plain('log', '-1', '--format=%an %ae%n%B', second)).toBe(
      'Dora Jäger dora@example.com\nMove things\n\nwith a body and no line break at its end\n',
    );
    expect((await plain('ls-tree', '--name-only', first, 'deep')).trim()).toBe('deep');
  });

  it('moves a branch only from where it is expected, whoever comes first', async () => {
    const heads = await Promise.all(
      Array.from({ length: 8 }, (_, number) =>
        repository.commit({
          branch: `side-${number}`,
          parent: first,
          message: `${number}`,
          author: ada,
          changes: [write('race', `${number}`)],
        }),
      ),
    );
    await repository.moveBranch('race', first, null);
    const moved = await Promise.allSettled(heads.map((head) => repository.moveBranch('race', head, first)));
    expect(moved.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of moved) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(BranchMoved);
    expect(heads).toContain(await repository.branchHead('race'));
    await expect(repository.moveBranch('race', first, null)).rejects.toBeInstanceOf(BranchMoved);
    await expect(repository.removeBranch('race', first)).rejects.toBeInstanceOf(BranchMoved);
    await repository.removeBranch('race', (await repository.branchHead('race')) ?? '');
    expect(await repository.branchHead('race')).toBeNull();
  });

  it('takes no name that would be more than one', async () => {
    const updates = RefUpdater.of(repository.directory);
    for (const name of ['refs/heads/a b', 'refs/heads/a\ndelete refs/heads/main', 'refs/heads/x..y']) {
      await expect(updates.update(name, first, null)).rejects.toBeInstanceOf(RefNotUpdated);
    }
    expect(await repository.branchHead('main')).not.toBeNull();
  });
});
