/** The layouts of GitOps repositories that are promoted: the files of each, and what of its path differs. */
import type { ChartFiles } from '../../sandbox/harbor/artifact-content.js';
import { digestOf, type Files } from './world.js';

export const [OLD, NEW] = [digestOf('1'), digestOf('4')];
export const WEB = 'registry.example.com/shop/web';
const CHARTS = 'charts: [{name: shop, repository: "oci://registry.example.com/charts"}]';
const IMAGES = `images: [${WEB}]`;

export interface Layout {
  /** as `docs/layouts.md` names it */
  readonly name: string;
  /** images and charts of the path */
  readonly parts: string;
  /** further lines of both places, and of production */
  readonly place?: string;
  readonly change: string;
  readonly deliveries?: readonly [dev: string, prod: string];
  readonly branches: Readonly<Record<string, Files>>;
  readonly directories?: readonly [dev: string, prod: string];
  readonly perBranch?: true;
  /** charts that are published, by name and version */
  readonly charts?: Readonly<Record<string, ChartFiles>>;
  /** what must stand in the files of production afterwards, and before */
  readonly holds: readonly [after: string, before: string];
  /** whether pods with the image are rendered, so that they can be looked for; else only the delivery proves it */
  readonly rendersPods: boolean;
}

const pods = (kind: string, apiVersion: string, image: string): string => `apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: ${image}
`;
const deployment = (image: string): string => pods('Deployment', 'apps/v1', image);

/** Templates of a chart with one Deployment, whose image stands in its values. */
const TEMPLATE = pods('Deployment', 'apps/v1', '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"');
const chartOf = (note: string): ChartFiles => ({
  values: `image: {repository: ${WEB}, tag: "1.0.0"}\n`,
  templates: {
    'web.yaml': TEMPLATE,
    'note.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: shop}\ndata: {text: ${note}}\n`,
  },
});
const PUBLISHED = { 'shop 1.0.0': chartOf('old'), 'shop 1.1.0': chartOf('new') };

/** The same files in the directory of each environment. */
function both(file: (env: 'dev' | 'prod') => Readonly<Record<string, string>>): Files {
  return Object.fromEntries(
    (['dev', 'prod'] as const).flatMap((env) =>
      Object.entries(file(env)).map(([name, text]) => [`${env}/${name}`, text]),
    ),
  );
}

const helmRelease = (env: 'dev' | 'prod', namespace: string): string => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: ${namespace}}
spec:
  interval: 10m
  targetNamespace: shop
  chart:
    spec:
      chart: shop
      version: ${env === 'dev' ? '1.1.0' : '1.0.0'} # chosen together with the image
      sourceRef: {kind: HelmRepository, name: charts}
  values:
    image:
      repository: ${WEB}
      tag: ${env === 'dev' ? 'dev-a1b2c3d' : 'prd-0000001'}
`;
const RELEASE_EDITS = `{edits: [
        {kind: value, file: release.yaml, at: spec.values.image.tag, image: ${WEB}, take: tag, prefix: prd-},
        {kind: chart-version, file: release.yaml, chart: shop}]}`;
const flux = (env: string, more = ''): string =>
  `{kind: flux, cluster: harbour-01, kustomization: shop-${env}, workloads: [{namespace: shop, name: web}]${more}}`;

const application = (source: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: shop
  destination: {name: harbour-01, namespace: shop}
${source}`;

export const LAYOUTS: readonly Layout[] = [
  {
    name: 'Kustomize overlays, image by digest',
    parts: IMAGES,
    change: `{edits: [{kind: kustomize-image, image: ${WEB}}]}`,
    deliveries: [flux('dev'), flux('prod')],
    branches: {
      main: {
        ...both((env) => ({
          'kustomization.yaml': `resources: [../base]\nimages:\n  - name: ${WEB}\n    digest: ${env === 'dev' ? NEW : OLD}\n`,
        })),
        'base/kustomization.yaml': 'resources: [web.yaml]\n',
        'base/web.yaml': deployment(WEB),
      },
    },
    holds: [`digest: ${NEW}`, `digest: ${OLD}`],
    rendersPods: true,
  },
  {
    name: 'Kustomize overlays, a tag for each environment',
    parts: IMAGES,
    change: `{edits: [{kind: kustomize-image, image: ${WEB}, tagPrefix: prd-}]}`,
    deliveries: [flux('dev'), flux('prod')],
    branches: {
      main: {
        ...both((env) => ({
          'kustomization.yaml': `resources: [../base]\nimages:\n  - name: ${WEB}\n    newTag: ${env === 'dev' ? 'dev-a1b2c3d' : 'prd-0000001'}\n`,
        })),
        'base/kustomization.yaml': 'resources: [web.yaml]\n',
        'base/web.yaml': deployment(WEB),
      },
    },
    holds: ['newTag: prd-a1b2c3d', 'newTag: prd-0000001'],
    rendersPods: true,
  },
  {
    name: 'Plain manifests',
    parts: IMAGES,
    change: `{edits: [{kind: manifest-image, image: ${WEB}}]}`,
    branches: { main: both((env) => ({ 'web.yaml': deployment(`${WEB}@${env === 'dev' ? NEW : OLD}`) })) },
    holds: [`image: ${WEB}@${NEW}`, `image: ${WEB}@${OLD}`],
    rendersPods: true,
  },
  {
    name: 'Plain manifests in subdirectories',
    parts: IMAGES,
    place: 'recurse: true',
    change: `{edits: [{kind: manifest-image, image: ${WEB}}]}`,
    branches: {
      main: both((env) => ({ 'apps/web.yaml': deployment(`${WEB}@${env === 'dev' ? NEW : OLD}`) })),
    },
    holds: [`image: ${WEB}@${NEW}`, `image: ${WEB}@${OLD}`],
    rendersPods: true,
  },
  {
    name: 'A directory that is copied',
    parts: IMAGES,
    change: '{copy: {keep: [cluster.yaml]}}',
    branches: {
      main: both((env) => ({
        'web.yaml': deployment(`${WEB}@${env === 'dev' ? NEW : OLD}`),
        'cluster.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster, namespace: shop}\ndata: {name: ${env}}\n`,
      })),
    },
    holds: [`image: ${WEB}@${NEW}`, `image: ${WEB}@${OLD}`],
    rendersPods: true,
  },
  {
    name: 'HelmRelease overlays, values and version of the chart',
    parts: `${IMAGES}\n  ${CHARTS}`,
    change: RELEASE_EDITS,
    place: 'namespaces: [shop]',
    deliveries: [flux('dev'), flux('prod')],
    branches: { main: both((env) => ({ 'release.yaml': helmRelease(env, 'shop') })) },
    charts: PUBLISHED,
    holds: ['tag: prd-a1b2c3d', 'tag: prd-0000001'],
    rendersPods: true,
  },
  {
    name: 'HelmRelease in another namespace than its Kustomization',
    parts: `${IMAGES}\n  ${CHARTS}`,
    change: RELEASE_EDITS,
    place: 'namespaces: [releases, shop]',
    deliveries: [
      flux('dev', ', helmReleases: [{name: shop, chart: shop, namespace: releases}]'),
      flux('prod', ', helmReleases: [{name: shop, chart: shop, namespace: releases}]'),
    ],
    branches: { main: both((env) => ({ 'release.yaml': helmRelease(env, 'releases') })) },
    charts: PUBLISHED,
    holds: ['version: 1.1.0', 'version: 1.0.0'],
    rendersPods: true,
  },
  {
    name: 'A chart in Git with its values',
    parts: IMAGES,
    change: `{edits: [{kind: value, file: values.yaml, at: image.tag, image: ${WEB}, take: tag, prefix: prd-}]}`,
    branches: {
      main: both((env) => ({
        'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
        'values.yaml': `image:\n  repository: ${WEB}\n  tag: ${env === 'dev' ? 'dev-a1b2c3d' : 'prd-0000001'}\n`,
        'templates/web.yaml': TEMPLATE,
      })),
    },
    holds: ['tag: prd-a1b2c3d', 'tag: prd-0000001'],
    rendersPods: true,
  },
  {
    name: 'An umbrella chart',
    parts: CHARTS,
    change:
      '{edits: [{kind: value, file: Chart.yaml, at: "dependencies[name=shop].version", chart: shop, take: version}]}',
    branches: {
      main: both((env) => ({
        'Chart.yaml': `apiVersion: v2\nname: umbrella\nversion: 0.1.0\ndependencies:\n  - name: shop\n    version: ${env === 'dev' ? '1.1.0' : '1.0.0'}\n    repository: oci://registry.example.com/charts\n`,
        'values.yaml': 'shop: {}\n',
      })),
    },
    charts: PUBLISHED,
    holds: ['version: 1.1.0', 'version: 1.0.0'],
    rendersPods: false,
  },
  {
    name: 'Application of a chart, its version and a parameter',
    parts: `${IMAGES}\n  ${CHARTS}`,
    place: 'namespaces: [argocd, shop]',
    change: `{edits: [
        {kind: value, file: app.yaml, at: spec.source.targetRevision, chart: shop, take: version},
        {kind: value, file: app.yaml, at: "spec.source.helm.parameters[name=image.tag].value", image: ${WEB}, take: tag, prefix: prd-}]}`,
    branches: {
      main: both((env) => ({
        'app.yaml': application(
          `  source:\n    repoURL: registry.example.com/charts\n    chart: shop\n    targetRevision: ${env === 'dev' ? '1.1.0' : '1.0.0'}\n    helm:\n      parameters:\n        - name: image.tag\n          value: ${env === 'dev' ? 'dev-a1b2c3d' : 'prd-0000001'}\n`,
        ),
      })),
    },
    charts: PUBLISHED,
    holds: ['value: prd-a1b2c3d', 'value: prd-0000001'],
    rendersPods: true,
  },
  {
    name: 'Application with several sources',
    parts: CHARTS,
    place: 'namespaces: [argocd, shop]',
    change:
      '{edits: [{kind: value, file: app.yaml, at: "spec.sources[chart=shop].targetRevision", chart: shop, take: version}]}',
    branches: {
      main: both((env) => ({
        'app.yaml': application(
          `  sources:\n    - repoURL: https://git.example.com/values.git\n      targetRevision: main\n      ref: values\n    - repoURL: registry.example.com/charts\n      chart: shop\n      targetRevision: ${env === 'dev' ? '1.1.0' : '1.0.0'}\n`,
        ),
      })),
    },
    charts: PUBLISHED,
    holds: ['targetRevision: 1.1.0', 'targetRevision: 1.0.0'],
    rendersPods: false,
  },
  {
    name: 'Application with images of Kustomize',
    parts: IMAGES,
    place: 'namespaces: [argocd, shop]',
    change: `{edits: [{kind: value, file: app.yaml, at: "spec.source.kustomize.images[=${WEB}]", image: ${WEB}, take: repository@digest}]}`,
    branches: {
      main: both((env) => ({
        'app.yaml': application(
          `  source:\n    repoURL: https://git.example.com/shop.git\n    path: web\n    targetRevision: main\n    kustomize:\n      images:\n        - ${WEB}@${env === 'dev' ? NEW : OLD}\n`,
        ),
      })),
    },
    holds: [`- ${WEB}@${NEW}`, `- ${WEB}@${OLD}`],
    rendersPods: false,
  },
  {
    name: 'JSON of an ApplicationSet',
    parts: IMAGES,
    place: 'config: true',
    change: `{edits: [{kind: value, file: config.json, at: image.tag, image: ${WEB}, take: tag, prefix: prd-}]}`,
    branches: {
      main: both((env) => ({
        'config.json': `{\n  "cluster": "${env}",\n  "image": {"tag": "${env === 'dev' ? 'dev-a1b2c3d' : 'prd-0000001'}"}\n}\n`,
      })),
    },
    holds: ['"tag": "prd-a1b2c3d"', '"tag": "prd-0000001"'],
    rendersPods: false,
  },
  {
    name: 'A branch of rendered manifests for each environment',
    parts: IMAGES,
    change: 'copy',
    directories: ['.', '.'],
    perBranch: true,
    branches: {
      'env/dev': { 'web.yaml': deployment(`${WEB}@${NEW}`) },
      'env/prod': { 'web.yaml': deployment(`${WEB}@${OLD}`) },
    },
    holds: [`image: ${WEB}@${NEW}`, `image: ${WEB}@${OLD}`],
    rendersPods: true,
  },
];

const argocd = (env: string): string =>
  `{kind: argocd, cluster: harbour-01, application: shop-${env}, workloads: [{namespace: shop, name: web}]}`;

/** The path of a layout, as people write it. */
export function pathOf({ parts, place = '', change, deliveries, directories, perBranch }: Layout): string {
  const [dev, prod] = deliveries ?? [argocd('dev'), argocd('prod')];
  const [here, there] = directories ?? ['dev', 'prod'];
  const isRule = place.startsWith('namespaces');
  const environment = (name: string, directory: string, delivery: string, more: readonly string[]) =>
    [
      `    - name: ${name}`,
      `      directory: ${directory}`,
      ...(perBranch === true ? [`      branch: env/${name}`] : []),
      ...more.map((line) => `      ${line}`),
      `      deliveries: [${delivery}]`,
    ].join('\n');
  return [
    'apiVersion: gatehouse/v1',
    'kind: Path',
    'metadata: {name: shop}',
    'spec:',
    '  owners: shop-owners',
    `  ${parts}`,
    '  defaults: {project: shop/environments}',
    '  environments:',
    environment('dev', here, dev, place === '' || isRule ? [] : [place]),
    environment('prod', there, prod, [...(place === '' ? [] : [place]), `change: ${change}`]),
    '',
  ].join('\n');
}
