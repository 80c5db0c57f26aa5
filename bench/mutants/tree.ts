/** A copy of the sources in a temporary folder, in which a mutant may live; the checkout is never touched. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { type Mutant, mutate } from './mutant.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIST_LIMIT_MS = 60_000;

export interface Tree {
  readonly path: string;
  /** Breaks one place. @returns how to mend it. @throws StaleMutant */
  plant(mutant: Mutant): () => void;
  remove(): Promise<void>;
}

/** Copies what Git knows and what it would add, with the packages of the checkout. */
export async function copyTree(): Promise<Tree> {
  const folder = await temporaryFolder('mutants');
  const listed = await runCommand('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    timeoutMs: LIST_LIMIT_MS,
  });
  for (const file of listed.split('\n').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder.path, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  return {
    path: folder.path,
    plant(mutant) {
      const file = join(folder.path, mutant.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, mutate(mutant, source));
      return () => writeFileSync(file, source);
    },
    remove: () => folder.remove(),
  };
}
