/** Accidents of waits for Argo CD (reference: promotion, section 2). */
import type { Accident } from './accident.js';
import { application, operationState, waitFor } from './argocd-objects.js';
import { DIGEST, deployment, IMAGE, OLD_DIGEST } from './workload-objects.js';

const FAILED_HOOK = {
  kind: 'Job',
  group: 'batch',
  version: 'v1',
  name: 'smoke-test',
  namespace: 'shop',
  hookType: 'PostSync',
  hookPhase: 'Failed',
  message: 'Job has reached the specified backoff limit',
  status: 'Synced',
};

export const ARGOCD_ACCIDENTS: readonly Accident[] = [
  {
    name: 'the old revision is Synced and Healthy after the merge',
    seenIn: 'kargo #6357, #2196, #1411, #4673',
    must: 'proven',
    args: waitFor('stale-synced'),
    frames: ({ before, ours }, clock) => [
      { objects: [application(before, clock, { name: 'stale-synced' })] },
      {
        objects: [
          application(ours, clock, {
            name: 'stale-synced',
            sync: { status: 'OutOfSync' },
            operationState: operationState(before, clock),
          }),
        ],
      },
      {
        objects: [
          application(ours, clock, {
            name: 'stale-synced',
            operationState: { phase: 'Running', finishedAt: undefined, startedAt: clock.ago(5) },
          }),
        ],
      },
      { objects: [application(ours, clock, { name: 'stale-synced' })], runs: true },
    ],
  },
  {
    name: 'the old revision stays Synced and Healthy, because nobody told Argo CD of the push',
    seenIn: 'measured on the real one: 57 s; argo-cd #28392 loses requests to refresh',
    must: 'waiting',
    clause: 'other-revision',
    args: waitFor('never-compared'),
    frames: ({ before }, clock) => [{ objects: [application(before, clock, { name: 'never-compared' })] }],
  },
  {
    name: 'a PostSync hook failed, and the application is Synced and Healthy',
    seenIn: 'argo-cd #23719, #28893',
    must: 'failed',
    clause: 'sync-failed',
    args: waitFor('failed-hook'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'failed-hook',
            operationState: {
              phase: 'Failed',
              message: 'one or more synchronization tasks completed unsuccessfully',
              syncResult: { revision: ours, resources: [FAILED_HOOK] },
            },
          }),
        ],
      },
    ],
  },
  {
    name: 'self-heal covers the failed hook up with a sync of some objects that succeeds',
    seenIn: 'argo-cd: hooks do not run in a selective sync, and self-heal is one',
    must: 'waiting',
    clause: 'partial-sync',
    args: waitFor('covered-hook'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'covered-hook',
            operationState: {
              operation: { sync: { revision: ours, resources: [{ kind: 'ConfigMap', name: 'settings' }] } },
            },
            status: {
              history: [{ id: 0, revision: before, deployedAt: clock.ago(900) }],
            },
          }),
        ],
      },
    ],
  },
  {
    name: 'Git cannot be reached, and the old status looks current',
    seenIn: 'argo-cd: Git errors end a refresh early',
    must: 'proven',
    args: waitFor('git-error'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(before, clock, {
            name: 'git-error',
            status: {
              conditions: [
                {
                  type: 'ComparisonError',
                  message: 'failed to list refs: connection refused',
                  lastTransitionTime: clock.ago(30),
                },
              ],
            },
          }),
        ],
      },
      { objects: [application(ours, clock, { name: 'git-error' })], runs: true },
    ],
  },
  {
    name: 'Git cannot be reached after our commit was compared, and the status may be of before',
    seenIn: 'argo-cd: ComparisonError, UnknownError, InvalidSpecError must be read',
    must: 'waiting',
    clause: 'comparison-error',
    args: waitFor('git-error-later'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'git-error-later',
            status: {
              conditions: [
                { type: 'ComparisonError', message: 'timed out', lastTransitionTime: clock.ago(20) },
              ],
            },
          }),
        ],
      },
    ],
  },
  {
    name: "somebody else's commit moved the branch before ours was compared",
    seenIn: 'kargo #807, #3910; gitops-promoter: equality with the head of the branch',
    must: 'proven',
    args: waitFor('moved-branch'),
    frames: ({ before, later }, clock) => [
      { objects: [application(before, clock, { name: 'moved-branch' })] },
      { objects: [application(later, clock, { name: 'moved-branch' })], runs: true },
    ],
  },
  {
    name: 'an unrelated later commit is compared, which starts no sync',
    seenIn: 'kargo #3910: a good stage turns unhealthy',
    must: 'proven',
    args: waitFor('unrelated-later'),
    frames: ({ ours, later }, clock) => [
      {
        objects: [
          application(later, clock, { name: 'unrelated-later', operationState: operationState(ours, clock) }),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'our commit arrives by a merge of two branches',
    seenIn: 'gitlab: merge commits; equality never comes',
    must: 'proven',
    args: waitFor('by-merge'),
    frames: ({ side, merged }, clock) => [
      { objects: [application(side, clock, { name: 'by-merge' })] },
      { objects: [application(merged, clock, { name: 'by-merge' })], runs: true },
    ],
  },
  {
    name: 'a later commit reverts ours, and the application is Synced and Healthy with it',
    seenIn: 'argo-cd #29716, #7680: a revision that is newer and does not hold our content',
    must: 'failed',
    clause: 'superseded',
    args: waitFor('reverted'),
    frames: ({ reverted }, clock) => [{ objects: [application(reverted, clock, { name: 'reverted' })] }],
  },
  {
    name: 'a newer release replaces ours before it was seen',
    seenIn: 'gitops-promoter: newer commit abandons the older one',
    must: 'failed',
    clause: 'superseded',
    args: waitFor('superseded'),
    frames: ({ newer }, clock) => [{ objects: [application(newer, clock, { name: 'superseded' })] }],
  },
  {
    name: 'somebody rolled the application back with auto-sync switched off',
    seenIn: 'argo-cd: app rollback',
    must: 'failed',
    clause: 'auto-sync-off',
    args: waitFor('rolled-back'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'rolled-back',
            spec: { syncPolicy: {} },
            sync: { status: 'OutOfSync' },
            operationState: operationState(before, clock, { operation: { sync: { revision: before } } }),
          }),
        ],
      },
    ],
  },
  {
    name: 'Argo CD goes back to an ancestor by itself after ours had been compared',
    seenIn: 'argo-cd #29716: a $values source ten weeks old',
    must: 'waiting',
    clause: 'other-revision',
    args: waitFor('regressed'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'regressed',
            health: { status: 'Progressing', lastTransitionTime: clock.ago(5) },
          }),
        ],
      },
      { objects: [application(before, clock, { name: 'regressed' })] },
    ],
  },
  {
    name: 'no application matches the selector',
    seenIn: 'Octopus: an expected count, because none must not pass; argo-cd #12211',
    must: 'failed',
    clause: 'no-application',
    args: ({ ours, folder }) => ['--selector', 'team=nobody', '--revision', ours, '--repository', folder],
    frames: () => [{ objects: [] }],
  },
  {
    name: 'fewer applications than expected match the selector',
    seenIn: 'ApplicationSet: generated one after the other',
    must: 'proven',
    args: ({ ours, folder }) => [
      ...['--selector', 'team=few', '--expect', '2', '--revision', ours, '--repository', folder],
    ],
    frames: ({ ours }, clock) => [
      { objects: [application(ours, clock, { name: 'few-1', labels: { team: 'few' } })] },
      { objects: [application(ours, clock, { name: 'few-2', labels: { team: 'few' } })], runs: true },
    ],
  },
  {
    name: 'one of the applications of the selector is still on the old revision',
    seenIn: 'octopus #9949: only the last of several awaited',
    must: 'waiting',
    clause: 'other-revision',
    args: ({ ours, folder }) => ['--selector', 'team=mixed', '--revision', ours, '--repository', folder],
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(before, clock, { name: 'mixed-1', labels: { team: 'mixed' } }),
          application(ours, clock, { name: 'mixed-2', labels: { team: 'mixed' } }),
        ],
      },
    ],
  },
  {
    name: 'retries of a failed sync are pinned to the old commit and hold the correction back',
    seenIn: 'argo-cd #11494',
    must: 'proven',
    args: waitFor('pinned'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(before, clock, {
            name: 'pinned',
            sync: { status: 'OutOfSync' },
            operationState: {
              phase: 'Running',
              message: 'one or more objects failed to apply, retrying attempt #3',
              retryCount: 3,
            },
          }),
        ],
      },
      { objects: [application(ours, clock, { name: 'pinned' })], runs: true },
    ],
  },
  {
    name: 'retries without end are pinned to the old commit',
    seenIn: 'argo-cd #11494',
    must: 'failed',
    clause: 'retries-without-end',
    args: waitFor('pinned-for-ever'),
    frames: ({ before }, clock) => [
      {
        objects: [
          application(before, clock, {
            name: 'pinned-for-ever',
            sync: { status: 'OutOfSync' },
            operationState: {
              phase: 'Running',
              retryCount: 40,
              operation: { sync: { revision: before }, retry: { limit: -1 } },
            },
          }),
        ],
      },
    ],
  },
  {
    name: 'a failed sync of our commit is never tried again, and the wait would last for ever',
    seenIn: 'argo-cd #18442, #2156; kargo #5166 called it a success',
    must: 'failed',
    args: waitFor('sync-error'),
    clause: 'sync-failed',
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'sync-error',
            sync: { status: 'OutOfSync' },
            operationState: { phase: 'Failed', message: 'one or more objects failed to apply' },
            status: {
              conditions: [
                { type: 'SyncError', message: 'Failed last sync attempt', lastTransitionTime: clock.ago(60) },
              ],
            },
          }),
        ],
      },
    ],
  },
  {
    name: 'the sync of the revision before ours failed, which says nothing of ours',
    seenIn: 'kargo #2795: an old failure fails the next release',
    must: 'proven',
    args: waitFor('older-failure'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          application(before, clock, {
            name: 'older-failure',
            sync: { status: 'OutOfSync' },
            operationState: { phase: 'Failed', message: 'one or more objects failed to apply' },
            status: {
              conditions: [
                { type: 'SyncError', message: 'Failed last sync attempt', lastTransitionTime: clock.ago(60) },
              ],
            },
          }),
        ],
      },
      { objects: [application(ours, clock, { name: 'older-failure' })], runs: true },
    ],
  },
  {
    name: 'a roll-out is paused, and Suspended ranks next to Healthy',
    seenIn: 'argo-cd app wait --suspended; argo-rollouts: a paused canary',
    must: 'waiting',
    clause: 'suspended',
    args: waitFor('suspended'),
    frames: ({ ours }, clock) => [
      { objects: [application(ours, clock, { name: 'suspended', health: { status: 'Suspended' } })] },
    ],
  },
  {
    name: 'a deny window holds the sync back without a word',
    seenIn: 'kargo #6889; argo-cd: nothing on the Application says it',
    must: 'waiting',
    clause: 'sync-window',
    args: waitFor('deny-window'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          {
            plural: 'appprojects',
            namespace: 'argocd',
            name: 'windowed',
            spec: {
              sourceRepos: ['*'],
              destinations: [{ name: '*', namespace: '*' }],
              syncWindows: [
                // it ends within the time that is waited
                { kind: 'deny', schedule: clock.cronIn(-56), duration: '1h', applications: ['deny-*'] },
              ],
            },
          },
          application(ours, clock, {
            name: 'deny-window',
            spec: { project: 'windowed' },
            sync: { status: 'OutOfSync' },
            operationState: operationState(before, clock),
          }),
        ],
      },
    ],
  },
  {
    name: 'a deny window lasts longer than anybody waits',
    seenIn: 'kargo: default step time-out of five minutes',
    must: 'failed',
    clause: 'sync-window',
    args: waitFor('deny-for-long'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          {
            plural: 'appprojects',
            namespace: 'argocd',
            name: 'frozen',
            spec: {
              sourceRepos: ['*'],
              destinations: [{ name: '*', namespace: '*' }],
              syncWindows: [
                { kind: 'deny', schedule: clock.cronIn(-56), duration: '9h', applications: ['*'] },
              ],
            },
          },
          application(ours, clock, {
            name: 'deny-for-long',
            spec: { project: 'frozen' },
            sync: { status: 'OutOfSync' },
            operationState: operationState(before, clock),
          }),
        ],
      },
    ],
  },
  {
    name: 'an operation is Running with an end: it waits for its retry',
    seenIn: 'argo-cd: argocd app wait reads it as finished',
    must: 'waiting',
    clause: 'operation-running',
    args: waitFor('running-with-end'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'running-with-end',
            operationState: { phase: 'Running', retryCount: 1 },
          }),
        ],
      },
    ],
  },
  {
    name: 'a sync was asked for and has not begun, so everything else is of before',
    seenIn: 'argo-cd #20875: the result before is taken for that of ours',
    must: 'waiting',
    clause: 'operation-running',
    args: waitFor('asked-only'),
    frames: ({ ours }, clock) => [
      {
        objects: [application(ours, clock, { name: 'asked-only', operation: { sync: { revision: ours } } })],
      },
    ],
  },
  {
    name: 'the comparison is of the second in which the sync ended, and may have begun before',
    seenIn: 'argocd app wait and kargo accept equal times',
    must: 'proven',
    args: waitFor('equal-second'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, { name: 'equal-second', status: { reconciledAt: clock.ago(70) } }),
        ],
      },
      { objects: [application(ours, clock, { name: 'equal-second' })], runs: true },
    ],
  },
  {
    name: 'it is Healthy for a moment, before its pods crash',
    seenIn: 'kargo #41, #4673; argo-cd #4669',
    must: 'waiting',
    clause: 'not-healthy',
    args: waitFor('healthy-moment'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, { name: 'healthy-moment', health: { lastTransitionTime: clock.ago(2) } }),
        ],
      },
      {
        objects: [
          application(ours, clock, {
            name: 'healthy-moment',
            health: { status: 'Degraded', lastTransitionTime: clock.ago(0) },
          }),
        ],
      },
    ],
  },
  {
    name: 'the roll-out was given up, and it is Degraded, which might get better',
    seenIn:
      'kargo #3258: a broken release holds the queue until its time-out; a real Argo CD 3.5.7 (test/real)',
    must: 'failed',
    clause: 'progress-deadline-exceeded',
    args: (story) => [
      ...waitFor('given-up')(story),
      ...['--image', `${IMAGE}@${DIGEST}`, '--workload', 'deployment/given-up'],
    ],
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('given-up', `${IMAGE}@${DIGEST}`, {
            conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
          }),
          application(ours, clock, {
            name: 'given-up',
            health: { status: 'Degraded', lastTransitionTime: clock.ago(2) },
          }),
        ],
      },
    ],
  },
  {
    name: 'the workload asks for another digest than the release',
    seenIn: 'Mettle: the tag moved; an images override keeps the old one',
    must: 'failed',
    clause: 'other-image',
    args: (story) => [
      ...waitFor('wrong-digest')(story),
      ...['--image', `${IMAGE}@${DIGEST}`, '--workload', 'deployment/wrong-digest'],
    ],
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('wrong-digest', `${IMAGE}@${OLD_DIGEST}`),
          application(ours, clock, { name: 'wrong-digest' }),
        ],
      },
    ],
  },
  {
    name: 'the roll-out is said to be done before the new image has reached the workload',
    seenIn: 'kubectl rollout status on the old spec; Mettle waits for a new ReplicaSet',
    must: 'proven',
    args: (story) => [
      ...waitFor('old-pods')(story),
      ...['--image', `${IMAGE}@${DIGEST}`, '--workload', 'deployment/old-pods'],
    ],
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('old-pods', `${IMAGE}:2@${DIGEST}`, { observedGeneration: 0 }),
          application(ours, clock, { name: 'old-pods' }),
        ],
      },
      { objects: [deployment('old-pods', `${IMAGE}:2@${DIGEST}`, { replicas: 3 })] },
      { objects: [deployment('old-pods', `${IMAGE}:2@${DIGEST}`)], runs: true },
    ],
  },
  {
    name: 'pods of the old image still run beside the new ones',
    seenIn: 'argo-cd #4669: health before the roll-out',
    must: 'proven',
    args: (story) => [...waitFor('two-images')(story), '--image', `${IMAGE}@${DIGEST}`],
    frames: ({ ours }, clock) => {
      const seen = (...images: readonly string[]) => ({
        objects: [application(ours, clock, { name: 'two-images', status: { summary: { images } } })],
      });
      return [
        seen(`${IMAGE}@${OLD_DIGEST}`),
        seen(`${IMAGE}@${OLD_DIGEST}`, `${IMAGE}@${DIGEST}`),
        { ...seen(`${IMAGE}@${DIGEST}`), runs: true },
      ];
    },
  },
  {
    name: 'the chart is ours and the values are of before',
    seenIn: 'argo-cd #29716, octopus #10127: several sources',
    must: 'proven',
    args: ({ ours, folder }) => [
      ...['--application', 'two-sources', '--revision', ours, '--repository', folder],
      ...['--chart-version', '1.4.2'],
    ],
    frames: ({ before, ours }, clock) => {
      const sources = [
        { repoURL: 'https://charts.example.com', chart: 'shop', targetRevision: '1.x', helm: {} },
        { repoURL: 'https://git.example.com/ops/prod.git', targetRevision: 'main', ref: 'values' },
      ];
      const at = (...revisions: readonly string[]) => ({
        objects: [
          application(ours, clock, {
            name: 'two-sources',
            spec: { source: undefined, sources },
            sync: { revision: undefined, revisions, comparedTo: { sources, destination: {} } },
            operationState: null,
          }),
        ],
      });
      return [at('1.4.2', before), at('1.4.1', ours), { ...at('1.4.2', ours), runs: true }];
    },
  },
  {
    name: 'the API server is away for a moment',
    seenIn: 'kargo #6811: one 502 ends the promotion',
    must: 'proven',
    args: waitFor('api-away'),
    frames: ({ ours }, clock) => [
      {
        objects: [application(ours, clock, { name: 'api-away' })],
        trouble: { path: 'applications/api-away', status: 502, times: 2 },
      },
      { objects: [], runs: true },
    ],
  },
];
