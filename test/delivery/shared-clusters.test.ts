import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { WrittenObject } from '../../bench/accidents/accident.js';
import { application } from '../../bench/accidents/argocd-objects.js';
import { clock, Stage } from '../../bench/accidents/stage.js';
import { sharedClusters, type WatchedClusters } from '../../src/delivery/shared-clusters.js';
import { Applications } from '../../src/systems/argocd/applications.js';
import { Flux } from '../../src/systems/flux/flux.js';
import { KubernetesConnection } from '../../src/systems/kubernetes/connection.js';
import { Workloads } from '../../src/systems/kubernetes/workloads.js';
import { Secret } from '../../src/systems/secret.js';

const NAMES = ['one', 'two', 'three', 'four', 'five'];
/** So long that all looks of a test lie in one interval. */
const TIMES = { intervalMs: 3_600_000, interestMs: 3_600_000 };

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
  for (const name of NAMES) {
    await stage.show({
      objects: [
        application('1'.repeat(40), clock, { name }),
        flux('kustomizations', name, { interval: '1h', prune: true, sourceRef: SOURCE }),
        flux('gitrepositories', name, { interval: '1h', url: 'https://git.example.com/ops/fleet.git' }),
        flux('helmreleases', name, {
          interval: '1h',
          chart: { spec: { chart: 'shop', version: '1.4.2', sourceRef: CHARTS } },
        }),
        {
          plural: 'deployments',
          namespace: 'shop',
          name,
          spec: { template: { spec: { containers: [{ name: 'main', image: 'shop:1' }] } } },
        },
        {
          plural: 'rollouts',
          namespace: 'shop',
          name,
          spec: {
            workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
            strategy: { canary: {} },
          },
        },
      ],
    });
  }
});
afterEach(async () => {
  expect(await stage.control.violations()).toEqual([]);
});
afterAll(() => stage.close());

const SOURCE = { kind: 'GitRepository', name: 'one' };
const CHARTS = { kind: 'HelmRepository', name: 'charts' };

function flux(plural: string, name: string, spec: object): WrittenObject {
  return { plural, namespace: 'flux-system', name, spec };
}

/** @param token what of may be listed depends on it */
function clustersOf(token: string): WatchedClusters {
  const connection = new KubernetesConnection({
    server: stage.server,
    token: async () => new Secret(token),
  });
  return sharedClusters(
    {
      applicationsOf: ({ namespace }) => new Applications({ connection, namespace }),
      fluxOf: () => new Flux({ connection }),
      workloadsOf: () => new Workloads(connection),
    },
    TIMES,
  );
}

/** Names of what everybody found, and the requests that it took. */
async function found(
  read: (name: string) => Promise<{ readonly metadata: { readonly name: string } } | null>,
): Promise<{ readonly names: readonly (string | undefined)[]; readonly requests: readonly string[] }> {
  const before = (await stage.control.events()).at(-1)?.seq ?? 0;
  const objects = await Promise.all([...NAMES, ...NAMES, 'none'].map(read));
  const events = await stage.control.events(before);
  return {
    names: objects.map((object) => object?.metadata.name),
    requests: events.filter(({ phase }) => phase === 'request').map(({ operation }) => operation),
  };
}

type Read = (
  clusters: WatchedClusters,
  name: string,
) => Promise<{ readonly metadata: { readonly name: string } } | null>;

const KINDS: readonly (readonly [string, Read])[] = [
  [
    'Applications',
    (clusters, name) => clusters.applicationsOf({ connection: 'management', namespace: 'argocd' }).read(name),
  ],
  [
    'Kustomizations',
    async (clusters, name) =>
      (await clusters.fluxOf('harbour-01').kustomization({ namespace: 'flux-system', name })).object,
  ],
  [
    'HelmReleases',
    async (clusters, name) =>
      (await clusters.fluxOf('harbour-01').helmRelease({ namespace: 'flux-system', name })).object,
  ],
  [
    'sources',
    async (clusters, name) =>
      (await clusters.fluxOf('harbour-01').source({ kind: 'GitRepository', namespace: 'flux-system', name }))
        .object,
  ],
  [
    'Deployments',
    (clusters, name) =>
      clusters.workloadsOf('harbour-01').read({ kind: 'Deployment', namespace: 'shop', name }),
  ],
];

const ALL = [...NAMES, ...NAMES, undefined];

it.each(KINDS)('many who wait for %s ask once', async (_, read) => {
  const clusters = clustersOf(stage.adminToken);
  const { names, requests } = await found((name) => read(clusters, name));
  expect(names).toEqual(ALL);
  // the first of all was alone, and did not know of the others
  expect(requests.toSorted()).toEqual(['list objects', 'read object']);
  expect((await found((name) => read(clusters, name))).requests).toEqual([]);
});

it.each(KINDS.filter(([kind]) => kind !== 'Applications'))(
  'who may read but not list %s asks for each, once',
  async (_, read) => {
    const clusters = clustersOf(stage.pipelineToken);
    const { names, requests } = await found((name) => read(clusters, name));
    expect(names).toEqual(ALL);
    expect(requests.filter((operation) => operation === 'list objects')).toHaveLength(1);
    // each name, the one that is not there, and the first once more: it was asked for before anybody else waited
    expect(requests.filter((operation) => operation === 'read object')).toHaveLength(NAMES.length + 2);
  },
);

it.each([['admin'], ['pipeline']] as const)(
  'a Rollout has the template of the Deployment that it names, as %s',
  async (who) => {
    const clusters = clustersOf(who === 'admin' ? stage.adminToken : stage.pipelineToken);
    const workloads = clusters.workloadsOf('harbour-01');
    const read = (name: string) => workloads.read({ kind: 'Rollout', namespace: 'shop', name });
    for (const rollout of await Promise.all(NAMES.map(read))) {
      expect(rollout?.spec.template.spec.containers).toEqual([{ name: 'main', image: 'shop:1' }]);
    }
    expect(await read('none')).toBeNull();
  },
);

it('an Application that was asked to compare is read anew by whoever asked', async () => {
  const clusters = clustersOf(stage.adminToken);
  const applications = clusters.applicationsOf({ connection: 'management', namespace: 'argocd' });
  expect((await applications.read('one'))?.metadata.annotations).toBeUndefined();
  await applications.requestRefresh('one', 'normal');
  expect((await applications.read('one'))?.metadata.annotations).toEqual({
    'argocd.argoproj.io/refresh': 'normal',
  });
});
