/** The example application of promotions: an Application for each environment, from a project of its own. */
import type { SeedObject } from './example-objects.js';

export interface ShopEnvironment {
  readonly name: 'dev' | 'prod';
  /** cluster that it runs in */
  readonly cluster: string;
}

/** Namespace of the workloads, and the first part of the projects' paths. */
export const SHOP = 'shop';

/** Objects of the example application; the clusters are those of the world. */
export function shopObjects(
  environments: readonly ShopEnvironment[],
  options: { readonly management: string; readonly argocdNamespace: string; readonly gitlab: string },
): SeedObject[] {
  return [
    {
      cluster: options.management,
      plural: 'appprojects',
      object: {
        metadata: { name: SHOP, namespace: options.argocdNamespace },
        spec: {
          description: 'The shop',
          sourceRepos: ['*'],
          destinations: [{ name: '*', namespace: SHOP }],
        },
      },
    },
    ...environments.flatMap(({ name, cluster }): SeedObject[] => [
      {
        cluster,
        plural: 'namespaces',
        object: { metadata: { name: SHOP }, status: { phase: 'Active' } },
      },
      {
        cluster: options.management,
        plural: 'applications',
        object: {
          metadata: { name: `${SHOP}-${name}`, namespace: options.argocdNamespace, labels: { app: SHOP } },
          spec: {
            project: SHOP,
            source: {
              repoURL: `${options.gitlab}/${SHOP}-${name}/ops.git`,
              path: 'yaml',
              targetRevision: 'main',
            },
            destination: { name: cluster, namespace: SHOP },
            syncPolicy: { automated: { prune: true, selfHeal: true } },
          },
        },
      },
    ]),
  ];
}
