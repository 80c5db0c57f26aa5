/** Asks Git itself what a project of the stand-in holds, not the stand-in's API. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';

const run = promisify(execFile);
const OUTPUT = 64 * 1024 * 1024;

/** Runs git in the repository of a project. @returns what it printed */
export async function gitIn(
  stack: GatehouseStack,
  project: string,
  ...args: readonly string[]
): Promise<string> {
  const folder = join(stack.folder, 'stand-ins', 'gitlab', 'repositories', `${project}.git`);
  const options = { maxBuffer: OUTPUT };
  return (await run('git', ['-C', folder, '-c', 'core.quotePath=false', ...args], options)).stdout;
}

/** Texts of all files of a branch by path. */
export async function filesOfBranch(
  stack: GatehouseStack,
  project: string,
  branch = 'main',
): Promise<ReadonlyMap<string, string>> {
  const paths = (await gitIn(stack, project, 'ls-tree', '-r', '--name-only', branch)).split('\n');
  const files = new Map<string, string>();
  for (const path of paths.filter((one) => one !== '')) {
    files.set(path, await gitIn(stack, project, 'show', `${branch}:${path}`));
  }
  return files;
}
