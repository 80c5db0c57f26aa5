import { describe, expect, it } from 'vitest';
import { DeliveryProof } from '../../../src/activities/delivery/proof.js';
import type { ProvenDelivery } from '../../../src/activities/delivery/wanted.js';
import type { Look } from '../../../src/activities/waiting.js';
import { PlatformDigests } from '../../../src/delivery/platform-digests.js';
import type { AppProject } from '../../../src/systems/argocd/app-project.js';
import type { Application } from '../../../src/systems/argocd/application.js';

const OURS = 'a'.repeat(40);
const BEFORE = 'b'.repeat(40);
const HOUR = 3_600_000;
const NEVER = new AbortController().signal;

const WANTED: ProvenDelivery = {
  delivery: {
    kind: 'argocd',
    name: 'eu',
    cluster: 'harbour-01',
    connection: 'management',
    namespace: 'argocd',
    application: 'shop',
    workloads: [],
  },
  system: 'argocd',
  object: 'application argocd/shop on harbour-01',
  project: 'shop-prod/ops',
  commit: OURS,
  files: [],
  images: [],
  someImage: false,
  everyWorkload: false,
  charts: new Map(),
};

function not(): never {
  throw new Error('nobody is asked for this here');
}

/** An Application as Argo CD compared it a second from now, so that its comparison counts. */
function application(revision: string, sync: string): Application {
  return {
    metadata: { name: 'shop' },
    spec: {
      project: 'shop',
      source: { repoURL: 'https://gitlab.example.com/shop-prod/ops.git' },
      destination: { namespace: 'shop' },
      syncPolicy: { automated: {} },
    },
    status: {
      sync: { status: sync, revision },
      health: { status: 'Healthy', lastTransitionTime: '2026-11-25T08:00:00Z' },
      operationState: {
        phase: 'Succeeded',
        startedAt: '2026-11-25T08:00:00Z',
        finishedAt: '2026-11-25T08:01:00Z',
        syncResult: { revision },
      },
      reconciledAt: new Date(Date.now() + 1_000).toISOString(),
    },
  };
}

/** The proof of a delivery by an Application that a test changes between looks. */
function scene(windows: AppProject['spec']['syncWindows'] = []) {
  const cluster = { application: application(BEFORE, 'Synced') };
  const tools = {
    gitlab: { isAncestor: async () => false },
    repositories: { compare: not, tree: not, blobs: not, texts: not, freezePeriods: not },
    repositoryOf: (project: string) => `https://gitlab.example.com/${project}.git`,
    platforms: new PlatformDigests(undefined),
    watched: {
      applicationsOf: () => ({
        read: async () => cluster.application,
        reading: async () => ({
          application: cluster.application,
          serverTime: new Date(Date.now() + 2_000).toISOString(),
        }),
        matching: not,
        project: async () => ({ metadata: { name: 'shop' }, spec: { syncWindows: windows } }),
        requestRefresh: async () => ({ requestedAt: new Date(Date.now() - 1_000).toISOString() }),
      }),
      fluxOf: not,
      workloadsOf: () => ({ read: not, podsOf: not }),
    },
  };
  const proof = new DeliveryProof(tools, WANTED, 0);
  return { cluster, look: (maxWaitMs = HOUR): Promise<Look> => proof.look(NEVER, maxWaitMs) };
}

describe('DeliveryProof', () => {
  it('names the clause with its object, and keeps since when it has been so', async () => {
    const { cluster, look } = scene();
    const first = await look();
    expect(first).toMatchObject({
      state: 'waiting',
      clause: expect.stringMatching(/^other-revision: application argocd\/shop: Argo CD compares with b{12}/),
    });
    const since = first.state === 'waiting' ? first.since : undefined;
    expect(since).toMatch(/^\d{4}-/);
    expect(await look()).toMatchObject({ state: 'waiting', since });
    cluster.application = application(OURS, 'Synced');
    expect(await look()).toMatchObject({
      state: 'reached',
      readBack: { commit: OURS, revision: OURS, delivery: 'eu', since: '2026-11-25T08:01:00Z' },
    });
  });

  it('ends at once when a sync window forbids it for longer than it may wait', async () => {
    const { cluster, look } = scene([
      { kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'] },
    ]);
    cluster.application = application(OURS, 'OutOfSync');
    expect(await look()).toMatchObject({
      state: 'hopeless',
      clause: 'sync-window',
      remedy: expect.stringContaining('by hand'),
    });
  });

  it('waits for a sync window that opens in time', async () => {
    const opens = new Date(Date.now() + HOUR / 2);
    const schedule = `${opens.getUTCMinutes()} ${opens.getUTCHours()} * * *`;
    const { cluster, look } = scene([{ kind: 'allow', schedule, duration: '1m', applications: ['*'] }]);
    cluster.application = application(OURS, 'OutOfSync');
    expect(await look()).toMatchObject({
      state: 'waiting',
      clause: expect.stringContaining('sync-window'),
    });
  });
});
