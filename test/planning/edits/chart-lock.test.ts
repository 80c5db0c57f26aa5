import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helmBinary } from '../../../sandbox/stack/helm-binary.js';
import { runCommand } from '../../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { withChartLock } from '../../../src/planning/edits/chart-lock.js';
import { setValueAt } from '../../../src/planning/edits/set-value.js';
import { refusalOf } from './refusal-of.js';

const SHOP = (version: string) => `apiVersion: v2\nname: shop\nversion: ${version}\n`;
const UMBRELLA = `apiVersion: v2
name: production
version: 0.1.0
dependencies:
  - name: shop
    version: 1.4.1
    repository: file://../shop
    condition: shop.enabled
`;

let folder: TemporaryFolder;
let helm: string | undefined;
beforeAll(async () => {
  folder = await temporaryFolder('chart-lock');
  helm = await helmBinary();
});
afterAll(() => folder.remove());

/** Writes files below a folder of the test's own. */
async function written(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder.path, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const edited = (files: ReadonlyMap<string, string>, version: string) =>
  withChartLock(
    files,
    'production/Chart.yaml',
    setValueAt(files, 'production/Chart.yaml', 'dependencies[name=shop].version', () => version),
  );

describe('the lock beside a Chart.yaml', () => {
  it('goes along with an edit, so that the real Helm takes both; without it Helm refuses', async (context) => {
    if (helm === undefined) return context.skip('Helm is not in the cache; npm run test:real builds it.');
    const root = await written('real', {
      'shop/Chart.yaml': SHOP('1.4.1'),
      'production/Chart.yaml': UMBRELLA,
    });
    const production = join(root, 'production');
    await runCommand(helm, ['dependency', 'update', production]);
    const lock = (await runCommand('cat', [join(production, 'Chart.lock')])).trimEnd();
    const files = new Map([
      ['production/Chart.yaml', UMBRELLA],
      ['production/Chart.lock', `${lock}\n`],
    ]);
    const after = new Map(edited(files, '1.4.2').files.map((change) => [change.path, change.after ?? '']));
    expect([...after.keys()]).toEqual(['production/Chart.yaml', 'production/Chart.lock']);

    await written('real', {
      'shop/Chart.yaml': SHOP('1.4.2'),
      'production/Chart.yaml': after.get('production/Chart.yaml') ?? '',
    });
    await expect(runCommand(helm, ['dependency', 'build', production])).rejects.toThrow();
    await written('real', { 'production/Chart.lock': after.get('production/Chart.lock') ?? '' });
    await runCommand(helm, ['dependency', 'build', production]);
  });

  it('is not made where there is none', () => {
    const files = new Map([['production/Chart.yaml', UMBRELLA]]);
    expect(edited(files, '1.4.2').files.map(({ path }) => path)).toEqual(['production/Chart.yaml']);
  });

  it('of other dependencies is refused, with what would do', () => {
    const files = new Map([
      ['production/Chart.yaml', UMBRELLA],
      ['production/Chart.lock', 'dependencies: []\ndigest: sha256:0\ngenerated: "2026-01-01T00:00:00Z"\n'],
    ]);
    const refused = refusalOf(() => edited(files, '1.4.2'));
    expect(refused.remedy).toContain('helm dependency update');
  });
});
