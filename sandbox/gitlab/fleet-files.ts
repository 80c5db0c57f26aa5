/** Files of the microservices that Flux promotions are tried with: a shared base, and an overlay for each environment. */
import { stringify } from 'yaml';

/** Chart of a service's cache: the overlays name its version. */
export interface ServiceChart {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  /** address of the chart, `oci://…`: it is named by an OCIRepository instead of a HelmRepository */
  readonly ociUrl?: string;
}

export interface MicroserviceOptions {
  /** folder of the service, its namespace and its Deployment */
  readonly service: string;
  /** image without tag */
  readonly image: string;
  /** tag of each environment, e.g. `dev-4f2c9d1`; a folder below `overlays` for each */
  readonly tags: Readonly<Record<string, string>>;
  readonly chart?: ServiceChart;
}

/** Project of the example world in which they are. */
export const FLEET_PROJECT = 'fleet/services';

/** Folder of a service in an environment. */
export function overlayOf(environment: string, service: string): string {
  return `overlays/${environment}/${service}`;
}

/** Text by path of everything that a service has. */
export function microserviceFiles(options: MicroserviceOptions): Readonly<Record<string, string>> {
  const { service, tags, chart } = options;
  const base = `base/${service}`;
  const files: Record<string, string> = {
    [`${base}/kustomization.yaml`]: text({
      ...KUSTOMIZATION,
      resources: ['deployment.yaml', ...(chart === undefined ? [] : ['release.yaml'])],
    }),
    [`${base}/deployment.yaml`]: text(deploymentOf(options)),
    ...(chart === undefined ? {} : { [`${base}/release.yaml`]: releaseText(chart) }),
  };
  for (const [environment, tag] of Object.entries(tags)) {
    const overlay = overlayOf(environment, service);
    const version = chart?.versions[environment];
    files[`${overlay}/kustomization.yaml`] = overlayText(options, tag, version !== undefined);
    if (chart === undefined || version === undefined) continue;
    files[`${overlay}/release.yaml`] =
      `# Of ${environment}; changed by promotions only.\n${text(versionOf(chart, version))}`;
  }
  return files;
}

/** A kustomization with a comment and an order of its own, as people write them. */
function overlayText({ service, image }: MicroserviceOptions, tag: string, hasRelease: boolean): string {
  return [
    '# The tag is changed by promotions only.',
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    `namespace: ${service}`,
    'resources:',
    `  - ../../../base/${service}`,
    'images:',
    `  - name: ${image}   # the same image in every environment`,
    `    newTag: ${tag}`,
    ...(hasRelease ? ['patches:', '  - path: release.yaml'] : []),
    '',
  ].join('\n');
}

function deploymentOf({ service, image }: MicroserviceOptions): object {
  const labels = { app: service };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: service, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: service, image, ports: [{ containerPort: 8080 }] }] },
      },
    },
  };
}

/** What an overlay says of a chart. */
function versionOf({ name, ociUrl }: ServiceChart, version: string): object {
  const metadata = { name };
  return ociUrl === undefined
    ? { ...RELEASE, metadata, spec: { chart: { spec: { version } } } }
    : { ...OCI_REPOSITORY, metadata, spec: { ref: { tag: version } } };
}

function releaseText({ name, ociUrl }: ServiceChart): string {
  const sourceRef = { kind: 'HelmRepository', name: 'charts', namespace: 'flux-system' };
  const source =
    ociUrl === undefined
      ? { chart: { spec: { chart: name, version: '1.0.0', sourceRef } } }
      : { chartRef: { kind: 'OCIRepository', name } };
  const release = text({
    ...RELEASE,
    metadata: { name },
    spec: { interval: '1h', timeout: '2m', ...source, values: { memory: '64Mi' } },
  });
  if (ociUrl === undefined) return release;
  const spec = { interval: '1h', url: ociUrl, insecure: true, ref: { tag: '1.0.0' } };
  return `${release}---\n${text({ ...OCI_REPOSITORY, metadata: { name }, spec })}`;
}

const OCI_REPOSITORY = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'OCIRepository' } as const;
const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' } as const;
const RELEASE = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' } as const;

function text(object: unknown): string {
  // an anchor for what is used twice would be a trap for those who edit
  return stringify(object, { aliasDuplicateObjects: false });
}
