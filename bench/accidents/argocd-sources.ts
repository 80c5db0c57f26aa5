/** Accidents of waits for Argo CD with charts beside commits, and with commits that Argo CD makes of ours. */
import type { Accident, Clock } from './accident.js';
import { application, operationState } from './argocd-objects.js';
import type { Story } from './story.js';

const REPOSITORY = 'https://git.example.com/ops/prod.git';
const CHART_DIGEST = `sha256:${'6'.repeat(64)}`;
const HYDRATED = 'c'.repeat(40);
const HYDRATED_BEFORE = 'd'.repeat(40);

const both =
  (name: string) =>
  ({ ours, folder }: Story): readonly string[] => [
    ...['--application', name, '--revision', ours, '--repository', folder],
    ...['--source', REPOSITORY, '--chart-version', '12.7.2'],
  ];

/** A chart in an OCI registry, compared by digest, and values of our repository. */
function ociChart(name: string, asked: string, compared: string, { ours }: Story, clock: Clock) {
  const chart = (targetRevision: string) => ({
    repoURL: 'oci://registry.example.com/charts/grafana',
    path: '.',
    targetRevision,
  });
  const values = { repoURL: REPOSITORY, targetRevision: 'main', ref: 'values' };
  return application(ours, clock, {
    name,
    spec: { source: undefined, sources: [chart(asked), values] },
    sync: {
      revision: undefined,
      revisions: [CHART_DIGEST, ours],
      comparedTo: { sources: [chart(compared), values], destination: {} },
    },
    operationState: null,
  });
}

interface Hydration {
  readonly name: string;
  readonly compared: string;
  readonly last: readonly [dry: string, hydrated: string];
  readonly current?: object;
  readonly more?: object;
}

function hydrated({ name, compared, last, current, more }: Hydration, clock: Clock) {
  const [drySHA, hydratedSHA] = last;
  const sourceHydrator = {
    drySource: { repoURL: REPOSITORY, path: 'shop', targetRevision: 'main' },
    syncSource: { targetBranch: 'env/prod', path: 'shop' },
    ...more,
  };
  return application(compared, clock, {
    name,
    spec: { source: undefined, sourceHydrator },
    status: {
      sourceHydrator: {
        lastSuccessfulOperation: { drySHA, hydratedSHA, sourceHydrator },
        currentOperation: {
          phase: 'Hydrated',
          message: '',
          startedAt: clock.ago(100),
          finishedAt: clock.ago(90),
          drySHA,
          hydratedSHA,
          sourceHydrator,
          ...current,
        },
      },
    },
  });
}

const ofCommit =
  (name: string) =>
  ({ ours, folder }: Story): readonly string[] => [
    '--application',
    name,
    '--revision',
    ours,
    '--repository',
    folder,
  ];

export const ARGOCD_SOURCE_ACCIDENTS: readonly Accident[] = [
  {
    name: 'a chart version is asked for, and the OCI chart is still at the one before',
    seenIn: 'argo-cd #29058: charts in OCI registries have a digest for a revision',
    must: 'waiting',
    clause: 'other-revision',
    args: both('oci-before'),
    frames: (story, clock) => [{ objects: [ociChart('oci-before', '12.6.0', '12.6.0', story, clock)] }],
  },
  {
    name: 'the spec asks for the new OCI chart, and what was compared is the one before',
    seenIn: 'argo-cd #29058',
    must: 'proven',
    args: both('oci-late'),
    frames: (story, clock) => [
      { objects: [ociChart('oci-late', '12.7.2', '12.6.0', story, clock)] },
      { objects: [ociChart('oci-late', '12.7.2', '12.7.2', story, clock)], runs: true },
    ],
  },
  {
    name: 'a chart version is asked for, and no source is a chart',
    seenIn: 'a clause that nobody checks is green',
    must: 'failed',
    clause: 'chart-unclear',
    args: both('no-chart'),
    frames: ({ ours }, clock) => [{ objects: [application(ours, clock, { name: 'no-chart' })] }],
  },
  {
    name: 'a chart version is asked for, and the OCI chart follows a range',
    seenIn: 'argo-cd #29058',
    must: 'failed',
    clause: 'chart-unclear',
    args: both('oci-range'),
    frames: (story, clock) => [{ objects: [ociChart('oci-range', '12.x', '12.x', story, clock)] }],
  },
  {
    name: 'a commit is asked for, and there are charts only',
    seenIn: 'a clause that nobody checks is green',
    must: 'failed',
    clause: 'source-unclear',
    args: both('charts-only'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'charts-only',
            spec: {
              source: { repoURL: 'https://charts.example.com', chart: 'shop', targetRevision: '12.7.2' },
            },
            sync: { revision: '12.7.2' },
            operationState: null,
          }),
        ],
      },
    ],
  },
  {
    name: 'Argo CD compares with a commit that its hydrator made of ours',
    seenIn: 'argo-cd #29816, gitops-promoter #674',
    must: 'proven',
    args: ofCommit('hydrated'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          hydrated({ name: 'hydrated', compared: HYDRATED_BEFORE, last: [before, HYDRATED_BEFORE] }, clock),
        ],
      },
      {
        objects: [hydrated({ name: 'hydrated', compared: HYDRATED_BEFORE, last: [ours, HYDRATED] }, clock)],
      },
      {
        objects: [hydrated({ name: 'hydrated', compared: HYDRATED, last: [ours, HYDRATED] }, clock)],
        runs: true,
      },
    ],
  },
  {
    name: 'what was hydrated of a commit that reverts ours is Synced and Healthy',
    seenIn: 'the same, and argo-cd #29716',
    must: 'failed',
    clause: 'superseded',
    args: ofCommit('hydrated-revert'),
    frames: ({ reverted }, clock) => [
      {
        objects: [
          hydrated({ name: 'hydrated-revert', compared: HYDRATED, last: [reverted, HYDRATED] }, clock),
        ],
      },
    ],
  },
  {
    name: 'our commit cannot be hydrated, and what is synced is of before',
    seenIn: 'argo-cd: phase Failed of the hydrator, the Application stays Synced and Healthy',
    must: 'waiting',
    clause: 'hydration-failed',
    args: ofCommit('hydration-fails'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          hydrated(
            {
              name: 'hydration-fails',
              compared: HYDRATED_BEFORE,
              last: [before, HYDRATED_BEFORE],
              current: { phase: 'Failed', message: 'helm template failed', drySHA: ours, hydratedSHA: '' },
            },
            clock,
          ),
        ],
      },
    ],
  },
  {
    name: 'our commit is hydrated to a branch that somebody else merges',
    seenIn: 'argo-cd: hydrateTo; gitops-promoter',
    must: 'failed',
    clause: 'hydrated-elsewhere',
    args: ofCommit('hydrated-to'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          hydrated(
            {
              name: 'hydrated-to',
              compared: HYDRATED_BEFORE,
              last: [ours, HYDRATED],
              more: { hydrateTo: { targetBranch: 'env/prod-next' } },
            },
            clock,
          ),
        ],
      },
    ],
  },
  {
    name: 'the OCI chart and the values of our repository are ours',
    seenIn: 'argo-cd #29058: one of two sources is looked at',
    must: 'proven',
    args: both('oci-ours'),
    frames: (story, clock) => {
      const ours = ociChart('oci-ours', '12.7.2', '12.7.2', story, clock);
      const operation = operationState(story.ours, clock, {
        operation: { sync: { revisions: [CHART_DIGEST, story.ours] } },
        syncResult: { revision: '', revisions: [CHART_DIGEST, story.ours], resources: [] },
      });
      const status = ours.status;
      return [
        {
          objects: [
            { ...ours, status: (generation) => ({ ...status?.(generation), operationState: operation }) },
          ],
          runs: true,
        },
      ];
    },
  },
];
