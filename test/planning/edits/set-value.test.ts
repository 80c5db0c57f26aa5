import { describe, expect, it } from 'vitest';
import { readValueAt, setValueAt } from '../../../src/planning/edits/set-value.js';
import { lineChanges } from './line-changes.js';
import { refusalOf } from './refusal-of.js';

const PATH = 'prod/release.yaml';
const RELEASE = `# the shop
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: shop}
spec: {url: https://charts.example.com, interval: 1h}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
    name: shop
spec:
    interval:   5m
    chart:
        spec:
            chart: shop
            version: 1.4.1   # {"$comment": "kept"}
            sourceRef: {kind: HelmRepository, name: shop}
    values:
        image:
            tag: '1.4.1'
        hosts: [a.example.com, b.example.com]
        "dotted.key": x
`;

const edit = (text: string, at: string, value: string) => {
  const result = setValueAt(new Map([[PATH, text]]), PATH, at, () => value);
  return { result, after: result.files[0]?.after ?? text };
};

describe('setValueAt', () => {
  it.each<[string, string, string, string]>([
    [
      'spec.chart.spec.version',
      '1.4.2',
      '            version: 1.4.1   # {"$comment": "kept"}',
      '            version: 1.4.2   # {"$comment": "kept"}',
    ],
    [
      'spec.chart.spec.version',
      '1.10',
      '            version: 1.4.1   # {"$comment": "kept"}',
      '            version: "1.10"   # {"$comment": "kept"}',
    ],
    ['spec.values.image.tag', '1.5.0-rc.1', "            tag: '1.4.1'", "            tag: '1.5.0-rc.1'"],
    [
      'spec.values.hosts[1]',
      'c.example.com',
      '        hosts: [a.example.com, b.example.com]',
      '        hosts: [a.example.com, c.example.com]',
    ],
    ['spec.values.dotted\\.key', 'b2', '        "dotted.key": x', '        "dotted.key": b2'],
  ])('sets %s to %s in the one document that has it', (at, value, removed, added) => {
    const { result, after } = edit(RELEASE, at, value);
    expect(lineChanges(RELEASE, after)).toEqual({ removed: [removed], added: [added] });
    expect(result.places).toMatchObject([{ path: PATH, at, after: value }]);
  });

  it('changes nothing when the value is there, in whatever quotes', () => {
    const { result } = edit(RELEASE, 'spec.values.image.tag', '1.4.1');
    expect(result.files).toEqual([]);
    expect(result.places).toMatchObject([{ line: 20, before: '1.4.1', after: '1.4.1' }]);
  });

  it('puts quotes around a number that reads like the wanted text: readers make 1.1 of it', () => {
    expect(edit('version: 1.10\n', 'version', '1.10').after).toBe('version: "1.10"\n');
    expect(edit('version: "1.10"\n', 'version', '1.10').result.files).toEqual([]);
  });

  it.each<[string, string, string, readonly number[]]>([
    ['missing-field', RELEASE, 'spec.chart.spec.versoin', []],
    ['missing-field', RELEASE, 'spec.chart', []],
    ['missing-field', 'a: 1\n', 'a.b', []],
    ['two-places', 'spec: {version: 1}\n---\nspec: {version: 2}\n', 'spec.version', [1, 3]],
    ['two-places', RELEASE, 'kind', [3, 8]],
    ['not-yaml', 'a: [1\n', 'a', [2]],
    ['not-yaml', 'a: 1\na: 2\n', 'a', [2]],
    ['not-editable', 'base: &b {x: 1}\nuse: *b\n', 'base.x', [1]],
    ['not-editable', 'v: &v 1\nuse: *v\n', 'use', [2]],
    ['not-editable', 'a: !!str 1\n', 'a', [1]],
    ['not-editable', 'a:\n', 'a', [1]],
    ['not-editable', 'a: |\n  x\n', 'a', [1]],
    ['not-editable', 'a: one\n  two\n', 'a', [1]],
    ['not-editable', `a: "${'x'.repeat(1024 * 1024)}"\n`, 'a', []],
  ])('refuses as %s (%#)', (refusal, text, at, lines) => {
    const error = refusalOf(() => edit(text, at, 'new'));
    expect({ refusal: error.refusal, lines: error.lines }).toEqual({ refusal, lines });
    expect(error.remedy).not.toBe('');
  });

  it('refuses a missing file', () => {
    expect(refusalOf(() => setValueAt(new Map(), PATH, 'a', () => 'b')).refusal).toBe('missing-file');
  });

  it('is not slowed by an alias bomb', () => {
    const levels = Array.from({ length: 30 }, (_, n) =>
      n === 0 ? 'l0: &l0 [x, x]' : `l${n}: &l${n} [*l${n - 1}, *l${n - 1}, *l${n - 1}, *l${n - 1}]`,
    );
    const before = `${levels.join('\n')}\nc: old\n`;
    expect(edit(before, 'c', 'new').after).toBe(before.replace('c: old', 'c: new'));
  });

  it('refuses a file that is nested without end, instead of falling over it', () => {
    expect(refusalOf(() => edit(`a: ${'['.repeat(1_000_000)}`, 'a', 'b')).refusal).toBe('not-yaml');
  });
});

const WEB = 'registry.example.com/shop/web';

/** The layouts that people use most, as they write them. */
const OVERLAY = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: shop}
spec:
  chart:
    spec: {chart: shop, version: 1.4.1}   # of all services
  values:
    application:
      image:
        tag: dev-4f2a9c1  # {"$imagepolicy": "flux-system:shop:tag"}
`;
const APPLICATION = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  sources:
    - repoURL: https://charts.example.com
      chart: shop
      targetRevision: 1.4.1
      helm:
        parameters:
          - {name: replicas, value: "2"}
          - {name: image.tag, value: "1.4.1"}
    - repoURL: https://git.example.com/shop/values.git
      targetRevision: main
      ref: values
    - repoURL: https://git.example.com/shop/kustomize.git
      targetRevision: main
      kustomize:
        images:
          - web=${WEB}:1.4.1
          - registry.example.com/shop/api:7
`;
const UMBRELLA = `apiVersion: v2
name: production
version: 0.1.0
dependencies:
  - name: basket
    version: 2.0.0
    repository: https://charts.example.com
  - name: shop
    version: 1.4.1
    repository: https://charts.example.com
`;
const GENERATOR = '{\n  "cluster": "harbour-03",\n  "shop": {"tag": "1.4.1", "chart": "1.4.1"}\n}\n';

const set = (path: string, text: string, at: string, value: string) =>
  setValueAt(new Map([[path, text]]), path, at, () => value).files[0]?.after ?? text;

describe('a value of a file', () => {
  it.each([
    [
      'release.yaml',
      OVERLAY,
      'spec.values.application.image.tag',
      'prd-4f2a9c1',
      '        tag: prd-4f2a9c1  # {"$imagepolicy": "flux-system:shop:tag"}',
    ],
    [
      'release.yaml',
      OVERLAY,
      'spec.chart.spec.version',
      '1.4.2',
      '    spec: {chart: shop, version: 1.4.2}   # of all services',
    ],
    [
      'app.yaml',
      APPLICATION,
      'spec.sources[chart=shop].targetRevision',
      '1.4.2',
      '      targetRevision: 1.4.2',
    ],
    [
      'app.yaml',
      APPLICATION,
      'spec.sources[0].helm.parameters[name=image.tag].value',
      '1.4.2',
      '          - {name: image.tag, value: "1.4.2"}',
    ],
    [
      'app.yaml',
      APPLICATION,
      `spec.sources[2].kustomize.images[=${WEB}]`,
      `web=${WEB}:1.4.2`,
      // quoted, since readers of older YAML take a "=" for more than text
      `          - "web=${WEB}:1.4.2"`,
    ],
    ['Chart.yaml', UMBRELLA, 'dependencies[name=shop].version', '1.4.2', '    version: 1.4.2'],
    ['prod.json', GENERATOR, 'shop.tag', '1.4.2', '  "shop": {"tag": "1.4.2", "chart": "1.4.1"}'],
  ])('%s: one line is another, and no other byte', (path, text, at, value, added) => {
    expect(lineChanges(text, set(path, text, at, value))).toMatchObject({ added: [added] });
    expect(lineChanges(text, set(path, text, at, value)).removed).toHaveLength(1);
  });

  it('is read as it stands, with the kind of the object that holds it', () => {
    const files = new Map([['release.yaml', OVERLAY]]);
    expect(readValueAt(files, 'release.yaml', 'spec.chart.spec.version')).toEqual({
      text: '1.4.1',
      objectKind: 'HelmRelease',
    });
  });

  it('that is there already is no change', () => {
    const same = setValueAt(
      new Map([['Chart.yaml', UMBRELLA]]),
      'Chart.yaml',
      'dependencies[1].version',
      () => '1.4.1',
    );
    expect(same.files).toEqual([]);
  });

  it.each([
    ['spec.sources[chart=shpo].targetRevision', 'missing-field', 'there is no value at'],
    ['spec.sources', 'missing-field', 'there is no value at'],
    ['spec..sources', 'missing-field', 'is no path of a value'],
    ['spec.sources[targetRevision=main].targetRevision', 'two-places', 'means several places'],
  ])('%s is refused, with what would do', (at, refusal, message) => {
    const refused = refusalOf(() => set('app.yaml', APPLICATION, at, 'x'));
    expect({ refusal: refused.refusal, message: refused.message }).toEqual({
      refusal,
      message: expect.stringContaining(message),
    });
    expect(refused.remedy).not.toBe('');
  });

  it('is set once the remedy of "several places" is followed', () => {
    const at = 'spec.sources[ref=values].targetRevision';
    expect(lineChanges(APPLICATION, set('app.yaml', APPLICATION, at, 'v2')).added).toEqual([
      '      targetRevision: v2',
    ]);
  });
});
