/** The command line as one file in a checkout (`npm run build:cli`): made when it is missing, or when a source of it has changed. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FILE = join(ROOT, 'dist/gatehouse.cjs');

/** @returns path of the file, or undefined where it can't be made, e.g. in a folder that may not be written */
export function builtCommand() {
  if (isCurrent()) return FILE;
  if (process.stderr.isTTY) process.stderr.write('Gatehouse has changed: its command line is made anew …\n');
  const builder = join(ROOT, 'src/build/command-file-main.ts');
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', builder, FILE], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  return status === 0 ? FILE : undefined;
}

/** Any other size or time of a source counts, an older one too: a checkout goes back as well. */
function isCurrent() {
  try {
    statSync(FILE);
    const stamps = JSON.parse(readFileSync(`${FILE}.sources.json`, 'utf8'));
    return Object.entries(stamps).every(([path, [size, changedMs]]) => {
      const found = statSync(join(ROOT, path));
      return found.mtimeMs === changedMs && (found.isDirectory() || found.size === size);
    });
  } catch {
    return false;
  }
}
