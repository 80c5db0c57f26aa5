import { describe, expect, it } from 'vitest';
import { expandPromotion } from '../../src/manifests/expand-promotion.js';
import { ManifestError } from '../../src/manifests/fault.js';
import { isFleet, readManifests, readOneFleet, readOneRequest } from '../../src/manifests/read.js';
import { edited, exampleOf } from './examples.js';

const promotion = exampleOf('Promotion');
const fleet = exampleOf('Fleet');
const policy = exampleOf('Policy');
const DIGEST = 'sha256:4c1f3f0e5f6e4b0d9a7c8e2b1a0f9e8d7c6b5a4938271605f4e3d2c1b0a99887';

function path(name: 'shop' | 'basket') {
  const [found] = readManifests([{ file: 'path.yaml', text: exampleOf('Path', name) }]).paths;
  if (found === undefined) throw new Error('no path');
  return found.manifest;
}

function expand(text: string, of: 'shop' | 'basket' = 'shop', at = path(of)) {
  const asked = readOneRequest('p.yaml', text);
  if (isFleet(asked)) throw new Error('a fleet');
  return expandPromotion(asked, at, 'd'.repeat(64));
}

/** A promotion of the microservice. */
function ofBasket(spec: string): string {
  return `apiVersion: gatehouse/v1\nkind: Promotion\nmetadata: {name: basket}\nspec: ${spec}\n`;
}

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ManifestError) return error.faults.map((fault) => `${fault.path}: ${fault.message}`);
    throw error;
  }
  return [];
}

describe('expanding a promotion', () => {
  it('takes all that will be done from the path', () => {
    const { rules, targets, from, ...rest } = expand(promotion);
    expect(rest).toEqual({
      application: 'shop',
      environment: 'prod',
      asked: { images: { 'registry.example.com/shop/web': DIGEST }, charts: {} },
      path: { name: 'shop', digest: 'd'.repeat(64) },
      owners: 'shop-owners',
      images: ['registry.example.com/shop/web'],
      charts: [],
    });
    const [dev, prod] = path('shop').spec.environments;
    expect(from).toEqual({ name: 'dev', places: dev.places, isFirst: true });
    expect(targets).toEqual(prod.places.map((place) => ({ ...place, key: 'shop/prod/prod' })));
    const { name, places, ...written } = prod;
    expect(rules).toEqual(written);
  });

  it('takes what the environment before runs, unless a release is named', () => {
    const content = expand(ofBasket('{to: prd}'), 'basket');
    expect(content.from).toMatchObject({ name: 'stg', isFirst: false });
    expect(content.asked).toEqual({ images: {}, charts: {} });
    expect(content.targets.map(({ key }) => key)).toEqual(['basket/prd/north', 'basket/prd/south']);
  });

  it('knows an image by its name, by its last part, and by tag or digest', () => {
    const commit = 'a'.repeat(40);
    const release = `{commit: ${commit}, images: {registry.example.com/shop/basket: stg-9f31c2e}, charts: {basket: "1.4.2"}}`;
    expect(expand(ofBasket(`{to: prd, from: stg, release: ${release}}`), 'basket').asked).toEqual({
      commit,
      images: { 'registry.example.com/shop/basket': 'stg-9f31c2e' },
      charts: { basket: '1.4.2' },
    });
    expect(
      expand(ofBasket(`{to: prd, release: {images: {basket: ${DIGEST}}}}`), 'basket').asked.images,
    ).toEqual({
      'registry.example.com/shop/basket': DIGEST,
    });
  });

  it.each<[string, string, string]>([
    ['the next environment', '{to: stg, from: dev}', ''],
    [
      'one that is skipped',
      '{to: prd, from: dev}',
      'spec.from: environments can\'t be skipped: "prd" takes what runs in "stg"',
    ],
    [
      'one that is skipped in a rollback',
      '{to: prd, from: dev, exception: rollback}',
      "spec.from: environments can't be skipped",
    ],
    ['one that is skipped in a hotfix', '{to: prd, from: dev, exception: hotfix}', ''],
    ['one that is skipped in an emergency', '{to: prd, from: sbx, exception: break-glass}', ''],
    ['a later one', '{to: stg, from: prd, exception: hotfix}', 'spec.from: "prd" does not come before "stg"'],
    ['itself', '{to: stg, from: stg, exception: hotfix}', 'spec.from: "stg" does not come before "stg"'],
    [
      'an unknown one',
      '{to: stg, from: dew}',
      'spec.from: "dew" is not an environment of basket: did you mean "dev"?',
    ],
  ])('takes a release from %s', (_, spec, fault) => {
    const faults = faultsOf(() => expand(ofBasket(spec), 'basket'));
    expect(faults).toEqual(fault === '' ? [] : [expect.stringContaining(fault)]);
  });

  it.each<[string, string, string]>([
    [
      'an unknown environment',
      '{to: prod}',
      'spec.to: "prod" is not an environment of basket: did you mean "prd"?',
    ],
    [
      'the first environment',
      '{to: sbx}',
      'spec.to: releases come from "sbx": nothing is promoted there. Promote to "dev"',
    ],
    [
      'an unknown image',
      '{to: prd, release: {images: {baskets: x}}}',
      'spec.release.images.baskets: "baskets" is not an image of basket: did you mean "basket"?',
    ],
    [
      'an image twice',
      '{to: prd, release: {images: {basket: x, registry.example.com/shop/basket: y}}}',
      'registry.example.com/shop/basket is named twice',
    ],
    [
      'an unknown chart',
      '{to: prd, release: {charts: {shop: "1.0.0"}}}',
      'spec.release.charts.shop: "shop" is not a chart of basket',
    ],
  ])('refuses %s', (_, spec, fault) => {
    expect(faultsOf(() => expand(ofBasket(spec), 'basket'))).toEqual([expect.stringContaining(fault)]);
  });

  it('refuses a last part that two images have', () => {
    const { spec, ...rest } = path('basket');
    const twins = {
      ...rest,
      spec: { ...spec, images: [...spec.images, 'registry.example.com/other/basket'] },
    };
    const text = ofBasket(`{to: prd, release: {images: {basket: ${DIGEST}}}}`);
    expect(faultsOf(() => expand(text, 'basket', twins))).toEqual([
      expect.stringContaining('write the whole name'),
    ]);
  });

  it('refuses the path of another application', () => {
    expect(faultsOf(() => expand(promotion, 'basket'))).toContainEqual(
      'metadata.name: the path is that of "basket"',
    );
  });

  it('tells all faults at once', () => {
    const text = ofBasket('{to: prd, from: dev, release: {images: {x: y}, charts: {z: "1.0.0"}}}');
    expect(faultsOf(() => expand(text, 'basket'))).toHaveLength(3);
  });
});

describe('a promotion file', () => {
  it.each<[string, string, string]>([
    [
      'half a commit',
      '{to: prd, release: {commit: 9f31c2e}}',
      'spec.release.commit: must be a whole commit id',
    ],
    [
      'a digest that is none',
      '{to: prd, release: {images: {basket: "sha256:12"}}}',
      'images.basket: must be a digest',
    ],
    [
      'a version that YAML reads as a number',
      '{to: prd, release: {charts: {basket: 1.4}}}',
      'charts.basket: must be text: put it in quotes',
    ],
    [
      'a range of versions',
      '{to: prd, release: {charts: {basket: "^1.4.0"}}}',
      'charts.basket: must be a version',
    ],
    [
      'an exception that is none',
      '{to: prd, exception: urgent}',
      'spec.exception: must be "hotfix" or "break-glass" or "rollback"',
    ],
    ['a policy of its own', '{to: prd, policy: lenient}', 'spec.policy: is not known here'],
    ['a place of its own', '{to: prd, project: shop/prod-ops}', 'spec.project: is not known here'],
  ])('refuses %s', (_, spec, fault) => {
    expect(faultsOf(() => readOneRequest('p.yaml', ofBasket(spec)))).toEqual([
      expect.stringContaining(fault),
    ]);
  });
});

describe('a request', () => {
  it('is one fleet or one promotion, and nothing beside', () => {
    expect(isFleet(readOneRequest('r.yaml', fleet))).toBe(true);
    expect(isFleet(readOneRequest('r.yaml', promotion))).toBe(false);
    for (const text of [policy, '']) {
      expect(() => readOneRequest('r.yaml', text)).toThrow('holds no document of kind Fleet or Promotion');
    }
    for (const text of [`${fleet}---\n${promotion}`, `${promotion}---\n${policy}`]) {
      expect(() => readOneRequest('r.yaml', text)).toThrow('takes one document of kind Fleet or Promotion');
    }
  });

  it('of a fleet is no promotion', () => {
    expect(() => readOneFleet('r.yaml', promotion)).toThrow('kind: must be "Fleet" here');
    expect(readOneFleet('r.yaml', edited(fleet, 'harbour-02', 'harbour-03')).manifest.kind).toBe('Fleet');
  });
});

describe('a promotion in shadow', () => {
  const inPath = (environment: string) => {
    const manifest = path('basket');
    const [first, second, ...rest] = manifest.spec.environments;
    const marked = <T extends { readonly name: string }>(one: T): T =>
      one.name === environment ? { ...one, shadow: true } : one;
    const environments = [first, marked(second), ...rest.map(marked)] as const;
    return { ...manifest, spec: { ...manifest.spec, environments } };
  };

  it('is one that says so, and every one into an environment that says so', () => {
    expect(expand(ofBasket('{to: stg, shadow: true}'), 'basket').shadow).toBe(true);
    expect(expand(ofBasket('{to: stg, shadow: false}'), 'basket')).not.toHaveProperty('shadow');
    expect(expand(ofBasket('{to: stg}'), 'basket', inPath('stg')).shadow).toBe(true);
    expect(expand(ofBasket('{to: stg}'), 'basket', inPath('prd'))).not.toHaveProperty('shadow');
  });

  it("is in nobody's way, and the environment after it takes what is seen to run there", () => {
    const { rules, from } = expand(ofBasket('{to: prd}'), 'basket', inPath('stg'));
    expect([rules.whileOpen, from.isFirst]).toEqual(['refuse', true]);
    expect(expand(ofBasket('{to: stg, shadow: true}'), 'basket').rules.whileOpen).toBe('latest-wins');
  });

  it('is nothing for the environment where releases come from', () => {
    const text = edited(
      exampleOf('Path', 'shop'),
      '    - name: dev\n',
      '    - name: dev\n      shadow: true\n',
    );
    expect(faultsOf(() => readManifests([{ file: 'path.yaml', text }])).join()).toContain('shadow');
  });
});

it('refuses the word amend in a policy, and says what to do instead', () => {
  const amended = edited(policy, 'whileOpen: refuse', 'whileOpen: amend');
  expect(faultsOf(() => readManifests([{ file: 'policy.yaml', text: amended }])).join()).toContain(
    'is signed and is not changed afterwards; cancel it and ask again',
  );
});
