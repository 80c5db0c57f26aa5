import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { ROOT } from '../run-part.js';
import type { Check } from './finding.js';

interface Rule {
  readonly pattern: RegExp;
  readonly why: string;
  /** Only in files whose path matches. Default: all. */
  readonly files?: RegExp;
}

const PACKAGE_HOSTS = [
  'registry.npmjs',
  'registry.yarnpkg',
  'proxy.golang',
  'sum.golang',
  'pythonhosted',
  'repo1.maven',
];

/** What must not stand in the tree. Written so that no pattern matches its own line. */
const RULES: readonly Rule[] = [
  { pattern: /(?<![\w.:-])\/(?:work|root)\/\w/, why: 'a path of one machine' },
  { pattern: /(?<![\w.-])\/tmp\/gh\b/, why: 'a path of one machine' },
  {
    pattern: new RegExp(`\\b(?:${PACKAGE_HOSTS.map((host) => host.replace('.', '\\.')).join('|')})\\.`),
    why: 'the host of a package registry',
  },
  {
    pattern:
      /\b(?:test|it|describe|suite)\.(?:only|skip|todo|skipIf|runIf)\b|\b(?:fit|xit|fdescribe|xdescribe)\(/,
    why: "a focused or skipped test; what a machine can't run says so by context.skip(reason)",
    files: /^test\/.*\.test\.ts$/,
  },
  { pattern: /@ts-(?:ignore|nocheck)/, why: 'the compiler silenced', files: /\.[cm]?ts$/ },
];

/** Vendors' files are kept as they came; the lock file has a check of its own; histories are recorded. */
const NOT_OURS = /^(?:third_party\/specs\/|package-lock\.json$)|\.history\.json$|go\.(?:sum|mod)$/;
const BINARY = /\.(?:png|jpg|ico|woff2?|zip|gz)$/;

/** Faults of one file, each with its line. `host`: the registry this machine installs from, which no file may name. */
export function wordFaults(path: string, text: string, host?: string): string[] {
  const faults: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    for (const { pattern, why, files } of RULES) {
      if (files !== undefined && !files.test(path)) continue;
      if (pattern.test(line)) faults.push(`${path}:${i + 1}: ${why}`);
    }
    if (host !== undefined && line.includes(host))
      faults.push(`${path}:${i + 1}: the host of a package registry`);
  }
  return faults;
}

export const WORDS: Check = {
  name: 'words',
  async run() {
    const listed = await runCommand('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
    });
    const paths = listed
      .split('\n')
      .filter((path) => path !== '' && !NOT_OURS.test(path) && !BINARY.test(path));
    const registry = process.env.npm_config_registry;
    const host = registry === undefined ? undefined : new URL(registry).hostname;
    const faults = await Promise.all(
      paths.map(async (path) =>
        wordFaults(path, await readFile(join(ROOT, path), 'utf8').catch(() => ''), host),
      ),
    );
    return faults.flat();
  },
};
