import { join } from 'node:path';
import { CommandError, runCommand } from '../../sandbox/stack/run-command.js';
import { ROOT } from '../run-part.js';
import type { Check } from './finding.js';

/** A check by a tool of node_modules: it is well when the tool ends with code 0. */
function tool(name: string, packageName: string, file: string, args: readonly string[]): Check {
  return {
    name,
    async run() {
      const program = join(ROOT, 'node_modules', packageName, file);
      const lines: string[] = [];
      try {
        const env = { ...process.env, FORCE_COLOR: '0' };
        await runCommand(process.execPath, [program, ...args], {
          cwd: ROOT,
          env,
          onLine: (line) => lines.push(line),
        });
        return [];
      } catch (error) {
        return error instanceof CommandError ? lines : [String(error)];
      }
    },
  };
}

/** Everything that dependency-cruiser looks at. */
export const CRUISED = ['src', 'sandbox', 'test', 'bench', 'scripts'];

/** Native, in a third of the time. The one before it stays for dependency-cruiser, which needs the API that it no longer has. */
const COMPILER = 'typescript-7';

export const TOOLS: readonly Check[] = [
  tool('types', COMPILER, 'bin/tsc', ['--noEmit', '--pretty', 'false', '-p', 'tsconfig.json']),
  tool('types of the page', COMPILER, 'bin/tsc', ['--noEmit', '--pretty', 'false', '-p', 'web']),
  tool('lint and format', '@biomejs/biome', 'bin/biome', [
    'check',
    '--error-on-warnings',
    '--diagnostic-level=warn',
    '--max-diagnostics=50',
    '.',
  ]),
  tool('imports', 'dependency-cruiser', 'bin/dependency-cruiser.mjs', [
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err-long',
    ...CRUISED,
  ]),
];
