import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from '../../../sandbox/gitlab/git-process.js';
import { type FileChange, GitRepository } from '../../../sandbox/gitlab/git-repository.js';
import { mergedChanges } from '../../../sandbox/gitlab/tree-merge.js';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com' };
const write = (path: string, text: string, executable = false): FileChange => ({
  kind: 'write',
  path,
  content: Buffer.from(text),
  executable,
});
const remove = (path: string): FileChange => ({ kind: 'remove', path });

describe('merging trees', () => {
  let folder: string;
  let repository: GitRepository;
  let base: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gitlab-tree-merge-'));
    repository = await GitRepository.create(join(folder, 'one.git'), 'main');
    base = await repository.commit({
      branch: 'main',
      parent: null,
      message: 'Start',
      author: ada,
      changes: [
        write('a/one.txt', '1\n2\n3\n4\n5\n'),
        write('a/two.txt', 'two\n'),
        write('a/deep/three.txt', 'three\n'),
        write('b/four.txt', 'four\n'),
      ],
    });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  let branches = 0;
  const change = (...changes: FileChange[]): Promise<string> => {
    branches += 1;
    return repository.commit({ branch: `b${branches}`, parent: base, message: 'x', author: ada, changes });
  };

  /** Tree id of our merge, and of git's own; both null for a conflict. */
  async function both(ours: string, theirs: string): Promise<[string | null, string | null]> {
    const changes = await mergedChanges(repository, { base, ours, theirs });
    let tree: string | null = null;
    if (changes !== null) {
      branches += 1;
      const id = await repository.commit({
        branch: `b${branches}`,
        parent: ours,
        merged: theirs,
        message: 'x',
        author: ada,
        changes,
      });
      expect((await repository.commitInfo(id)).parents).toEqual([ours, theirs]);
      tree = (await git(['--git-dir', repository.directory, 'rev-parse', `${id}^{tree}`])).toString().trim();
    }
    const clone = join(folder, `clone${branches}`);
    await git(['clone', '--quiet', '--no-checkout', repository.directory, clone]);
    const env = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a',
    };
    await git(['-C', clone, 'checkout', '--quiet', '--detach', ours]);
    const merged = await git(['-C', clone, 'merge', '--quiet', '-X', 'no-renames', '--no-edit', theirs], {
      env,
    }).then(
      () => true,
      () => false,
    );
    const theirsOfGit = merged
      ? (await git(['-C', clone, 'rev-parse', 'HEAD^{tree}'])).toString().trim()
      : null;
    return [tree, theirsOfGit];
  }

  it.each<[string, FileChange[], FileChange[]]>([
    ['different files', [write('a/two.txt', 'ours\n')], [write('b/four.txt', 'theirs\n')]],
    ['files of one folder', [write('a/two.txt', 'ours\n')], [write('a/deep/three.txt', 'theirs\n')]],
    [
      'new files beside each other',
      [write('a/new1.txt', 'x\n')],
      [write('a/new2.txt', 'y\n'), write('c/d/e', 'z\n')],
    ],
    ['the same change twice', [write('a/two.txt', 'same\n')], [write('a/two.txt', 'same\n')]],
    [
      'far lines of one file',
      [write('a/one.txt', 'x\n2\n3\n4\n5\n')],
      [write('a/one.txt', '1\n2\n3\n4\ny\n')],
    ],
    [
      'a mode and a line of one file',
      [write('a/one.txt', '1\n2\n3\n4\n5\n', true)],
      [write('a/one.txt', '0\n2\n3\n4\n5\n')],
    ],
    ['removals', [remove('a/two.txt')], [remove('b/four.txt')]],
    ['a folder that goes', [write('a/two.txt', 'x\n')], [remove('a/deep/three.txt')]],
    [
      'a folder that becomes a file',
      [write('a/two.txt', 'x\n')],
      [remove('b/four.txt'), write('b', 'file\n')],
    ],
    [
      'a file that becomes a folder',
      [write('b/four.txt', 'x\n')],
      [remove('a/two.txt'), write('a/two.txt/in', 'y\n')],
    ],
  ])('does as git does: %s', async (_, ours, theirs) => {
    const [mine, gits] = await both(await change(...ours), await change(...theirs));
    expect(mine).toMatch(/^[0-9a-f]{40}$/);
    expect(mine).toBe(gits);
  });

  it.each<[string, FileChange[], FileChange[]]>([
    ['the same line', [write('a/one.txt', 'x\n2\n3\n4\n5\n')], [write('a/one.txt', 'y\n2\n3\n4\n5\n')]],
    ['changed here, removed there', [write('a/two.txt', 'x\n')], [remove('a/two.txt')]],
    ['removed here, changed there', [remove('a/two.txt')], [write('a/two.txt', 'x\n')]],
    ['two new files of one name', [write('n', 'x\n')], [write('n', 'y\n')]],
  ])('finds the conflict that git finds: %s', async (_, ours, theirs) => {
    expect(await both(await change(...ours), await change(...theirs))).toEqual([null, null]);
  });
});
