import { describe, expect, it } from 'vitest';
import { unpinnedBases } from '../../../src/planning/rendering/unpinned.js';

const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));
const found = (entries: Readonly<Record<string, string>>, directory = 'prod') =>
  unpinnedBases(files(entries), directory).map(({ object, message }) => `${object}: ${message}`);

const release = (version: string) =>
  `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\nspec: {chart: {spec: {chart: shop${version}}}}\n`;

describe('unpinnedBases', () => {
  it('is silent about a directory that holds all it needs', () => {
    expect(
      found({
        'prod/kustomization.yaml': 'resources: [base, shop.yaml]\n',
        'prod/base/kustomization.yaml': 'resources: [web.yaml]\n',
        'prod/base/web.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n',
        'prod/shop.yaml': release(', version: 1.4.2'),
        'base/kustomization.yaml': 'resources: []\n',
      }),
    ).toEqual([]);
  });

  it('names the shared base and the layout to use instead', () => {
    const findings = unpinnedBases(
      files({
        'apps/prod/kustomization.yaml': 'resources: [../../base]\ncomponents: [../../components/tls]\n',
        'base/kustomization.yaml': 'resources: [web, a.yaml]\n',
        'base/a.yaml': 'a: 1\n',
        'base/web/kustomization.yaml': 'resources: []\n',
        'components/tls/kustomization.yaml': 'kind: Component\n',
      }),
      'apps/prod',
      'refuse',
    );
    expect(
      findings.map(({ object, level, message }) => [object, level, /built from (\S+),/.exec(message)?.[1]]),
    ).toEqual([
      ['apps/prod', 'refuse', 'base'],
      ['apps/prod', 'refuse', 'components/tls'],
    ]);
    expect(findings[0]?.remedy).toContain('Copy base into apps/prod/base');
  });

  it('finds single files outside, and bases elsewhere', () => {
    expect(
      found({
        'prod/kustomization.yaml': 'patches: [{path: ../shared/p.yaml}]\n',
        'shared/p.yaml': 'a: 1\n',
      }),
    ).toEqual([expect.stringContaining('built from shared')]);
    expect(
      found({ 'prod/kustomization.yaml': 'resources: ["https://github.com/shop/base?ref=main"]\n' }),
    ).toEqual([expect.stringContaining('fetched from elsewhere')]);
  });

  it.each<[string, string | undefined]>([
    [', version: 1.4.2', undefined],
    [', version: v1.4.2-rc.1+build.5', undefined],
    [', version: ">=1.0"', '">=1.0"'],
    [', version: "*"', '"*"'],
    [', version: ~1.4', '"~1.4"'],
    [', version: "^1.4.0"', '"^1.4.0"'],
    [', version: 1.x', '"1.x"'],
    [', version: "1.4"', '"1.4"'],
    [', version: "1.4.2 - 1.6.0"', '"1.4.2 - 1.6.0"'],
    ['', 'not set'],
  ])('judges a HelmRelease with "%s"', (version, expected) => {
    const messages = found({ 'prod/shop.yaml': release(version) });
    expect(messages).toEqual(
      expected === undefined ? [] : [expect.stringContaining(`its chart version is ${expected}`)],
    );
  });

  it.each<[string, string, string | undefined]>([
    [
      'an artifact by digest',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {digest: "sha256:ab"}}\n',
      undefined,
    ],
    [
      'an artifact by version',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {tag: 1.4.2}}\n',
      undefined,
    ],
    [
      'an artifact by latest',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {tag: latest}}\n',
      'tag "latest"',
    ],
    [
      'an artifact by range',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {semver: ">=1.0"}}\n',
      'range ">=1.0"',
    ],
    [
      'an artifact by nothing',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {url: x}\n',
      'tag not set',
    ],
    [
      'a HelmChart by range',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nspec: {chart: x, version: "1.x"}\n',
      'chart version is "1.x"',
    ],
    [
      'a policy for images',
      'apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nspec: {}\n',
      'chooses images by itself',
    ],
    [
      'a marker of the automation',
      'image: shop/web:1 # {"$imagepolicy": "shop:web"}\n',
      'may rewrite this line',
    ],
    [
      'a chart of an Application by range',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {sources: [{chart: x, targetRevision: "1.*"}]}\n',
      'chart version is "1.*"',
    ],
    [
      'a chart of an Application by version',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {chart: x, targetRevision: 1.2.3}}\n',
      undefined,
    ],
    [
      'a release by reference',
      'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {chartRef: {kind: OCIRepository, name: x}}\n',
      undefined,
    ],
    ['files that are no YAML', '{{ if }}\n', undefined],
    ['nesting without end', '['.repeat(1_000_000), undefined],
  ])('judges %s', (_, text, expected) => {
    const messages = found({ 'prod/x.yaml': text });
    expect(messages).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)]);
  });

  it('reads only what the kustomization names', () => {
    expect(
      found({
        'prod/kustomization.yaml': 'resources: [a.yaml]\n',
        'prod/a.yaml': release(', version: 1.4.2'),
        'prod/unused.yaml': release(''),
      }),
    ).toEqual([]);
  });
});
