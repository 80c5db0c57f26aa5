/** Files of the example projects that a promotion changes: plain manifests for Argo CD, overlays for Flux. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

export interface ShopFilesOptions {
  /** with a digest, e.g. by `imageOf` */
  readonly image: string;
  /** default `shop` */
  readonly namespace?: string;
  /** name of the Deployment, Service and container; default `web` */
  readonly name?: string;
  /** default 2 */
  readonly replicas?: number;
  /** folder of the manifests; default `yaml` */
  readonly folder?: string;
  /** data of the ConfigMap */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface FleetEnvironment {
  /** e.g. `dev-4f2c9d1` */
  readonly tag: string;
  readonly chartVersion: string;
}

export interface FleetServicesOptions {
  /** by environment: a folder below `overlays` for each */
  readonly environments: Readonly<Record<string, FleetEnvironment>>;
  /** default `shop`: folder of the service, and its namespace */
  readonly service?: string;
  /** image without tag; default `registry.example.com/shop/web` */
  readonly image?: string;
  /** default `shop-cache` */
  readonly chart?: string;
}

/** The image of a version by digest; the digest is made of the version, so it names nothing that exists. */
export function imageOf(version: string, repository = 'registry.example.com/shop/web'): string {
  return `${repository}@sha256:${createHash('sha256').update(`${repository}:${version}`).digest('hex')}`;
}

/** The four environments of the Flux example, each a little behind the one before. */
export const FLEET_ENVIRONMENTS: Readonly<Record<string, FleetEnvironment>> = {
  sbx: { tag: 'sbx-91c0b7e', chartVersion: '1.5.0' },
  dev: { tag: 'dev-91c0b7e', chartVersion: '1.4.2' },
  stg: { tag: 'stg-4f2c9d1', chartVersion: '1.4.1' },
  prd: { tag: 'prd-0aa31f6', chartVersion: '1.4.0' },
};

/** Files of an application that Argo CD delivers from plain manifests. */
export function shopFiles(options: ShopFilesOptions): Record<string, string> {
  const { image, namespace = 'shop', name = 'web', replicas = 2, folder = 'yaml' } = options;
  const metadata = { name, namespace, labels: { app: name } };
  const settings = options.settings ?? { LOG_LEVEL: 'info', CURRENCY: 'EUR' };
  return {
    'README.md': `# ${namespace}\n\nArgo CD delivers what is in \`${folder}/\`.\n`,
    [`${folder}/deployment.yaml`]: commented('The image is changed by promotions only.', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [
              {
                name,
                image,
                ports: [{ containerPort: 8080 }],
                envFrom: [{ configMapRef: { name } }],
              },
            ],
          },
        },
      },
    }),
    [`${folder}/service.yaml`]: text({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    }),
    [`${folder}/configmap.yaml`]: text({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { ...settings },
    }),
  };
}

/** Files of services that Flux delivers from a base and one overlay for each environment. */
export function fleetServicesFiles(options: FleetServicesOptions): Record<string, string> {
  const { service = 'shop', image = 'registry.example.com/shop/web', chart = 'shop-cache' } = options;
  const base = `base/${service}`;
  const files: Record<string, string> = {
    'README.md':
      '# Services of the fleet\n\nFlux delivers one folder below `overlays/` to each environment.\n',
    [`${base}/kustomization.yaml`]: text({
      ...KUSTOMIZATION,
      resources: ['deployment.yaml', 'release.yaml'],
    }),
    [`${base}/deployment.yaml`]: text({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 8080 }] }] },
        },
      },
    }),
    [`${base}/release.yaml`]: text({
      ...RELEASE,
      metadata: { name: chart },
      spec: {
        interval: '10m',
        chart: {
          spec: {
            chart,
            version: '1.0.0',
            sourceRef: { kind: 'HelmRepository', name: 'charts', namespace: 'flux-system' },
          },
        },
        values: { replicas: 1 },
      },
    }),
  };
  for (const [name, environment] of Object.entries(options.environments)) {
    const overlay = `overlays/${name}/${service}`;
    files[`${overlay}/kustomization.yaml`] = commented(
      'Tag and chart version are changed by promotions only.',
      {
        ...KUSTOMIZATION,
        namespace: service,
        resources: [`../../../${base}`],
        images: [{ name: image, newTag: environment.tag }],
        patches: [{ path: 'release.yaml' }],
      },
    );
    files[`${overlay}/release.yaml`] = text({
      ...RELEASE,
      metadata: { name: chart },
      spec: { chart: { spec: { version: environment.chartVersion } } },
    });
  }
  return files;
}

const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' } as const;
const RELEASE = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' } as const;

function text(object: unknown): string {
  // an anchor for what is used twice would be a trap for those who edit
  return stringify(object, { aliasDuplicateObjects: false });
}

function commented(comment: string, object: unknown): string {
  return `# ${comment}\n${text(object)}`;
}
