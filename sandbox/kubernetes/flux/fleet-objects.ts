/** Flux as the clusters of the example fleet have it: the repository and the charts once, a Kustomization for each service. */
import { overlayOf } from '../../gitlab/fleet-files.js';
import type { SeedObject } from '../example-objects.js';

const FLUX_NAMESPACE = 'flux-system';

export interface FleetSources {
  /** address of the repository */
  readonly repository: string;
  /** `oci://…` of the folder of charts */
  readonly charts: string;
}

/** Sources of one cluster. Nothing happens by itself within a test: the intervals are long. */
export function fleetSources(cluster: string, { repository, charts }: FleetSources): readonly SeedObject[] {
  const metadata = (name: string) => ({ name, namespace: FLUX_NAMESPACE });
  return [
    { cluster, plural: 'namespaces', object: { metadata: { name: FLUX_NAMESPACE } } },
    {
      cluster,
      plural: 'gitrepositories',
      object: {
        metadata: metadata('fleet'),
        spec: { interval: '1h', url: repository, ref: { branch: 'main' } },
      },
    },
    {
      cluster,
      plural: 'helmrepositories',
      object: { metadata: metadata('charts'), spec: { type: 'oci', url: charts, insecure: true } },
    },
  ];
}

/** A service of one environment in its cluster. */
export function fleetService(
  cluster: string,
  { environment, service }: { readonly environment: string; readonly service: string },
): readonly SeedObject[] {
  return [
    { cluster, plural: 'namespaces', object: { metadata: { name: service } } },
    {
      cluster,
      plural: 'kustomizations',
      object: {
        metadata: { name: service, namespace: service },
        spec: {
          interval: '1h',
          timeout: '2m',
          prune: true,
          path: `./${overlayOf(environment, service)}`,
          sourceRef: { kind: 'GitRepository', name: 'fleet', namespace: FLUX_NAMESPACE },
        },
      },
    },
  ];
}
