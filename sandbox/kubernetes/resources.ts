/** The kinds that the stand-in serves. Everything about a kind is in its row. */

export interface Resource {
  /** empty for the core group */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** PATCH and PUT of the object leave `status` alone when it is a subresource */
  readonly statusSubresource: boolean;
  /** file below third_party/specs/crds with the vendor's schema; none for core kinds */
  readonly crd?: string;
}

export const RESOURCES: readonly Resource[] = [
  {
    group: 'argoproj.io',
    version: 'v1alpha1',
    plural: 'applications',
    kind: 'Application',
    namespaced: true,
    statusSubresource: false,
    crd: 'argocd/application-crd.yaml',
  },
  {
    group: 'argoproj.io',
    version: 'v1alpha1',
    plural: 'appprojects',
    kind: 'AppProject',
    namespaced: true,
    statusSubresource: false,
    crd: 'argocd/appproject-crd.yaml',
  },
  {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'externalsecrets',
    kind: 'ExternalSecret',
    namespaced: true,
    statusSubresource: true,
    crd: 'external-secrets/external-secrets.io_externalsecrets.yaml',
  },
  {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'secretstores',
    kind: 'SecretStore',
    namespaced: true,
    statusSubresource: true,
    crd: 'external-secrets/external-secrets.io_secretstores.yaml',
  },
  ...flux('kustomize.toolkit.fluxcd.io', 'v1', 'kustomizations', 'Kustomization'),
  ...flux('helm.toolkit.fluxcd.io', 'v2', 'helmreleases', 'HelmRelease'),
  ...flux('source.toolkit.fluxcd.io', 'v1', 'gitrepositories', 'GitRepository'),
  ...flux('source.toolkit.fluxcd.io', 'v1', 'ocirepositories', 'OCIRepository'),
  ...flux('source.toolkit.fluxcd.io', 'v1', 'externalartifacts', 'ExternalArtifact'),
  ...flux('source.toolkit.fluxcd.io', 'v1', 'helmcharts', 'HelmChart'),
  ...flux('source.toolkit.fluxcd.io', 'v1', 'helmrepositories', 'HelmRepository'),
  ...apps('deployments', 'Deployment'),
  ...apps('statefulsets', 'StatefulSet'),
  ...apps('daemonsets', 'DaemonSet'),
  {
    group: 'argoproj.io',
    version: 'v1alpha1',
    plural: 'rollouts',
    kind: 'Rollout',
    namespaced: true,
    statusSubresource: true,
  },
  ...batch('jobs', 'Job'),
  ...batch('cronjobs', 'CronJob'),
  { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true, statusSubresource: true },
  { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true, statusSubresource: false },
  {
    group: '',
    version: 'v1',
    plural: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
    statusSubresource: true,
  },
];

/** Its controllers are in `flux/`; where the settings do not let them run, tests write what they would write. */
function flux(group: string, version: string, plural: string, kind: string): readonly Resource[] {
  return [
    {
      group,
      version,
      plural,
      kind,
      namespaced: true,
      statusSubresource: true,
      crd: `flux/${group}_${plural}.yaml`,
    },
  ];
}

/** Deployments of Argo CD and Flux are rolled out; for other workloads tests write what a controller would write. */
function apps(plural: string, kind: string): readonly Resource[] {
  return [{ group: 'apps', version: 'v1', plural, kind, namespaced: true, statusSubresource: true }];
}

/** No controller runs jobs: tests write what one would write. */
function batch(plural: string, kind: string): readonly Resource[] {
  return [{ group: 'batch', version: 'v1', plural, kind, namespaced: true, statusSubresource: true }];
}

export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `applications.argoproj.io`, `secrets`: as it stands in messages of the API server. */
export function qualifiedName(resource: Pick<Resource, 'group' | 'plural'>): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export function resourceNamed(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find(
    (resource) => resource.group === group && resource.version === version && resource.plural === plural,
  );
}

/** The row of a kind by its plural name; throws for one that is not served. */
export function resourceOf(plural: string): Resource {
  const resource = RESOURCES.find((candidate) => candidate.plural === plural);
  if (resource === undefined) throw new Error(`no kind with the plural name ${plural} is served`);
  return resource;
}
