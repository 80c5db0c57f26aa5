import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InstallationError } from '../../src/config/installation.js';
import { readInstalledFiles } from '../../src/manifests/installed-files.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { exampleInstallation } from '../api/example-installation.js';
import { systems } from './example-systems.js';
import { edited, exampleOf } from './examples.js';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-files-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
function installed(files: Readonly<Record<string, string>>, { withPaths = true, paths = 'paths' } = {}) {
  count += 1;
  const folder = join(root, `${count}`);
  for (const name of ['', 'policies', 'paths']) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const folders = { inventory: 'inventory.yaml', policies: 'policies' };
  return readInstalledFiles(
    exampleInstallation(folder, { systems, files: withPaths ? { ...folders, paths } : folders }),
  );
}

const files = {
  'inventory.yaml': exampleOf('Inventory'),
  'policies/saas.yaml': exampleOf('Policy'),
  'policies/production.yml': exampleOf('Policy', 'production'),
  'paths/shop.yaml': exampleOf('Path', 'shop'),
  'paths/basket.yaml': exampleOf('Path', 'basket'),
  'paths/README.md': 'not read',
};

describe('the files of an installation', () => {
  it('give the path of an application, with its digest', () => {
    const { paths, pathFor } = installed(files);
    expect(paths.map(({ manifest }) => manifest.metadata.name)).toEqual(['basket', 'shop']);
    const shop = pathFor('shop');
    expect(shop?.manifest.metadata.name).toBe('shop');
    expect(shop?.digest).toBe(digest(canonicalJson(shop?.manifest)));
    expect(shop?.digest).not.toBe(pathFor('basket')?.digest);
    expect(pathFor('bank')).toBeUndefined();
  });

  it('give the policy of a subject, with its owners', () => {
    const { policyFor } = installed(files);
    const subject = {
      kind: 'Promotion',
      application: 'shop',
      environment: 'prod',
      owners: 'shop-owners',
    } as const;
    expect(policyFor({ kind: 'Fleet', service: 'otterize' })?.metadata.name).toBe('saas');
    expect(policyFor(subject)?.spec.gates[0]?.approvers.group).toBe('shop-owners');
    expect(policyFor({ ...subject, exception: 'break-glass' })?.metadata.name).toBe('production-break-glass');
    expect(policyFor({ ...subject, exception: 'hotfix' })).toBeUndefined();
    expect(policyFor({ ...subject, environment: 'dev' })).toBeUndefined();
  });

  it('need no paths', () => {
    const { paths, pathFor } = installed(files, { withPaths: false });
    expect(paths).toEqual([]);
    expect(pathFor('shop')).toBeUndefined();
  });

  it('tell faults of paths and policies together', () => {
    const broken = {
      ...files,
      'policies/saas.yaml': edited(exampleOf('Policy'), 'group: dpo', 'group: dpos'),
      'paths/shop.yaml': edited(exampleOf('Path', 'shop'), 'owners: shop-owners', 'owners: nobody'),
    };
    expect(() => installed(broken)).toThrow(/saas\.yaml:.*"dpos" is not in the inventory's groups/);
    expect(() => installed(broken)).toThrow(/shop\.yaml:5:11: spec\.owners: "nobody"/);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['a fleet', { 'policies/fleet.yaml': exampleOf('Fleet') }, 'fleet.yaml holds a Fleet'],
    ['a promotion', { 'paths/now.yaml': exampleOf('Promotion') }, 'now.yaml holds a Promotion'],
    [
      'a second inventory',
      { 'paths/inventory.yaml': exampleOf('Inventory') },
      'must hold exactly one Inventory; found 2',
    ],
  ])('hold %s nowhere', (_, more, message) => {
    const read = (): unknown => installed({ ...files, ...more });
    expect(read).toThrow(InstallationError);
    expect(read).toThrow(message);
  });

  it('tell a folder that is not there', () => {
    expect(() => installed(files, { paths: 'nowhere' })).toThrow(/folder of paths .* cannot be read/);
  });
});
