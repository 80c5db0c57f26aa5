import { describe, expect, it } from 'vitest';
import { workflowIdOf } from '../../src/domain/request.js';
import { ManifestError } from '../../src/manifests/fault.js';
import { readManifests } from '../../src/manifests/read.js';
import { MAX_LENGTH } from '../../src/manifests/schema-parts.js';
import { edited, exampleOf } from './examples.js';

const argocd = exampleOf('Path', 'shop');
const flux = exampleOf('Path', 'basket');

function faultsOf(text: string): readonly string[] {
  try {
    readManifests([{ file: 'p.yaml', text }]);
  } catch (error) {
    if (error instanceof ManifestError) return error.message.split('\n');
    throw error;
  }
  return [];
}

function pathOf(text: string) {
  const [path] = readManifests([{ file: 'p.yaml', text }]).paths;
  if (path === undefined) throw new Error('no path');
  return path.manifest;
}

describe('the path of an application with a project for each environment', () => {
  const [dev, prod] = pathOf(argocd).spec.environments;

  it('takes releases from the first environment, which nothing changes', () => {
    expect(dev.places).toEqual([
      {
        name: 'dev',
        project: 'shop/dev-ops',
        branch: 'main',
        directory: 'apps/shop',
        change: { kind: 'edit', edits: [] },
        deliveries: [
          {
            kind: 'argocd',
            name: 'shop-dev',
            cluster: 'harbour-01',
            connection: 'management',
            namespace: 'argocd',
            application: 'shop-dev',
            workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'web' }],
          },
        ],
      },
    ]);
  });

  it('copies the directory, and asks for all that was written', () => {
    expect(prod).toMatchObject({
      places: [{ name: 'prod', change: { kind: 'copy', keep: ['cluster.yaml'] } }],
      scan: { critical: 0, high: 5 },
      changeRecord: true,
      unpinned: 'refuse',
      namespaces: ['shop'],
      windows: [
        { kind: 'allow', name: 'office-hours', durationMs: 7 * 3_600_000, timeZone: 'Europe/Berlin' },
        { kind: 'deny', name: 'christmas', durationMs: 20 * 86_400_000 },
      ],
      checks: [
        { kind: 'http', name: 'answers', timeoutMs: 300_000, expectStatus: 200, expectBodyContains: 'ok' },
        { kind: 'metric', name: 'errors', timeoutMs: 300_000, atMost: 0.5 },
      ],
      soakMs: 15 * 60_000,
      watchMs: 3_600_000,
      onFailure: 'rollback',
      whileOpen: 'refuse',
      rollout: { waves: ['100%'], maxInFlight: 5, maxFailures: 0 },
    });
  });
});

describe('the path of a microservice with an overlay for each environment', () => {
  const { environments } = pathOf(flux).spec;

  it('has its environments in order, each with its prefix', () => {
    expect(environments.map(({ name }) => name)).toEqual(['sbx', 'dev', 'stg', 'prd']);
    const prefixes = environments.flatMap(({ places }) =>
      places.flatMap(({ change }) =>
        change.kind === 'edit'
          ? change.edits.flatMap((edit) => (edit.kind === 'kustomize-image' ? [edit.by] : []))
          : [],
      ),
    );
    expect(prefixes).toEqual([
      { tagPrefix: 'dev-' },
      { tagPrefix: 'stg-' },
      { tagPrefix: 'prd-' },
      { tagPrefix: 'prd-' },
    ]);
  });

  it('takes an edit of any value, of the version of a chart and of every part of an image', () => {
    const { places } =
      pathOf(
        flux.replace(
          '          - {kind: chart-version, file: release.yaml, chart: basket}',
          [
            '          - {kind: value, file: Chart.yaml, at: "dependencies[name=basket].version", chart: basket, take: version}',
            '          - {kind: value, file: values.yaml, at: image.tag, image: registry.example.com/shop/basket, take: tag, prefix: dev-}',
            '          - {kind: value, file: values.yaml, at: image.digest, image: registry.example.com/shop/basket, take: digest}',
          ].join('\n'),
        ),
      ).spec.environments[1] ?? {};
    expect(places?.[0]?.change).toMatchObject({
      edits: [
        { kind: 'kustomize-image' },
        { kind: 'value', at: 'dependencies[name=basket].version', chart: 'basket', take: 'version' },
        { kind: 'value', at: 'image.tag', take: 'tag', prefix: 'dev-' },
        { kind: 'value', at: 'image.digest', take: 'digest' },
      ],
    });
  });

  it('gives the change of an environment to all its places, and a canary its wave', () => {
    const production = environments.at(-1);
    expect(production?.places.map(({ name, directory }) => `${name} ${directory}`)).toEqual([
      'north overlays/prd/north/basket',
      'south overlays/prd/south/basket',
    ]);
    expect(production?.rollout.waves).toEqual([1, '100%']);
    expect(production?.places[1]?.deliveries[0]).toMatchObject({
      kind: 'flux',
      connection: 'harbour-02',
      namespace: 'flux-system',
      helmReleases: [{ name: 'basket-prd', chart: 'basket' }],
    });
  });

  it('warns and holds unless it says otherwise, and asks for no reports', () => {
    expect(environments[1]).toMatchObject({
      unpinned: 'warn',
      onFailure: 'hold',
      changeRecord: false,
      clusterKinds: [],
      soakMs: 0,
      watchMs: 0,
      checks: [],
      windows: [],
    });
    expect(environments[1]).not.toHaveProperty('scan');
  });
});

describe('a path file', () => {
  it.each<[string, string, string, string]>([
    [
      'a field of another kind of delivery',
      '          application: shop-prod',
      '          kustomization: shop-prod\n          application: shop-prod',
      'deliveries[0].kustomization: is not known here',
    ],
    [
      'an unknown kind of delivery',
      'kind: argocd\n          cluster: harbour-02',
      'kind: argo\n          cluster: harbour-02',
      'deliveries[0].kind: "argo" is not known here: did you mean "argocd"?',
    ],
    [
      'a change that is a word',
      'change: {copy: {keep: [cluster.yaml]}}',
      'change: move',
      'environments[1].change: must be "copy"',
    ],
    [
      'a change that is a number',
      'change: {copy: {keep: [cluster.yaml]}}',
      'change: 7',
      'environments[1].change: must be text or a block of "key: value"',
    ],
    [
      'a change of both kinds',
      'change: {copy: {keep: [cluster.yaml]}}',
      'change: {copy: {keep: [a.yaml]}, edits: [{kind: manifest-image, image: registry.example.com/shop/web}]}',
      'change: must be "copy", a block',
    ],
    [
      'a change of neither kind',
      'change: {copy: {keep: [cluster.yaml]}}',
      'change: {}',
      'change: must be "copy", a block',
    ],
    [
      'no change',
      '      change: {copy: {keep: [cluster.yaml]}}\n',
      '',
      'environments[1]: "change" is missing',
    ],
    [
      'no directory',
      'directory: apps/shop\n      change',
      'change',
      'environments[1]: "directory" is missing',
    ],
    [
      'a path out of the directory',
      'keep: [cluster.yaml]',
      'keep: [../cluster.yaml]',
      'change.copy.keep[0]: must be the path of a file below',
    ],
    [
      'a directory outside',
      'project: shop/prod-ops\n      directory: apps/shop',
      'project: shop/prod-ops\n      directory: ../shop',
      'environments[1].directory: must be a relative path',
    ],
    [
      'an image without its registry',
      'images: [registry.example.com/shop/web]',
      'images: [shop/web]',
      'spec.images[0]: must be an image with its registry',
    ],
    [
      'an image with a tag',
      'images: [registry.example.com/shop/web]',
      'images: ["registry.example.com/shop/web:1"]',
      'spec.images[0]: must be an image',
    ],
    [
      'a cron expression that is none',
      'schedule: "0 9 * * mon-thu"',
      'schedule: "9 o clock"',
      'windows.allow[0].schedule: must be a cron expression',
    ],
    [
      'a window that never begins',
      'schedule: "0 0 18 12 *"',
      'schedule: "0 0 31 2 *"',
      'windows.deny[0].schedule: "0 0 31 2 *" names a day that no year has',
    ],
    [
      'a window of more than a year',
      'duration: 20d',
      'duration: 400d',
      'windows.deny[0].duration: is longer than a year',
    ],
    [
      'a time zone that is none',
      'duration: 7h, timeZone: Europe/Berlin',
      'duration: 7h, timeZone: Europe/Berlino',
      'windows.allow[0].timeZone: "Europe/Berlino" is not a time zone',
    ],
    [
      'an offset for a time zone',
      'duration: 7h, timeZone: Europe/Berlin',
      'duration: 7h, timeZone: "+01:00"',
      'windows.allow[0].timeZone: "+01:00" is not a time zone',
    ],
    [
      'a check over http',
      'https://shop.example.com/healthz',
      'http://shop.example.com/healthz',
      'checks[0].url: must be https',
    ],
    [
      'a check with a login',
      'https://shop.example.com/healthz',
      'https://ada:pw@shop.example.com/healthz',
      'checks[0].url: must be an address',
    ],
    ['a metric without a limit', ', atMost: 0.5', '', 'checks[1]: "atMost" or "atLeast" is missing'],
    [
      'a check of an unknown kind',
      'kind: metric',
      'kind: metrics',
      'checks[1].kind: "metrics" is not known here: did you mean "metric"?',
    ],
    ['two checks of one name', 'name: errors', 'name: answers', 'checks[1].name: "answers" stands twice'],
    [
      'two environments of one name',
      '- name: prod',
      '- name: dev',
      'environments[1].name: "dev" stands twice',
    ],
    [
      'rules for the first environment',
      'directory: apps/shop\n      deliveries',
      'directory: apps/shop\n      soak: 5m\n      deliveries',
      'environments[0].soak: releases come from the first environment',
    ],
    [
      'a change of the first environment',
      'directory: apps/shop\n      deliveries',
      'directory: apps/shop\n      change: copy\n      deliveries',
      'environments[0].change: the first environment is where releases come from',
    ],
    [
      'one Application for both',
      'application: shop-prod',
      'application: shop-dev',
      'deliveries[0]: argocd management argocd/shop-dev is that of dev/dev/shop-dev',
    ],
    [
      'the same files for both',
      'project: shop/prod-ops',
      'project: shop/dev-ops',
      'environments[1].directory: is the same as that of dev/dev',
    ],
    [
      'a copy into itself',
      'project: shop/prod-ops\n      directory: apps/shop',
      'project: shop/dev-ops\n      directory: apps/shop/prod',
      'directory: is copied together with that of dev/dev',
    ],
    [
      'a place without workloads',
      '          application: shop-prod\n          workloads: [{namespace: shop, name: web}]',
      '          application: shop-prod',
      'deliveries: no workload is named',
    ],
    [
      'per cent of nothing',
      'onFailure: rollback',
      'rollout: {waves: [0%]}',
      'rollout.waves[0]: must be a number of places, or per cent',
    ],
    ['a wave of nothing', 'onFailure: rollback', 'rollout: {waves: [0]}', 'rollout.waves[0]: must be >= 1'],
    [
      'a wave that is a list',
      'onFailure: rollback',
      'rollout: {waves: [[1]]}',
      'rollout.waves[0]: must be a number or text',
    ],
    [
      'a time of being Degraded without a unit',
      'soak: 15m',
      'mayBeDegraded: 5',
      'mayBeDegraded: must be text: put it in quotes',
    ],
    ['a soak without a unit', 'soak: 15m', 'soak: 15', 'soak: must be text: put it in quotes'],
    [
      'a name that is too long',
      '{name: shop}',
      `{name: ${'a'.repeat(51)}}`,
      'metadata.name: must not have more than 50 characters',
    ],
  ])('refuses %s', (_, from, to, fault) => {
    const faults = faultsOf(edited(argocd, from, to));
    expect(faults).toEqual(expect.arrayContaining([expect.stringContaining(fault)]));
    // each with its line, and nothing thrown that is not a fault
    expect(faults.every((line) => /^p\.yaml:\d+:\d+: /.test(line))).toBe(true);
  });

  it.each<[string, string, string, string]>([
    [
      'an edit of an image that the path does not have',
      'shop/basket, tagPrefix: dev-',
      'shop/baskets, tagPrefix: dev-',
      'environments[1].change.edits[0].image: "registry.example.com/shop/baskets" is not one of spec.images: did you mean',
    ],
    [
      'an edit of an unknown chart',
      'edits:\n          - {kind: kustomize-image, image: registry.example.com/shop/basket, tagPrefix: stg-}\n          - {kind: chart-version, file: release.yaml, chart: basket}',
      'edits:\n          - {kind: kustomize-image, image: registry.example.com/shop/basket, tagPrefix: stg-}\n          - {kind: chart-version, file: release.yaml, chart: baskte}',
      'environments[2].change.edits[1].chart: "baskte" is not one of spec.charts: did you mean "basket"?',
    ],
    [
      'a HelmRelease of an unknown chart',
      'helmReleases: [{name: basket-dev, chart: basket}]',
      'helmReleases: [{name: basket-dev, chart: shop}]',
      'helmReleases[0].chart: "shop" is not one of spec.charts',
    ],
    [
      'a chart that no edit changes',
      '          - {kind: kustomize-image, image: registry.example.com/shop/basket, tagPrefix: dev-}\n          - {kind: chart-version, file: release.yaml, chart: basket}',
      '          - {kind: kustomize-image, image: registry.example.com/shop/basket, tagPrefix: dev-}',
      'environments[1]: no edit changes "basket"',
    ],
    [
      'a prefix and a digest',
      'tagPrefix: dev-}',
      'tagPrefix: dev-, digest: true}',
      'edits[0]: takes "digest" or "tagPrefix", not both',
    ],
    [
      'a value at no path',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: spec..version, chart: basket, take: version}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1]: "at" must be keys joined by dots and entries of lists',
    ],
    [
      'a version of an image',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, image: registry.example.com/shop/basket, take: version}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1]: "take: version" takes the version of a chart',
    ],
    [
      'a tag of a chart',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, chart: basket, take: tag}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1]: "take: tag" takes a part of an image',
    ],
    [
      'a part of an image and a chart',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, image: registry.example.com/shop/basket, chart: basket, take: tag}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1]: "take: tag" takes a part of an image',
    ],
    [
      'a digest with a prefix',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, image: registry.example.com/shop/basket, take: digest, prefix: dev-}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1]: "prefix" is the beginning of a tag: a digest has none',
    ],
    [
      'a value of a chart that the path does not have',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, chart: baskte, take: version}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1].chart: "baskte" is not one of spec.charts: did you mean "basket"?',
    ],
    [
      'a value of an image that the path does not have',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, image: registry.example.com/shop/baskets, take: tag}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1].image: "registry.example.com/shop/baskets" is not one of spec.images: did you mean',
    ],
    [
      'a part that is none',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: value, file: release.yaml, at: a.b, image: registry.example.com/shop/basket, take: name}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[1].take',
    ],
    [
      'two edits of one value',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      '          - {kind: chart-version, file: release.yaml, chart: basket}\n          - {kind: chart-version, file: release.yaml, chart: basket}\n      deliveries:\n        - kind: flux\n          cluster: harbour-01\n          kustomization: basket-dev',
      'edits[2]: "spec.chart.spec.version in release.yaml" stands twice',
    ],
    ['two places of one name', '- name: south', '- name: north', 'places[1].name: "north" stands twice'],
    [
      'two places in one directory',
      'overlays/prd/south/basket',
      'overlays/prd/north/basket',
      'places[1].directory: is the same as that of prd/north',
    ],
    [
      'a directory beside places',
      '    - name: prd\n',
      '    - name: prd\n      directory: overlays/prd\n',
      'environments[3].directory: an environment with places has none of its own',
    ],
    [
      'two deliveries of one name',
      'kustomization: basket-stg\n          helmReleases',
      'kustomization: basket-stg\n          workloads: [{namespace: basket-stg, name: basket}]\n        - kind: flux\n          name: basket-stg\n          cluster: harbour-01\n          kustomization: basket-stg-2\n          helmReleases',
      'environments[2].deliveries[1]: "basket-stg" stands twice',
    ],
  ])('of overlays refuses %s', (_, from, to, fault) => {
    const faults = faultsOf(edited(flux, from, to));
    expect(faults).toEqual(expect.arrayContaining([expect.stringContaining(fault)]));
  });

  it('refuses one environment only', () => {
    const text = argocd.slice(0, argocd.indexOf('    - name: prod'));
    expect(faultsOf(text)).toEqual([
      expect.stringContaining('spec.environments: must not have fewer than 2 items'),
    ]);
  });

  it('knows which place is copied: that of its name, else the only one', () => {
    const text = flux.replace(/( {4}- name: prd\n)[\s\S]*?( {6}places:)/, '$1      change: copy\n$2');
    expect(faultsOf(text)).toEqual([]);
    // behind the two places comes one more environment, whose place has neither name
    const behind = `${text}    - name: dr
      directory: overlays/dr/basket
      change: copy
      deliveries:
        - {kind: flux, cluster: harbour-02, kustomization: basket-dr, workloads: [{namespace: dr, name: basket}]}
`;
    expect(faultsOf(behind)).toEqual([
      expect.stringContaining(
        'environments[4].change: "copy" can\'t tell which place of "prd" to take: one of them must be named "dr"',
      ),
    ]);
  });

  it('tells faults of all parts at once, in the order of the file', () => {
    const broken = [
      ['owners: shop-owners', 'owners: Shop'],
      ['kind: argocd\n          cluster: harbour-01', 'kind: argo\n          cluster: harbour-01'],
      ['change: {copy: {keep: [cluster.yaml]}}', 'change: {copy: {keep: ["/etc/passwd"]}}'],
      ['duration: 7h', 'duration: seven'],
      ['contains: ok', 'contain: ok'],
    ].reduce((text, [from = '', to = '']) => edited(text, from, to), argocd);
    const paths = faultsOf(broken).map((line) => line.split(': ')[1]);
    expect(paths).toEqual([
      'spec.owners',
      'spec.environments[0].deliveries[0].kind',
      'spec.environments[1].change.copy.keep[0]',
      'spec.environments[1].windows.allow[0].duration',
      'spec.environments[1].checks[0].contain',
    ]);
  });

  it('says what is wrong with the change of an environment once, not once for each place', () => {
    const text = flux.replace(/tagPrefix: prd-/, 'tagPrefix: prd-, digest: true');
    expect(faultsOf(text)).toHaveLength(1);
  });

  it('has no names that make a workflow id too long', () => {
    const long = (length: number): string => 'a'.repeat(length);
    const { application, environment, place } = MAX_LENGTH;
    const key = `${long(application)}/${long(environment)}/${long(place)}`;
    expect(workflowIdOf.place(key).length).toBeLessThan(200);
    expect(workflowIdOf.promotion(long(application), long(environment)).length).toBeLessThan(200);
    for (const [from, length] of [
      ['{name: basket}\n', application],
      ['- name: prd\n', environment],
      ['- name: south\n', place],
    ] as const) {
      const to = (size: number): string => from.replace(/basket|prd|south/, long(size));
      expect(faultsOf(edited(flux, from, to(length)))).toEqual([]);
      expect(faultsOf(edited(flux, from, to(length + 1)))).not.toEqual([]);
    }
  });
});
