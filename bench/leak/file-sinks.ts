import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { Sink } from './search.js';

const run = promisify(execFile);
const GIT_OUTPUT = 256 * 1024 * 1024;
/** The stand-ins are the systems that own the secrets: what they log is not Gatehouse's. */
const NOT_OURS = 'stand-ins.log';

/** Logs of API, workers, Temporal and Postgres. */
export function logSinks(stack: GatehouseStack): readonly Sink[] {
  const logs = join(stack.folder, 'logs');
  const files = [
    ...readdirSync(logs)
      .filter((name) => name !== NOT_OURS)
      .map((name) => join(logs, name)),
    join(stack.folder, 'temporal', 'temporal.log'),
    ...(stack.postgres.logFile === undefined ? [] : [stack.postgres.logFile]),
  ];
  return files.map((file) => ({
    name: `log ${basename(file)}`,
    bytes: readFileSync(file),
  }));
}

/** Every object of every repository: commits, trees and files, also those that no branch holds any more. */
export async function gitSinks(stack: GatehouseStack): Promise<readonly Sink[]> {
  const repositories = join(stack.folder, 'stand-ins', 'gitlab', 'repositories');
  return Promise.all(
    stack.world.gitlab.projects.map(async (project) => {
      const { stdout } = await run(
        'git',
        ['-C', join(repositories, `${project}.git`), 'cat-file', '--batch-all-objects', '--batch'],
        { maxBuffer: GIT_OUTPUT, encoding: 'buffer' },
      );
      return { name: `git ${project}`, bytes: stdout };
    }),
  );
}
