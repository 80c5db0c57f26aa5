/** The example application of promotions as an installation knows it: its path and its policies. */
import { stringify } from 'yaml';
import type { World } from '../world.js';

export interface ShopPathOptions {
  readonly soak?: string;
  readonly watch?: string;
  readonly onFailure?: 'rollback' | 'hold';
  readonly changeRecord?: boolean;
  readonly checks?: readonly Readonly<Record<string, unknown>>[];
  readonly windows?: Readonly<Record<string, unknown>>;
  readonly whileOpen?: 'refuse' | 'queue' | 'latest-wins';
  /** name of the application; default `shop` */
  readonly name?: string;
  /** its directory in prod-ops; default `yaml` */
  readonly directory?: string;
}

/** Repository of the shop's image in the stand-in of Harbor. @param harbor address of the stand-in */
export function shopImage(harbor: string): string {
  return `${new URL(harbor).host}/shop/web`;
}

/** The shop from its dev-ops project into its prod-ops project, each delivered by Argo CD. */
export function shopPathText(world: World, image: string, options: ShopPathOptions = {}): string {
  const [dev, , third] = world.clusters;
  const prod = third ?? dev;
  const {
    changeRecord,
    checks,
    windows,
    onFailure,
    soak,
    watch,
    whileOpen,
    name = 'shop',
    directory = 'yaml',
  } = options;
  const delivery = (environment: string, cluster: string | undefined) => ({
    kind: 'argocd',
    cluster,
    connection: 'management',
    application: `shop-${environment}`,
    workloads: [{ namespace: 'shop', name: 'web' }],
  });
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Path',
    metadata: { name },
    spec: {
      owners: 'shop-owners',
      images: [image],
      environments: [
        {
          name: 'dev',
          project: 'shop-dev/ops',
          directory: 'yaml',
          deliveries: [delivery('dev', dev?.name)],
        },
        {
          name: 'prod',
          project: 'shop-prod/ops',
          directory,
          change: 'copy',
          deliveries: [delivery('prod', prod?.name)],
          ...(changeRecord === undefined ? {} : { changeRecord }),
          ...(checks === undefined ? {} : { checks }),
          ...(windows === undefined ? {} : { windows }),
          ...(onFailure === undefined ? {} : { onFailure }),
          ...(soak === undefined ? {} : { soak }),
          ...(watch === undefined ? {} : { watch }),
          ...(whileOpen === undefined ? {} : { whileOpen }),
        },
      ],
    },
  });
}

/** The owner agrees; break-glass is for the operators, and is reviewed afterwards. */
export function shopPolicyText(): string {
  const policy = (name: string, appliesTo: object, gates: readonly object[]): string =>
    stringify({
      apiVersion: 'gatehouse/v1',
      kind: 'Policy',
      metadata: { name },
      spec: { appliesTo: { kind: 'Promotion', application: '*', environment: 'prod', ...appliesTo }, gates },
    });
  const owner = { name: 'owner', approvers: { group: 'owners', need: 1 } };
  return [
    policy('production', {}, [owner]),
    policy('production-rollback', { exception: 'rollback' }, [owner]),
    policy('production-break-glass', { exception: 'break-glass' }, [
      { name: 'on-call', approvers: { group: 'operators', need: 1 } },
      { name: 'review', approvers: { group: 'owners', need: 1 }, afterwards: true },
    ]),
  ].join('---\n');
}

/** A promotion of the shop into production. */
export function shopPromotionText(
  spec: Readonly<Record<string, unknown>> = {},
  application = 'shop',
): string {
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Promotion',
    metadata: { name: application },
    spec: { to: 'prod', ...spec },
  });
}
