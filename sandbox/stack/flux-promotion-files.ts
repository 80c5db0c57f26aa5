/** The microservices of the fleet as an installation knows them: their paths and policies. */
import { stringify } from 'yaml';
import { overlayOf } from '../gitlab/fleet-files.js';
import type { World } from '../world.js';

/** Environments in order; tags of each begin with its name and a hyphen. */
export const FLEET_ENVIRONMENTS = ['dev', 'stg', 'prd'] as const;
export type FleetEnvironment = (typeof FLEET_ENVIRONMENTS)[number];

export const CACHE_CHART = 'cache';

export interface FluxPathOptions {
  readonly project: string;
  readonly service: string;
  /** image without tag */
  readonly image: string;
  /** where charts are, `oci://…`; unset: the service has none */
  readonly charts?: string;
  /** the chart is named by an OCIRepository */
  readonly byOciRepository?: boolean;
  /** more settings of the environment that is promoted to last */
  readonly production?: Readonly<Record<string, unknown>>;
}

/** Cluster of an environment: the first three of the world, in order. */
export function fleetCluster(world: World, environment: FleetEnvironment): string {
  const name = world.clusters[FLEET_ENVIRONMENTS.indexOf(environment)]?.name;
  if (name === undefined) throw new Error('the fleet needs three clusters');
  return name;
}

/** One microservice from overlay to overlay. */
export function fluxPathText(world: World, options: FluxPathOptions): string {
  const { project, service, image, charts, production = {} } = options;
  const environmentOf = (environment: FleetEnvironment) => ({
    name: environment,
    directory: overlayOf(environment, service),
    ...(environment === 'dev' ? {} : { change: { edits: editsOf(environment, options) } }),
    deliveries: [fluxDelivery(fleetCluster(world, environment), service, charts !== undefined)],
    ...(environment === 'prd' ? production : {}),
  });
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Path',
    metadata: { name: service },
    spec: {
      owners: 'shop-owners',
      images: [image],
      ...(charts === undefined ? {} : { charts: [{ name: CACHE_CHART, repository: charts }] }),
      defaults: { project },
      environments: FLEET_ENVIRONMENTS.map(environmentOf),
    },
  });
}

function editsOf(
  environment: FleetEnvironment,
  { image, charts, byOciRepository = false }: FluxPathOptions,
): readonly object[] {
  const at = byOciRepository ? { at: 'spec.ref.tag' } : {};
  return [
    { kind: 'kustomize-image', image, tagPrefix: `${environment}-` },
    ...(charts === undefined
      ? []
      : [{ kind: 'chart-version', file: 'release.yaml', chart: CACHE_CHART, ...at }]),
  ];
}

/** A Kustomization of a service's own namespace, with the workloads that it and its chart make. */
export function fluxDelivery(cluster: string, service: string, hasChart: boolean): object {
  return {
    kind: 'flux',
    cluster,
    namespace: service,
    kustomization: service,
    ...(hasChart ? { helmReleases: [{ name: CACHE_CHART, chart: CACHE_CHART }] } : {}),
    workloads: [
      { namespace: service, name: service },
      ...(hasChart ? [{ namespace: service, name: CACHE_CHART }] : []),
    ],
  };
}

/** The owner agrees in every environment but the first; a rollback asks him too. */
export function fluxPolicyText(): string {
  const gates = [{ name: 'owner', approvers: { group: 'owners', need: 1 } }];
  return ['stg', 'prd']
    .flatMap((environment) =>
      [{}, { exception: 'rollback' }].map((more) =>
        stringify({
          apiVersion: 'gatehouse/v1',
          kind: 'Policy',
          metadata: { name: `fleet-${environment}${'exception' in more ? '-rollback' : ''}` },
          spec: { appliesTo: { kind: 'Promotion', application: '*', environment, ...more }, gates },
        }),
      ),
    )
    .join('---\n');
}

/** An application whose production is two places: one project that Argo CD reads, and one overlay that Flux reads. */
export function mixedPathText(
  world: World,
  options: { readonly project: string; readonly service: string; readonly image: string },
): string {
  const { project, service, image } = options;
  const argocd = (environment: 'dev' | 'prod', cluster: string) => ({
    kind: 'argocd',
    cluster,
    connection: 'management',
    application: `shop-${environment}`,
    workloads: [{ namespace: 'shop', name: 'web' }],
  });
  const production = fleetCluster(world, 'prd');
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Path',
    metadata: { name: service },
    spec: {
      owners: 'shop-owners',
      images: [image],
      environments: [
        {
          name: 'dev',
          project: 'shop-dev/ops',
          directory: 'yaml',
          deliveries: [argocd('dev', fleetCluster(world, 'dev'))],
        },
        {
          name: 'prd',
          places: [
            {
              name: 'north',
              project: 'shop-prod/ops',
              directory: 'yaml',
              change: 'copy',
              deliveries: [argocd('prod', production)],
            },
            {
              name: 'south',
              project,
              directory: overlayOf('prd', service),
              change: { edits: [{ kind: 'kustomize-image', image, digest: true }] },
              deliveries: [fluxDelivery(production, service, false)],
            },
          ],
          namespaces: ['shop', service],
          rollout: { canary: 1, maxFailures: 0 },
        },
      ],
    },
  });
}
