import { describe, expect, it } from 'vitest';
import { pathFaults } from '../../src/manifests/paths.js';
import { readManifests } from '../../src/manifests/read.js';
import { type Systems, systems } from './example-systems.js';
import { edited, exampleOf } from './examples.js';

const shop = exampleOf('Path', 'shop');
const basket = exampleOf('Path', 'basket');
const inventory = exampleOf('Inventory');

function faultsOf(texts: readonly string[], given?: Systems, of = inventory): readonly string[] {
  const read = readManifests([...texts, of].map((text, index) => ({ file: `f${index}.yaml`, text })));
  const [known] = read.inventories;
  if (known === undefined) throw new Error('no inventory');
  return pathFaults(read.paths, known.manifest, given).map(({ path, message }) => `${path}: ${message}`);
}

describe('paths and what the installation knows', () => {
  it('fit together in the examples', () => {
    expect(faultsOf([shop, basket], systems)).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    [
      'an unknown group',
      'owners: shop-owners',
      'owners: shop-owner',
      'spec.owners: "shop-owner" is not in the inventory\'s groups: did you mean "shop-owners"?',
    ],
    [
      'an unknown project',
      'project: shop/prod-ops',
      'project: shop/prod-op',
      'spec.environments[1].project: "shop/prod-op" is not in the inventory\'s projects: did you mean "shop/prod-ops"?',
    ],
    [
      'a branch that may not be written',
      'project: shop/prod-ops',
      'project: shop/prod-ops\n      branch: release',
      'spec.environments[1].branch: "release" is not the branch that may be written: it is "main"',
    ],
    [
      'an unknown cluster',
      'cluster: harbour-02',
      'cluster: harbour-03',
      'deliveries[0].cluster: "harbour-03" is not a connection of the inventory: did you mean "harbour-01"?',
    ],
    [
      'a cluster that only holds Applications',
      'cluster: harbour-02',
      'cluster: management',
      'deliveries[0].cluster: "management" is not a connection',
    ],
    [
      'an unknown connection',
      'connection: management\n          application: shop-prod',
      'connection: managment\n          application: shop-prod',
      'deliveries[0].connection: "managment" is not a connection of the inventory: did you mean "management"?',
    ],
    [
      'a check in an unknown cluster',
      '{kind: metric, name: errors, query: "sum(rate(shop_errors_total[5m]))", atMost: 0.5}',
      '{kind: job, name: smoke, connection: nowhere, namespace: shop, cronJob: smoke}',
      'checks[1].connection: "nowhere" is not a connection',
    ],
  ])('tell %s', (_, from, to, fault) => {
    expect(faultsOf([edited(shop, from, to)])).toEqual([expect.stringContaining(fault)]);
  });

  it('does not take the word that stands for the owners for a group', () => {
    const named = edited(inventory, '    shop-owners:', '    owners:');
    expect(faultsOf([edited(shop, 'owners: shop-owners', 'owners: owners')], undefined, named)).toEqual([
      expect.stringContaining('spec.owners: "owners" stands for this group in policies'),
    ]);
  });

  it.each<[string, Partial<Systems>, string]>([
    ['no connection', { kubernetes: { connections: [] } }, 'the connection "harbour-02" is not configured'],
    [
      'no registry',
      { registry: { hosts: [{ host: 'docker.io' }] } },
      'spec.images[0]: registry.example.com is not in systems.registry.hosts: known: docker.io',
    ],
    [
      'no host that may be asked',
      { checks: { hosts: ['https://shop.example.com:8443'] } },
      'checks[0].url: https://shop.example.com is not in systems.checks.hosts',
    ],
    [
      'no metrics',
      { checks: { hosts: ['https://shop.example.com/'] } },
      'checks[1]: no metrics can be asked',
    ],
  ])('tell that there is %s', (_, change, fault) => {
    expect(faultsOf([shop], { ...systems, ...change })).toContainEqual(expect.stringContaining(fault));
  });

  it.each<[string, keyof Systems, string]>([
    ['scan reports', 'harbor', 'spec.environments[1].scan: no scan reports can be read'],
    ['change records', 'servicenow', 'spec.environments[1].changeRecord: no change record can be opened'],
  ])('tell that nobody keeps %s', (_, missing, fault) => {
    expect(faultsOf([shop], without(missing))).toEqual([expect.stringContaining(fault)]);
  });

  it('tells two paths of one application, and two of one copied directory', () => {
    const twin = edited(shop, '{name: shop}', '{name: shop2}');
    expect(faultsOf([shop, twin])).toEqual([
      'spec.environments[1]: shop/prod-ops apps/shop is copied as a whole, and "shop" has a place there too',
    ]);
    expect(faultsOf([shop, shop])).toContainEqual(
      'metadata.name: the application "shop" has a path already: keep one',
    );
    // values of several services may stand in one directory
    expect(faultsOf([basket, edited(basket, '{name: basket}\n', '{name: orders}\n')])).toEqual([]);
  });
});

function without(missing: keyof Systems): Systems {
  const { harbor, servicenow, ...rest } = systems;
  return {
    ...rest,
    ...(missing === 'harbor' || harbor === undefined ? {} : { harbor }),
    ...(missing === 'servicenow' || servicenow === undefined ? {} : { servicenow }),
  };
}
