import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStory, type Story } from '../../../bench/accidents/story.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { GitHistory } from '../../../src/cli/wait/git-history.js';
import type { Relation } from '../../../src/delivery/history.js';

const NEVER = new AbortController().signal;
let folder: TemporaryFolder;
let story: Story;
beforeAll(async () => {
  folder = await temporaryFolder('git-history');
  story = await makeStory(folder.path);
});
afterAll(() => folder.remove());

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

async function open(repository: string, revision = story.ours): Promise<GitHistory> {
  return GitHistory.open({ repository, revision, now: Date.now }, NEVER);
}

async function relations(history: GitHistory): Promise<Readonly<Record<string, Relation>>> {
  const { before, ours, later, reverted, newer, side, merged } = story;
  const result: Record<string, Relation> = {};
  for (const [name, commit] of Object.entries({ before, ours, later, reverted, newer, side, merged })) {
    result[name] = await history.relationOf(commit, NEVER);
  }
  return result;
}

const TRUTH = {
  before: 'other',
  ours: 'holds',
  later: 'holds',
  reverted: 'replaced',
  newer: 'replaced',
  side: 'other',
  merged: 'holds',
};

describe('GitHistory', () => {
  it('tells commits that hold ours from those that replaced it and those that never had it', async () => {
    expect(await relations(await open(story.folder))).toEqual(TRUTH);
  });

  it('completes a shallow clone, as pipelines make them', async () => {
    const clone = join(folder.path, 'shallow');
    git('clone', '--quiet', '--depth', '1', '--branch', 'main', `file://${story.folder}`, clone);
    const branches = git('-C', clone, 'for-each-ref', 'refs/heads', 'refs/remotes');
    expect(await relations(await open(clone))).toEqual(TRUTH);
    expect(git('-C', clone, 'for-each-ref', 'refs/heads', 'refs/remotes')).toBe(branches);
  });

  it('clones an address, and leaves nothing behind', async () => {
    const history = await open(`file://${story.folder}`);
    expect(history.remote).toBe(`file://${story.folder}`);
    const made = readdirSync(join(folder.path, '..')).filter((name) => name.startsWith('gatehouse-wait-'));
    expect(await relations(history)).toEqual(TRUTH);
    await history.close();
    expect(made.filter((name) => existsSync(join(folder.path, '..', name)) && isOurs(name))).toEqual([]);
  });

  it('asks a merge for what it brought', async () => {
    const history = await open(story.folder, story.merged);
    expect(await history.relationOf(story.ours, NEVER)).toBe('other');
    expect(await history.relationOf(story.merged, NEVER)).toBe('holds');
  });

  it('does not know a commit that nobody has pushed', async () => {
    expect(await (await open(story.folder)).relationOf('1'.repeat(40), NEVER)).toBe('unknown');
  });

  it('sees a commit that was pushed after the clone was made', async () => {
    const clone = join(folder.path, 'older');
    git('clone', '--quiet', '--branch', 'main', `file://${story.folder}`, clone);
    const history = await open(clone);
    const identity = ['-c', 'user.name=Example', '-c', 'user.email=example@example.com'];
    git('-C', story.folder, 'checkout', '--quiet', 'main');
    git('-C', story.folder, ...identity, 'commit', '--quiet', '--allow-empty', '--message', 'Later');
    const late = git('-C', story.folder, 'rev-parse', 'HEAD');
    // main ends with the revert of ours
    expect(await history.relationOf(late, NEVER)).toBe('replaced');
  });

  it('refuses what is no repository, an address that does not answer, and a commit that is not there', async () => {
    await expect(open(folder.path)).rejects.toThrow(/cannot be asked/);
    await expect(open(join(folder.path, 'none'))).rejects.toThrow(/cannot be cloned/);
    await expect(open('https://bot:hunter2@127.0.0.1:1/none.git')).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
    await expect(open(story.folder, '2'.repeat(40))).rejects.toThrow(/has no commit/);
  });
});

/** Folders of other waits on this machine are none of ours. */
function isOurs(name: string): boolean {
  try {
    return git('-C', join(folder.path, '..', name), 'config', 'remote.origin.url').endsWith(story.folder);
  } catch {
    return false;
  }
}
