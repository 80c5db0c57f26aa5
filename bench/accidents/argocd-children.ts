/** Accidents of waits for an Application that brings Applications: its own health says nothing of theirs. */
import type { Accident, Clock, WrittenObject } from './accident.js';
import { application, type Written, waitFor } from './argocd-objects.js';

const CHARTS = 'https://charts.example.com';

function parent(name: string, commit: string, clock: Clock, children: readonly object[]): WrittenObject {
  return application(commit, clock, { name, status: { resources: children } });
}

function managed(name: string, kind = 'Application', namespace = 'argocd'): object {
  return { group: 'argoproj.io', version: 'v1alpha1', kind, namespace, name, status: 'Synced' };
}

/** A child that installs a chart: what its spec asks for, what was compared, and which spec that was. */
function child(
  name: string,
  clock: Clock,
  [asked, compared, specThen]: readonly [string, string, string?],
  more: Partial<Written> = {},
): WrittenObject {
  const source = (targetRevision: string) => ({ repoURL: CHARTS, chart: 'shop', targetRevision });
  return application(compared, clock, {
    name,
    operationState: null,
    ...more,
    spec: { source: source(asked), ...more.spec },
    sync: {
      comparedTo: { source: source(specThen ?? asked), destination: {} },
      ...more.sync,
    },
  });
}

const OUT_OF_SYNC = { sync: { status: 'OutOfSync' } };

export const ARGOCD_CHILD_ACCIDENTS: readonly Accident[] = [
  {
    name: 'the parent is Synced and Healthy, its child is OutOfSync with the chart before',
    seenIn: 'argo-cd #15830, #3781, #6708',
    must: 'waiting',
    clause: 'other-revision',
    args: waitFor('root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('root-child', clock, ['1.5.0', '1.4.0'], { ...OUT_OF_SYNC, health: { status: 'Degraded' } }),
          parent('root', ours, clock, [managed('root-child')]),
        ],
      },
    ],
  },
  {
    name: 'the child has not compared its new spec yet, and looks Synced and Healthy',
    seenIn: 'argo-cd #15830',
    must: 'proven',
    args: waitFor('late-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('late-child', clock, ['1.5.0', '1.4.0', '1.4.0']),
          parent('late-root', ours, clock, [managed('late-child')]),
        ],
      },
      {
        objects: [child('late-child', clock, ['1.5.0', '1.5.0'], { health: { status: 'Progressing' } })],
      },
      { objects: [child('late-child', clock, ['1.5.0', '1.5.0'])], runs: true },
    ],
  },
  {
    name: 'nobody syncs the child, its auto-sync is off',
    seenIn: 'argo-cd #6708',
    must: 'failed',
    clause: 'auto-sync-off',
    args: waitFor('off-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('off-child', clock, ['1.5.0', '1.5.0'], { ...OUT_OF_SYNC, spec: { syncPolicy: {} } }),
          parent('off-root', ours, clock, [managed('off-child')]),
        ],
      },
    ],
  },
  {
    name: 'the child is Degraded, which its parent does not count',
    seenIn: 'argo-cd #3781: no health of child Applications since 1.8',
    must: 'waiting',
    clause: 'not-healthy',
    args: waitFor('ill-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('ill-child', clock, ['1.5.0', '1.5.0'], { health: { status: 'Degraded' } }),
          parent('ill-root', ours, clock, [managed('ill-child')]),
        ],
      },
    ],
  },
  {
    name: 'a hook of the child failed',
    seenIn: 'argo-cd #23719, below an app of apps',
    must: 'failed',
    clause: 'sync-failed',
    args: waitFor('hook-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('hook-child', clock, ['1.5.0', '1.5.0'], {
            operationState: { phase: 'Failed', message: 'one or more hooks failed' },
          }),
          parent('hook-root', ours, clock, [managed('hook-child')]),
        ],
      },
    ],
  },
  {
    name: 'a child of a child is behind',
    seenIn: 'argo-cd #15830: several levels',
    must: 'waiting',
    clause: 'other-revision',
    args: waitFor('top-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          child('deep-child', clock, ['1.5.0', '1.4.0']),
          parent('mid-root', ours, clock, [managed('deep-child')]),
          parent('top-root', ours, clock, [managed('mid-root')]),
        ],
      },
    ],
  },
  {
    name: 'a child that reads the same branch has not compared our commit',
    seenIn: 'argo-cd #15830',
    must: 'proven',
    args: waitFor('same-root'),
    frames: ({ before, ours, later }, clock) => [
      {
        objects: [
          application(before, clock, { name: 'same-child' }),
          parent('same-root', ours, clock, [managed('same-child')]),
        ],
      },
      { objects: [application(later, clock, { name: 'same-child' })], runs: true },
    ],
  },
  {
    name: 'a child of another repository will never have our commit, and runs what it should',
    seenIn: 'equality would wait for ever',
    must: 'proven',
    args: waitFor('other-root'),
    frames: ({ ours }, clock) => {
      const source = { repoURL: 'https://git.example.com/ops/other.git', path: '.', targetRevision: 'main' };
      return [
        {
          objects: [
            application('e'.repeat(40), clock, {
              name: 'other-child',
              spec: { source },
              sync: { comparedTo: { source, destination: {} } },
            }),
            parent('other-root', ours, clock, [managed('other-child')]),
          ],
          runs: true,
        },
      ];
    },
  },
  {
    name: 'an ApplicationSet below the parent has made an Application that is behind',
    seenIn: 'ResourcesUpToDate of an ApplicationSet says nothing of what runs',
    must: 'waiting',
    clause: 'out-of-sync',
    args: waitFor('set-root'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          {
            ...child('set-child', clock, ['1.5.0', '1.5.0'], OUT_OF_SYNC),
            owners: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'ApplicationSet', name: 'shops', uid: '7' }],
          },
          parent('set-root', ours, clock, [managed('shops', 'ApplicationSet')]),
        ],
      },
    ],
  },
  {
    name: 'an ApplicationSet with a rolling sync keeps auto-sync off, and will sync it in its turn',
    seenIn: 'Argo CD progressive syncs',
    must: 'waiting',
    clause: 'out-of-sync',
    args: waitFor('rolling'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          {
            ...application(ours, clock, {
              name: 'rolling',
              spec: { syncPolicy: {} },
              sync: { status: 'OutOfSync' },
              operationState: {
                operation: {
                  sync: { revision: before },
                  initiatedBy: { username: 'applicationset-controller', automated: true },
                },
                syncResult: { revision: before, resources: [] },
              },
            }),
            owners: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'ApplicationSet', name: 'shops', uid: '7' }],
          },
        ],
      },
    ],
  },
];
