/** Two applications have their images in one kustomization: each owns its values, not the file. */
import { describe, expect, it } from 'vitest';
import type { Place } from '../../../src/domain/promotion/path.js';
import {
  hasOwnValues,
  type OwnedValues,
  otherValues,
  withoutChange,
} from '../../../src/planning/promotion/our-values.js';
import { changeOf } from '../../../src/planning/promotion/place-change.js';

const FILE = 'overlays/prod/kustomization.yaml';
const WEB = 'registry.example.com/shop/web';
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

const PLACE: Place = {
  name: 'eu',
  project: 'shop/environments',
  branch: 'main',
  directory: 'overlays/prod',
  change: {
    kind: 'edit',
    edits: [{ kind: 'kustomize-image', file: 'kustomization.yaml', image: WEB, by: { digest: true } }],
  },
  deliveries: [],
};
const OWNED: OwnedValues = {
  place: PLACE,
  release: { images: [{ repository: WEB, digest: digest('4') }], charts: [], commit: 'a'.repeat(40) },
  prefixes: [],
  paths: new Set([FILE]),
};

function kustomization(web: string | undefined, cart: string): string {
  return [
    'resources: [web.yaml, cart.yaml]',
    'images:',
    '  - name: registry.example.com/shop/cart',
    `    digest: ${digest(cart)}`,
    ...(web === undefined ? [] : [`  - name: ${WEB}`, `    digest: ${digest(web)}`]),
    '',
  ].join('\n');
}
const files = (text: string) => new Map([[FILE, text]]);

describe('the values of a release', () => {
  it('stand, whatever others have beside them in the same file', () => {
    expect(otherValues(files(kustomization('4', '7')), OWNED)).toEqual([]);
    expect(otherValues(files(kustomization('4', '8')), OWNED)).toEqual([]);
    expect(otherValues(files(`${kustomization('4', '8')}namePrefix: eu-\n`), OWNED)).toEqual([]);
  });

  it('do not stand when somebody has set others, has taken them out, or has taken the file away', () => {
    const other = otherValues(files(kustomization('5', '7')), OWNED);
    expect(other?.join('\n')).toContain(digest('5'));
    expect(otherValues(files(kustomization(undefined, '7')), OWNED)).not.toEqual([]);
    expect(otherValues(new Map(), OWNED)).toBeUndefined();
  });

  it('of before are told by the same lines, whatever stands beside them', () => {
    const before = otherValues(files(kustomization('1', '7')), OWNED);
    expect(otherValues(files(kustomization('1', '8')), OWNED)).toEqual(before);
    expect(otherValues(files(kustomization('2', '8')), OWNED)).not.toEqual(before);
  });

  it('are those of edits; a copied directory is ours as a whole', () => {
    expect(hasOwnValues(PLACE)).toBe(true);
    expect(hasOwnValues({ change: { kind: 'copy', keep: [] } })).toBe(false);
  });
});

describe('a change that is taken back', () => {
  const change = (before: string): string => {
    const { place, release, prefixes } = OWNED;
    const source = { files: new Map<string, string>(), directory: '' };
    return changeOf({ place, release, before: files(before), source, prefixes }).changes[0]?.after ?? before;
  };

  it.each<[string, string, string, string | undefined]>([
    [
      'our value, and nobody else changed anything',
      kustomization('1', '7'),
      kustomization('4', '7'),
      kustomization('1', '7'),
    ],
    [
      'our value beside a new one of others',
      kustomization('1', '7'),
      kustomization('4', '8'),
      kustomization('1', '8'),
    ],
    [
      'an entry that was added beside a new value of others',
      kustomization(undefined, '7'),
      kustomization('4', '8'),
      kustomization(undefined, '8'),
    ],
    [
      'our value below lines that others have added',
      kustomization('1', '7'),
      `# shared by two teams\n${kustomization('4', '7')}`,
      `# shared by two teams\n${kustomization('1', '7')}`,
    ],
    [
      'nothing, when somebody has put it back already',
      kustomization('1', '7'),
      kustomization('1', '8'),
      kustomization('1', '8'),
    ],
    [
      'nothing of a value that somebody has set since',
      kustomization('1', '7'),
      kustomization('9', '7'),
      undefined,
    ],
  ])('puts back %s', (_, before, now, expected) => {
    expect(withoutChange(before, change(before), now)).toBe(expected);
  });

  it('leaves the values of before where the edits of the release would go', () => {
    const [before, now] = [kustomization('1', '7'), kustomization('4', '8')];
    const back = withoutChange(before, change(before), now) ?? '';
    expect(otherValues(files(back), OWNED)).toEqual(otherValues(files(before), OWNED));
  });
});
