/** Asks Git itself what a project of the stand-in holds, not the stand-in's API. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';

const run = promisify(execFile);
const OUTPUT = 64 * 1024 * 1024;

/** Runs git in the repository of a project. @returns what it printed */
async function gitIn(stack: GatehouseStack, project: string, ...args: readonly string[]): Promise<string> {
  const folder = join(stack.folder, 'stand-ins', 'gitlab', 'repositories', `${project}.git`);
  const options = { maxBuffer: OUTPUT };
  return (await run('git', ['-C', folder, '-c', 'core.quotePath=false', ...args], options)).stdout;
}

export interface Commit {
  readonly id: string;
  /** a merge has two or more, the first commit none */
  readonly parents: readonly string[];
  readonly message: string;
  readonly files: readonly string[];
}

/** Commits of the branch `main`, oldest first. */
export async function commitsOf(stack: GatehouseStack, project: string): Promise<readonly Commit[]> {
  const format = '--format=%x01%H%x02%P%x02%B%x02';
  const log = await gitIn(stack, project, 'log', '--reverse', '--name-only', format, 'main');
  return log
    .split('\x01')
    .slice(1)
    .map((block): Commit => {
      const [id = '', parents = '', message = '', files = ''] = block.split('\x02');
      return { id, parents: parents === '' ? [] : parents.split(' '), message, files: linesOf(files) };
    });
}

/** Full names of branches, e.g. `refs/heads/main`. */
export async function branchesOf(stack: GatehouseStack, project: string): Promise<readonly string[]> {
  return linesOf(await gitIn(stack, project, 'for-each-ref', '--format=%(refname)'));
}

/**
 * Texts of files of the branch `main` by path.
 * @param isWanted default: all of them
 */
export async function filesOf(
  stack: GatehouseStack,
  project: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<ReadonlyMap<string, string>> {
  const paths = linesOf(await gitIn(stack, project, 'ls-tree', '-r', '--name-only', 'main'));
  const files = new Map<string, string>();
  for (const path of paths.filter(isWanted)) {
    files.set(path, await gitIn(stack, project, 'show', `main:${path}`));
  }
  return files;
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
