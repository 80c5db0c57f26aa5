import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandError, runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';

/** Each file breaks exactly the rule beside it, and nothing else. */
const VIOLATIONS: readonly (readonly [file: string, line: string, rule: string])[] = [
  ['src/domain/a.ts', `import '../ledger/target.js';`, 'domain-imports'],
  ['src/domain/b.ts', `import { readFile } from 'node:fs'; export const x = readFile;`, 'domain-is-pure'],
  ['src/domain/c.ts', `import pg from 'pg'; export const x = pg;`, 'domain-is-pure'],
  [
    'src/workflows/a.ts',
    `import { target } from '../activities/target.js'; export const x = target;`,
    'workflows-imports',
  ],
  [
    'src/workflows/b.ts',
    `import type { Target } from '../ledger/target.js'; export type X = Target;`,
    'workflows-types',
  ],
  ['src/workflows/c.ts', `import pg from 'pg'; export const x = pg;`, 'workflows-packages'],
  ['src/systems/gitlab/a.ts', `import '../../ledger/target.js';`, 'systems-imports'],
  [
    'src/systems/gitlab/b.ts',
    `import { Client } from '@temporalio/client'; export const x = Client;`,
    'systems-know-no-temporal',
  ],
  ['src/ledger/a.ts', `import '../api/target.js';`, 'ledger-imports'],
  ['src/security/a.ts', `import '../ledger/target.js';`, 'security-imports'],
  ['src/activities/a.ts', `import '../api/target.js';`, 'activities-imports'],
  ['src/api/a.ts', `import '../systems/target.js';`, 'api-imports'],
  ['src/api/facts.ts', `import '../activities/target.js';`, 'api-exception'],
  ['src/cli/a.ts', `import '../activities/target.js';`, 'cli-imports'],
  ['src/config/a.ts', `import '../ledger/target.js';`, 'config-imports'],
  ['src/worker/a.ts', `import '../api/target.js';`, 'worker-imports'],
  ['src/build/a.ts', `import '../api/target.js';`, 'build-imports'],
  ['src/api/b.ts', `import '../../sandbox/target.js';`, 'sandbox-only-outside-src'],
  ['sandbox/a.ts', `import '../test/target.js';`, 'sandbox-knows-no-tests'],
  ['src/api/c.ts', `import './d.js'; export const c = 1;`, 'no-circles'],
  ['src/api/e.ts', `import { test } from 'vitest'; export const x = test;`, 'no-dev-packages-in-product'],
  ['src/api/f.ts', `import './nowhere.js';`, 'resolvable'],
];

/** What the design allows: none of it may be reported. */
const ALLOWED: readonly (readonly [file: string, line: string])[] = [
  ['src/workflows/ok.ts', `import type { Target } from '../activities/target.js'; export type X = Target;`],
  [
    'src/workflows/ok2.ts',
    `import { sleep } from '@temporalio/workflow'; import '../domain/target.js'; export const x = sleep;`,
  ],
  [
    'src/activities/ok.ts',
    `import '../systems/target.js'; import '../ledger/target.js'; import '../domain/target.js';`,
  ],
  [
    'src/api/ok.ts',
    `import { Client } from '@temporalio/client'; import '../config/target.js'; export const x = Client;`,
  ],
  ['src/worker/ok.ts', `import '../activities/target.js'; import '../config/target.js';`],
  ['test/ok.ts', `import '../sandbox/target.js'; import '../src/domain/target.js';`],
];

/** The other half of the circle of src/api/c.ts. */
const OTHER_HALF = ['src/api/d.ts', `import './c.js'; export const d = 1;`] as const;

const TARGETS = [
  'src/domain',
  'src/ledger',
  'src/activities',
  'src/systems',
  'src/api',
  'src/config',
  'sandbox',
  'test',
];

let folder: TemporaryFolder;
let report: string;

beforeAll(async () => {
  folder = await temporaryFolder('import-rules');
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  for (const target of TARGETS)
    await put(`${target}/target.ts`, 'export const target = 1;\nexport type Target = number;\n');
  for (const [file, line] of [...VIOLATIONS, ...ALLOWED, OTHER_HALF]) await put(file, `${line}\n`);
  for (const file of ['node_modules', 'tsconfig.json', 'package.json'])
    await symlink(join(ROOT, file), join(folder.path, file));
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const run = runCommand(
    process.execPath,
    [program, '--config', config, '--output-type', 'err', 'src', 'sandbox', 'test'],
    {
      cwd: folder.path,
      env: { ...process.env, FORCE_COLOR: '0' },
      onLine: (line) => lines.push(line),
    },
  );
  const lines: string[] = [];
  await expect(run).rejects.toThrow(CommandError);
  report = lines.join('\n');
});

afterAll(() => folder?.remove());

test.each(VIOLATIONS)('%s is refused: %s', (file, _line, rule) => {
  expect(report).toMatch(new RegExp(`error ${rule}: ${file.replaceAll('.', '\\.')} `));
});

test.each(ALLOWED)('%s is fine: %s', (file) => {
  expect(report).not.toContain(`${file} `);
});
