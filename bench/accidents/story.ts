import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A real repository of two applications with the commits that the accidents are about, each a whole id. */
export interface Story {
  readonly folder: string;
  /** what ran before */
  readonly before: string;
  /** sets another image for `shop`: what is waited for */
  readonly ours: string;
  /** somebody else's commit on top of ours, in another folder */
  readonly later: string;
  /** a revert of ours, on top of `later` */
  readonly reverted: string;
  /** a newer release of `shop`, on top of `later` */
  readonly newer: string;
  /** on another branch, which was merged back as `merged` */
  readonly side: string;
  /** a merge of `side` and ours */
  readonly merged: string;
}

/** Makes the repository in a folder. */
export async function makeStory(parent: string): Promise<Story> {
  const folder = join(parent, 'repository');
  await mkdir(folder, { recursive: true });
  const git = async (...args: readonly string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Example', '-c', 'user.email=example@example.com'];
    const { stdout } = await run('git', ['-C', folder, ...identity, '-c', 'commit.gpgsign=false', ...args]);
    return stdout.trim();
  };
  const commit = async (files: Readonly<Record<string, string>>, message: string): Promise<string> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
    return git('rev-parse', 'HEAD');
  };
  await git('init', '--quiet', '--initial-branch', 'main');
  const before = await commit(
    { 'shop/values.yaml': 'image: 1\n', 'bank/values.yaml': 'image: 1\n' },
    'Begin',
  );
  const ours = await commit({ 'shop/values.yaml': 'image: 2\n' }, 'Shop 2');
  const later = await commit({ 'bank/values.yaml': 'image: 2\n' }, 'Bank 2');
  await git('revert', '--no-edit', ours);
  const reverted = await git('rev-parse', 'HEAD');
  await git('checkout', '--quiet', '-b', 'newer', later);
  const newer = await commit({ 'shop/values.yaml': 'image: 3\n' }, 'Shop 3');
  await git('checkout', '--quiet', '-b', 'side', before);
  const side = await commit({ 'bank/values.yaml': 'image: 9\n' }, 'Bank 9');
  await git('checkout', '--quiet', '-b', 'merged', side);
  await git('merge', '--quiet', '--no-edit', ours);
  const merged = await git('rev-parse', 'HEAD');
  return { folder, before, ours, later, reverted, newer, side, merged };
}
