import { describe, expect, it } from 'vitest';
import type { Place } from '../../../src/domain/promotion/path.js';
import {
  previousPrefixes,
  promotedTag,
  promotedTags,
  TagRefused,
} from '../../../src/domain/promotion/tags.js';

const WEB = 'registry.example.com/shop/web';
const API = 'registry.example.com/shop/api';
const DIGEST = `sha256:${'1'.repeat(64)}`;

describe('promotedTag', () => {
  it.each<[string, readonly string[], string, string]>([
    ['dev-4f1c2ab', ['dev-'], 'stg-', 'stg-4f1c2ab'],
    ['stg-4f1c2ab', ['stg-', 'dev-'], 'prd-', 'prd-4f1c2ab'],
    // the longest prefix: the rest is the version, not a part of the environment's name
    ['dev-eu-1.2', ['dev-', 'dev-eu-'], 'stg-', 'stg-1.2'],
    ['dev-dev-1', ['dev-'], 'stg-', 'stg-dev-1'],
    ['v1.2', ['v'], 'release-', 'release-1.2'],
  ])('%s with %j and %s is %s', (tag, previous, prefix, expected) => {
    expect(promotedTag(tag, previous, prefix)).toBe(expected);
  });

  it.each<[string, string, readonly string[]]>([
    ['begins otherwise', '1.2.0', ['dev-']],
    ['has the prefix inside', 'x-dev-1', ['dev-']],
    ['is nothing but the prefix', 'dev-', ['dev-']],
    ['has no known prefix', 'dev-1', []],
    ['has no prefix that says anything', 'dev-1', ['']],
    ['would be too long', `dev-${'1'.repeat(124)}`, ['dev-']],
  ])('refuses a tag that %s', (_, tag, previous) => {
    expect(() => promotedTag(tag, previous, 'production-')).toThrow(TagRefused);
  });
});

function place(edits: Extract<Place['change'], { kind: 'edit' }>['edits']): Place {
  return {
    name: 'only',
    project: 'shop/ops',
    branch: 'main',
    directory: 'prod',
    change: { kind: 'edit', edits },
    deliveries: [],
  };
}

function byTag(image: string, tagPrefix: string) {
  return { kind: 'kustomize-image', file: 'kustomization.yaml', image, by: { tagPrefix } } as const;
}

describe('promotedTags', () => {
  const from = { name: 'stg', places: [place([byTag(WEB, 'staging-')])], isFirst: false };

  it('takes prefixes from the places of the environment before, and its name', () => {
    expect(previousPrefixes(from)).toEqual(['staging-', 'stg-']);
    expect(previousPrefixes({ name: 'dev', places: [], isFirst: true })).toEqual(['dev-']);
  });

  it('gives each image named by tag its tag, on the digest of the release', () => {
    const release = {
      images: [
        { repository: WEB, digest: DIGEST, tag: 'staging-1' },
        { repository: API, digest: DIGEST, tag: 'stg-2' },
      ],
    };
    const target = place([
      byTag(WEB, 'prd-'),
      byTag(API, 'prd-'),
      { kind: 'chart-version', file: 'release.yaml', at: 'spec.version', chart: 'shop' },
    ]);
    expect(promotedTags({ from }, target, release)).toEqual([
      { repository: WEB, digest: DIGEST, tag: 'prd-1' },
      { repository: API, digest: DIGEST, tag: 'prd-2' },
    ]);
  });

  it('has none where images are named by digest, or files are copied', () => {
    const byDigest = { kind: 'kustomize-image', file: 'k.yaml', image: WEB, by: { digest: true } } as const;
    const release = { images: [{ repository: WEB, digest: DIGEST }] };
    expect(promotedTags({ from }, place([byDigest]), release)).toEqual([]);
    expect(promotedTags({ from }, { change: { kind: 'copy', keep: [] } }, release)).toEqual([]);
  });

  it('refuses an image that the release does not name by tag', () => {
    const release = { images: [{ repository: WEB, digest: DIGEST }] };
    expect(() => promotedTags({ from }, place([byTag(WEB, 'prd-')]), release)).toThrow(/names no tag/);
    expect(() => promotedTags({ from }, place([byTag(API, 'prd-')]), release)).toThrow(/names no tag/);
  });
});
