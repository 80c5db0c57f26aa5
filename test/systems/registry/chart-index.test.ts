import { describe, expect, it } from 'vitest';
import { ChartIndexError, versionInIndex } from '../../../src/systems/registry/chart-index.js';

const HEX = 'ab'.repeat(32);

/** as `helm repo index` writes it: items at the indentation of their key */
const HELM = `apiVersion: v1
entries:
  edge:
  - apiVersion: v2
    description: |
      entries:
        shop:
        - version: 9.9.9
    name: edge
    version: 1.0.0
  shop:
  - annotations:
      note: >-
        text with a
        - dash at the front of a line
    apiVersion: v2
    created: "2026-01-15T05:55:00Z"
    dependencies:
    - name: common
      version: 2.x
    digest: ${HEX}
    name: shop
    version: 1.10
  - digest: sha256:${HEX.toUpperCase()}
    name: shop
    version: v1.4.2
  - name: shop
    version: 1.4.2+build.7
  shop-legacy:
  - name: shop-legacy
    version: 0.1.0
generated: "2026-01-15T05:55:00Z"
`;

describe('an index as Helm writes it', () => {
  it('gives the version with its digest', () => {
    // unquoted, and still no number
    expect(versionInIndex(HELM, 'shop', '1.10')).toEqual({ version: '1.10', digest: `sha256:${HEX}` });
    expect(versionInIndex(HELM, 'edge', '1.0.0')).toEqual({ version: '1.0.0' });
  });

  it('takes the exact version before one that differs in v or build metadata only', () => {
    expect(versionInIndex(HELM, 'shop', '1.4.2+build.7')).toEqual({ version: '1.4.2+build.7' });
    expect(versionInIndex(HELM, 'shop', '1.4.2')).toEqual({ version: 'v1.4.2', digest: `sha256:${HEX}` });
  });

  it('knows no other charts and versions, wherever their names stand', () => {
    for (const [chart, version] of [
      ['shop', '1.1'],
      ['shop', '1.4'],
      // of another chart, of a dependency, and in a description
      ['shop', '0.1.0'],
      ['shop', '2.x'],
      ['shop', '9.9.9'],
      ['common', '2.x'],
      ['sho', '1.10'],
      ['version', '1.10'],
    ] as const) {
      expect(versionInIndex(HELM, chart, version), `${chart} ${version}`).toBeNull();
    }
  });

  it('is read as well with items further in, quoted keys and other line ends', () => {
    const other = `entries:\r\n    "shop":\r\n        - version: "1.4.2"\r\n          digest: ${HEX}\r\n    edge: []\r\n`;
    expect(versionInIndex(other, 'shop', '1.4.2')).toEqual({ version: '1.4.2', digest: `sha256:${HEX}` });
    expect(versionInIndex(other, 'edge', '1.4.2')).toBeNull();
  });

  it('is searched without parsing what was not asked for', () => {
    const broken = HELM.replace('    version: 0.1.0\n', '    version: 0.1.0\n    home: "not closed\n');
    expect(versionInIndex(broken, 'shop', '1.10')).not.toBeNull();
    expect(() => versionInIndex(broken, 'shop-legacy', '0.1.0')).toThrow(ChartIndexError);
  });

  it('does not take a digest that is none', () => {
    const text = HELM.replace(`digest: ${HEX}`, 'digest: none-of-these');
    expect(versionInIndex(text, 'shop', '1.10')).toEqual({ version: '1.10' });
  });
});

describe('an index in another style', () => {
  it('is read when it is JSON, or small YAML', () => {
    const json = JSON.stringify({ entries: { shop: [{ version: '1.4.2', digest: HEX }] } });
    expect(versionInIndex(json, 'shop', '1.4.2')).toEqual({ version: '1.4.2', digest: `sha256:${HEX}` });
    expect(versionInIndex(json, 'edge', '1.4.2')).toBeNull();
    expect(versionInIndex('entries: {shop: [{version: 1.4.2}]}', 'shop', '1.4.2')).toEqual({
      version: '1.4.2',
    });
  });

  it.each([
    ['a login page', '<html><body>Sign in</body></html>'],
    ['a list', '- a\n- b\n'],
    ['broken JSON', '{"entries": {'],
    ['aliases that multiply', 'a: &a [x, x]\nb: &b [*a, *a]\nentries: {shop: [{version: *b}]}'],
    ['too much of it', `x: ${'y'.repeat(300 * 1024)}\nentries: {}`],
    ['versions that are none', 'entries: {shop: 7}'],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => versionInIndex(text, 'shop', '1.4.2')).toThrow(ChartIndexError);
  });
});
