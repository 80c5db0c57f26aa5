import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import {
  type Application,
  applicationFrom,
  commitsNamedBy,
} from '../../../src/systems/argocd/application.js';
import { withDryRevisions } from '../../../src/systems/argocd/hydration.js';
import { judgeSync, type SyncExpectation } from '../../../src/systems/argocd/sync-state.js';

const OURS = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);
const NEWER = 'c'.repeat(40);
const SUBJECT = {
  system: 'argocd',
  operation: 'get application',
  object: 'harbour-01-dev-otterize',
} as const;

const NOW = '2027-03-01T12:05:00Z';
const EXPECTATION: SyncExpectation = {
  revision: OURS,
  containing: new Set([NEWER]),
  notBefore: '2027-03-01T12:00:00Z',
  stabilisationMs: 15_000,
  errorPatienceMs: 180_000,
};

interface Change {
  readonly metadata?: object;
  readonly spec?: object;
  readonly operation?: unknown;
  readonly sync?: object;
  readonly health?: object;
  readonly operationState?: object | null;
  readonly reconciledAt?: string | null;
  readonly conditions?: readonly object[];
  readonly status?: object;
}

/** An Application that runs our commit in every respect, with changes. */
function application(change: Change = {}): Application {
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'harbour-01-dev-otterize', namespace: 'argocd', ...change.metadata },
    spec: {
      project: 'default',
      source: {
        repoURL: 'https://git.example.com/platform/clusters.git',
        path: 'harbour-01/dev',
        targetRevision: 'main',
      },
      syncPolicy: { automated: { prune: true } },
      ...change.spec,
    },
    ...(change.operation === undefined ? {} : { operation: change.operation }),
    status: {
      sync: { status: 'Synced', revision: OURS, ...change.sync },
      health: { status: 'Healthy', lastTransitionTime: '2027-03-01T12:01:30Z', ...change.health },
      ...(change.operationState === null
        ? {}
        : {
            operationState: {
              phase: 'Succeeded',
              startedAt: '2027-03-01T12:01:00Z',
              finishedAt: '2027-03-01T12:01:05Z',
              operation: { sync: { revision: OURS } },
              syncResult: { revision: OURS, resources: [] },
              ...change.operationState,
            },
          }),
      ...(change.conditions === undefined ? {} : { conditions: change.conditions }),
      ...(change.reconciledAt === null
        ? {}
        : { reconciledAt: change.reconciledAt ?? '2027-03-01T12:01:07Z' }),
      ...change.status,
    },
  };
  return applicationFrom(object, SUBJECT);
}

const FAILED_HOOK = {
  phase: 'Failed',
  message: 'one or more synchronization tasks completed unsuccessfully',
  syncResult: {
    revision: OURS,
    resources: [
      {
        kind: 'Job',
        name: 'migrate',
        namespace: 'otterize-system',
        hookType: 'PreSync',
        hookPhase: 'Failed',
        message: 'Job has reached the specified backoff limit',
      },
      { kind: 'ConfigMap', name: 'fine', status: 'Synced' },
      {
        kind: 'Deployment',
        name: 'network-mapper',
        status: 'SyncFailed',
        message: 'admission webhook denied the request',
      },
    ],
  },
};

describe('judgeSync', () => {
  it('says synced, with what it read, when every clause is met', () => {
    expect(judgeSync(application(), EXPECTATION, NOW)).toEqual({
      state: 'synced',
      readBack: {
        application: 'harbour-01-dev-otterize',
        revision: OURS,
        sync: 'Synced',
        health: 'Healthy',
        operation: 'Succeeded',
        reconciledAt: '2027-03-01T12:01:07Z',
        finishedAt: '2027-03-01T12:01:05Z',
      },
    });
  });

  it.each<[string, Change]>([
    ['says synced with a commit that contains ours', { sync: { revision: NEWER } }],
    ['says synced with no operation at all, because the difference was empty', { operationState: null }],
    [
      'says synced with an older operation that failed, and nothing to apply since',
      {
        operationState: {
          phase: 'Failed',
          finishedAt: '2027-03-01T11:00:00Z',
          syncResult: { revision: OLDER },
          operation: { sync: { revision: OLDER } },
        },
      },
    ],
    [
      'says synced with a sync of some objects after one of everything',
      {
        operationState: { operation: { sync: { revision: OURS, resources: [{ kind: 'ConfigMap' }] } } },
        status: { history: [{ revision: OLDER }, { revision: OURS }] },
      },
    ],
    [
      'says synced with warnings',
      {
        conditions: [
          { type: 'OrphanedResourceWarning', message: 'orphans' },
          { type: 'SharedResourceWarning', message: 'shared' },
        ],
      },
    ],
    ['says synced with auto-sync off, when somebody has synced it', { spec: { syncPolicy: {} } }],
  ])('%s', (_, change) => {
    expect(judgeSync(application(change), EXPECTATION, NOW).state).toBe('synced');
  });

  it('never takes the old revision for ours, however synced and healthy it is', () => {
    const old = application({
      sync: { revision: OLDER },
      operationState: { syncResult: { revision: OLDER }, operation: { sync: { revision: OLDER } } },
    });
    expect(judgeSync(old, EXPECTATION, NOW)).toMatchObject({ state: 'waiting', clause: 'other-revision' });
  });

  it.each<[string, string, Change]>([
    [
      'waits on an operation that is asked for',
      'operation-running',
      { operation: { sync: { revision: OURS } } },
    ],
    [
      'waits on an operation that runs',
      'operation-running',
      { operationState: { phase: 'Running', finishedAt: null } },
    ],
    [
      'waits on Running with finishedAt, which waits for a retry',
      'operation-running',
      { operationState: { phase: 'Running', retryCount: 1 } },
    ],
    [
      'waits on an operation that is being stopped',
      'operation-running',
      { operationState: { phase: 'Terminating' } },
    ],
    [
      'waits on a refresh that nobody has taken up',
      'refresh-pending',
      { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } },
    ],
    ['waits on no comparison yet', 'compared-too-early', { reconciledAt: null }],
    [
      'waits on a comparison in the second of our request',
      'compared-too-early',
      { reconciledAt: '2027-03-01T12:00:00Z', operationState: null },
    ],
    [
      'waits on a comparison in the second in which the sync ended',
      'compared-too-early',
      { reconciledAt: '2027-03-01T12:01:05Z' },
    ],
    ['waits on an empty revision', 'other-revision', { sync: { revision: '' } }],
    ['waits on a branch name for a revision', 'other-revision', { sync: { revision: 'main' } }],
    ['waits on a shortened commit', 'other-revision', { sync: { revision: OURS.slice(0, 12) } }],
    [
      'waits on OutOfSync with auto-sync on',
      'out-of-sync',
      {
        sync: { status: 'OutOfSync' },
        operationState: { syncResult: { revision: OLDER }, operation: { sync: { revision: OLDER } } },
      },
    ],
    [
      'waits on OutOfSync after our sync, which self-heal will end',
      'out-of-sync',
      { spec: { syncPolicy: { automated: { selfHeal: true } } }, sync: { status: 'OutOfSync' } },
    ],
    [
      'waits on OutOfSync a moment after our sync',
      'out-of-sync',
      {
        sync: { status: 'OutOfSync' },
        operationState: { finishedAt: '2027-03-01T12:04:30Z' },
        reconciledAt: '2027-03-01T12:04:32Z',
      },
    ],
    [
      'waits on retries that are pinned to an older commit',
      'operation-pinned',
      {
        operationState: {
          phase: 'Running',
          finishedAt: '2027-03-01T12:04:00Z',
          retryCount: 2,
          operation: { sync: { revision: OLDER }, retry: { limit: 5 } },
          syncResult: { revision: OLDER },
        },
      },
    ],
    [
      'waits on retries that follow the branch',
      'operation-running',
      {
        operationState: {
          phase: 'Running',
          finishedAt: '2027-03-01T12:04:00Z',
          operation: { sync: { revision: OLDER }, retry: { limit: -1, refresh: true } },
          syncResult: { revision: OLDER },
        },
      },
    ],
    [
      'waits on a sync of some objects, which runs no hooks and hides the sync of everything',
      'partial-sync',
      { operationState: { operation: { sync: { revision: OURS, resources: [{ kind: 'ConfigMap' }] } } } },
    ],
    [
      'waits on a dry run',
      'partial-sync',
      { operationState: { operation: { sync: { revision: OURS, dryRun: true } } } },
    ],
    ['waits on sync status Unknown', 'out-of-sync', { sync: { status: 'Unknown' } }],
    ['waits on Progressing', 'not-healthy', { health: { status: 'Progressing' } }],
    [
      'waits on Degraded of a moment ago, which may get better',
      'not-healthy',
      { health: { status: 'Degraded', lastTransitionTime: '2027-03-01T12:04:00Z' } },
    ],
    [
      'waits on Degraded from before our sync, which has just ended',
      'not-healthy',
      {
        health: { status: 'Degraded', lastTransitionTime: '2027-03-01T11:00:00Z' },
        operationState: { finishedAt: '2027-03-01T12:04:00Z' },
        reconciledAt: '2027-03-01T12:04:30Z',
      },
    ],
    ['waits on Missing', 'not-healthy', { health: { status: 'Missing' } }],
    [
      'waits on Suspended, although Argo CD ranks it next to Healthy',
      'suspended',
      { health: { status: 'Suspended' } },
    ],
    ['waits on healthy for a moment', 'settling', { health: { lastTransitionTime: '2027-03-01T12:04:50Z' } }],
    [
      'waits on healthy without a trace since a sync that has just ended',
      'settling',
      { operationState: { finishedAt: '2027-03-01T12:04:50Z' }, reconciledAt: '2027-03-01T12:04:55Z' },
    ],
    [
      'waits on a comparison error of a moment ago',
      'comparison-error',
      {
        conditions: [
          {
            type: 'ComparisonError',
            message: 'repo server timed out',
            lastTransitionTime: '2027-03-01T12:04:30Z',
          },
        ],
      },
    ],
    [
      'waits on an unknown error of a moment ago',
      'comparison-error',
      { conditions: [{ type: 'UnknownError', message: 'oops', lastTransitionTime: '2027-03-01T12:04:30Z' }] },
    ],
    [
      'waits on a sync error of an older revision',
      'other-revision',
      { sync: { revision: OLDER }, conditions: [{ type: 'SyncError', message: 'gave up' }] },
    ],
  ])('%s', (_, clause, change) => {
    expect(judgeSync(application(change), EXPECTATION, NOW)).toMatchObject({ state: 'waiting', clause });
  });

  it.each<[string, string, Change]>([
    [
      'gives up on an Application that is being deleted',
      'application-deleted',
      { metadata: { deletionTimestamp: '2027-03-01T12:00:30Z' } },
    ],
    [
      'gives up on reconciliation that is switched off',
      'reconcile-skipped',
      { metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } } },
    ],
    ['gives up on a sync of ours that failed', 'sync-failed', { operationState: FAILED_HOOK }],
    [
      'gives up on a sync of ours that ended in an error before it had a result',
      'sync-failed',
      { operationState: { phase: 'Error', syncResult: undefined } },
    ],
    [
      'gives up on a failed sync of a commit that contains ours',
      'sync-failed',
      { operationState: { ...FAILED_HOOK, syncResult: { revision: NEWER } } },
    ],
    [
      'gives up on a failed manual sync of a branch since our commit',
      'sync-failed',
      { operationState: { phase: 'Failed', syncResult: { revision: 'main' }, operation: { sync: {} } } },
    ],
    [
      'gives up on a spec that Argo CD refuses',
      'invalid-spec',
      {
        conditions: [
          { type: 'InvalidSpecError', message: 'application destination is not permitted in project' },
        ],
      },
    ],
    [
      'gives up on auto-sync that has given up on our commit',
      'sync-error',
      {
        conditions: [
          { type: 'SyncError', message: 'Failed sync attempt: one or more objects failed to apply' },
        ],
      },
    ],
    [
      'gives up on a comparison error that lasts',
      'comparison-error',
      {
        conditions: [
          {
            type: 'ComparisonError',
            message: 'failed to generate manifest',
            lastTransitionTime: '2027-03-01T12:00:30Z',
          },
        ],
      },
    ],
    [
      'gives up on retries without end of an older commit',
      'retries-without-end',
      {
        operationState: {
          phase: 'Running',
          finishedAt: '2027-03-01T12:04:00Z',
          operation: { sync: { revision: OLDER }, retry: { limit: -1 } },
          syncResult: { revision: OLDER },
        },
      },
    ],
    [
      'gives up on OutOfSync that stays after our sync, which nothing will sync again',
      'stays-out-of-sync',
      { sync: { status: 'OutOfSync' } },
    ],
    ['gives up on Degraded that lasts', 'degraded', { health: { status: 'Degraded' } }],
    [
      'gives up on OutOfSync without auto-sync',
      'auto-sync-off',
      { spec: { syncPolicy: {} }, sync: { status: 'OutOfSync' } },
    ],
    [
      'gives up on OutOfSync with auto-sync disabled',
      'auto-sync-off',
      { spec: { syncPolicy: { automated: { enabled: false } } }, sync: { status: 'OutOfSync' } },
    ],
  ])('%s', (_, clause, change) => {
    const judgement = judgeSync(application(change), EXPECTATION, NOW);
    expect(judgement).toMatchObject({ state: 'hopeless', clause });
    expect(judgement).toHaveProperty('remedy', expect.stringMatching(/retry\.$|our commit\.$/));
  });

  it('gives up on an Application that does not exist', () => {
    expect(judgeSync(null, EXPECTATION, NOW)).toMatchObject({
      state: 'hopeless',
      clause: 'application-missing',
    });
  });

  it('names the hooks and resources that failed, and only those', () => {
    const judgement = judgeSync(application({ operationState: FAILED_HOOK }), EXPECTATION, NOW);
    expect(judgement).toHaveProperty(
      'message',
      expect.stringContaining('PreSync hook Job/migrate in otterize-system'),
    );
    expect(judgement).toHaveProperty(
      'message',
      expect.stringContaining('Deployment/network-mapper (admission webhook denied the request)'),
    );
    expect(judgement).not.toHaveProperty('message', expect.stringContaining('fine'));
  });

  it('does not repeat credentials of a repository address', () => {
    const message = 'failed to list refs of https://bot:hunter2@git.example.com/platform/clusters.git';
    const judgement = judgeSync(
      application({ conditions: [{ type: 'InvalidSpecError', message }] }),
      EXPECTATION,
      NOW,
    );
    expect(JSON.stringify(judgement)).not.toContain('hunter2');
  });

  it('gives an old comparison error the whole patience from our request on', () => {
    const change = {
      conditions: [{ type: 'ComparisonError', message: 'x', lastTransitionTime: '2027-03-01T09:00:00Z' }],
    };
    expect(judgeSync(application(change), EXPECTATION, '2027-03-01T12:02:59Z').state).toBe('waiting');
    expect(judgeSync(application(change), EXPECTATION, '2027-03-01T12:03:00Z').state).toBe('hopeless');
  });

  describe('Degraded for longer than it may be', () => {
    const degraded: Change = { health: { status: 'Degraded' } };
    const retried: Change = {
      ...degraded,
      operationState: { phase: 'Running', retryCount: 7, operation: { sync: {}, retry: { limit: -1 } } },
    };

    it.each<[string, Change]>([
      ['a sync of our commit that is retried without end', retried],
      ['a difference that does not end', { ...degraded, sync: { status: 'OutOfSync' } }],
      ['a comparison that is late', { ...degraded, reconciledAt: '2027-03-01T12:01:05Z' }],
    ])('is not hidden by %s', (_, change) => {
      const judge = (degradedMs: number) =>
        judgeSync(application(change), { ...EXPECTATION, errorPatienceMs: 600_000, degradedMs }, NOW);
      expect(judge(200_000)).toMatchObject({ state: 'hopeless', clause: 'degraded' });
      expect(judge(240_000)).toMatchObject({ state: 'waiting' });
    });

    it.each<[string, Change]>([
      ['ran before, when another commit is compared', { ...degraded, sync: { revision: OLDER } }],
      [
        'was applied before, when ours is not',
        {
          ...degraded,
          sync: { status: 'OutOfSync' },
          operationState: {
            operation: { sync: { revision: OLDER } },
            syncResult: { revision: OLDER, resources: [] },
          },
        },
      ],
    ])('says nothing of ours where it %s', (_, change) => {
      const expectation = { ...EXPECTATION, degradedMs: 1_000 };
      expect(judgeSync(application(change), expectation, NOW)).toMatchObject({ state: 'waiting' });
    });
  });

  describe('with a source hydrator', () => {
    const HYDRATED = 'd'.repeat(40);
    const failed = (drySHA: string, finishedAt: string): Change => ({
      sync: { revision: HYDRATED },
      operationState: null,
      status: {
        sourceHydrator: { currentOperation: { phase: 'Failed', message: 'helm failed', drySHA, finishedAt } },
      },
    });

    it('reads the commit that was hydrated as the one that it was made of', () => {
      const made = {
        sync: { revision: HYDRATED },
        operationState: { operation: { sync: { revision: HYDRATED } }, syncResult: { revision: HYDRATED } },
        status: { sourceHydrator: { lastSuccessfulOperation: { drySHA: OURS, hydratedSHA: HYDRATED } } },
      };
      const dry = withDryRevisions(application(made));
      expect(judgeSync(dry, EXPECTATION, NOW)).toMatchObject({ state: 'synced' });
      expect(commitsNamedBy(dry)).toEqual([OURS]);
      expect(judgeSync(application(made), EXPECTATION, NOW)).toMatchObject({ clause: 'other-revision' });
    });

    it('gives up when our commit cannot be hydrated for long, and not when an older one could not', () => {
      const judge = (change: Change) => judgeSync(application(change), EXPECTATION, NOW);
      expect(judge(failed(OURS, '2027-03-01T12:01:00Z'))).toMatchObject({
        state: 'hopeless',
        clause: 'hydration-failed',
        message: expect.stringContaining('helm failed'),
      });
      expect(judge(failed(OURS, '2027-03-01T12:04:00Z'))).toMatchObject({ state: 'waiting' });
      expect(judge(failed(OLDER, '2027-03-01T12:01:00Z'))).toMatchObject({ clause: 'other-revision' });
    });
  });

  describe('with several sources', () => {
    const spec = {
      source: undefined,
      sources: [
        { repoURL: 'https://charts.example.com', chart: 'otterize-kubernetes', targetRevision: '1.2.3' },
        { repoURL: 'git@git.example.com:platform/clusters.git', targetRevision: 'main' },
        { repoURL: 'https://git.example.com/platform/other', targetRevision: 'main' },
      ],
    };
    const several = (revisions: readonly string[]) =>
      application({ spec, sync: { revision: undefined, revisions } });
    const repository = 'https://git.example.com/platform/clusters';

    it('judges the source of our repository and lets chart versions and other repositories be', () => {
      expect(judgeSync(several(['1.2.3', OURS, OLDER]), { ...EXPECTATION, repository }, NOW).state).toBe(
        'synced',
      );
      expect(judgeSync(several(['1.2.3', OLDER, OURS]), { ...EXPECTATION, repository }, NOW)).toMatchObject({
        clause: 'other-revision',
      });
    });

    it('asks every Git source when it is not told the repository', () => {
      expect(judgeSync(several(['1.2.3', OURS, OLDER]), EXPECTATION, NOW)).toMatchObject({
        clause: 'other-revision',
      });
      expect(judgeSync(several(['1.2.3', OURS, NEWER]), EXPECTATION, NOW).state).toBe('synced');
    });
  });
});

describe('commitsNamedBy', () => {
  it('lists each commit once and nothing that is no commit', () => {
    expect(
      commitsNamedBy(application({ sync: { revision: NEWER, revisions: [NEWER, '1.2.3', 'main', ''] } })),
    ).toEqual([NEWER, OURS]);
  });
});

describe('applicationFrom', () => {
  it('takes a new object that has no status', () => {
    const fresh = applicationFrom({ metadata: { name: 'a' }, spec: {} }, SUBJECT);
    expect(judgeSync(fresh, EXPECTATION, NOW)).toMatchObject({
      state: 'waiting',
      clause: 'compared-too-early',
    });
  });

  it.each([null, [], 'text', {}, { metadata: { name: 'a' }, spec: {}, status: { sync: 'Synced' } }])(
    'refuses %j as malformed',
    (object) => {
      expect(() => applicationFrom(object, SUBJECT)).toThrow(SystemError);
    },
  );

  describe('of somebody who may only read', () => {
    const READER: SyncExpectation = {
      ...EXPECTATION,
      notBefore: '1970-01-01T00:00:00Z',
      waitingSince: '2027-03-01T12:04:00Z',
    };

    it('says synced by a comparison of long ago, because it was of our commit', () => {
      expect(judgeSync(application(), READER, NOW).state).toBe('synced');
    });

    it('gives an old comparison error the whole patience from its own beginning on', () => {
      const change = {
        conditions: [{ type: 'ComparisonError', message: 'x', lastTransitionTime: '2027-03-01T09:00:00Z' }],
      };
      expect(judgeSync(application(change), READER, '2027-03-01T12:06:59Z').state).toBe('waiting');
      expect(judgeSync(application(change), READER, '2027-03-01T12:07:00Z').state).toBe('hopeless');
    });

    it('counts ages of clauses from its own beginning on', () => {
      expect(judgeSync(application({ sync: { revision: OLDER } }), READER, NOW)).toMatchObject({
        clause: 'other-revision',
        since: '2027-03-01T12:04:00Z',
      });
    });

    it('waits for somebody else to sync where auto-sync is off', () => {
      const change: Change = { spec: { syncPolicy: {} }, sync: { status: 'OutOfSync' } };
      expect(judgeSync(application(change), { ...READER, syncedByOthers: true }, NOW)).toMatchObject({
        state: 'waiting',
        clause: 'out-of-sync',
      });
    });
  });

  describe('of several sources', () => {
    const GIT = 'https://git.example.com/platform/values.git';
    const spec = {
      source: undefined,
      sources: [
        { repoURL: 'https://charts.example.com', chart: 'shop', targetRevision: '1.x' },
        { repoURL: GIT, path: 'shop' },
        { repoURL: 'https://git.example.com/platform/other.git', path: '.' },
      ],
    };
    const expected: SyncExpectation = { ...EXPECTATION, repository: 'git@git.example.com:platform/values' };
    const at = (...revisions: readonly string[]): Application =>
      application({ spec, sync: { revisions, revision: undefined }, operationState: null });

    it.each<[string, SyncExpectation, readonly string[], string]>([
      ['our source at our commit', expected, ['1.4.2', OURS, OLDER], 'synced'],
      ['our source at another commit', expected, ['1.4.2', OLDER, OURS], 'waiting'],
      ['no address of ours, and not all at our commit', EXPECTATION, ['1.4.2', OURS, OLDER], 'waiting'],
      [
        'chart and commit',
        { ...expected, chartVersion: 'v1.4.2' },
        ['1.4.2+sha256.ab', OURS, OLDER],
        'synced',
      ],
      ['the chart before', { ...expected, chartVersion: '1.4.2' }, ['1.4.1', OURS, OLDER], 'waiting'],
      [
        'the chart only',
        { ...expected, revision: '', chartVersion: '1.4.2' },
        ['1.4.2', OLDER, OLDER],
        'synced',
      ],
      ['no revisions at all', expected, [], 'waiting'],
    ])('judges %s', (_, expectation, revisions, state) => {
      expect(judgeSync(at(...revisions), expectation, NOW).state).toBe(state);
    });

    it('takes the version of a chart that is the only source', () => {
      const only = {
        source: { repoURL: 'https://charts.example.com', chart: 'shop', targetRevision: '1.x' },
      };
      const expectation = { ...EXPECTATION, revision: '', chartVersion: '1.4.2' };
      const failed = { phase: 'Failed', syncResult: { revision: '1.4.1' }, operation: {} };
      const judge = (revision: string, operationState: object) =>
        judgeSync(application({ spec: only, sync: { revision }, operationState }), expectation, NOW).state;
      expect(judge('1.4.2', failed)).toBe('synced');
      expect(judge('1.4.1', failed)).toBe('waiting');
      expect(judge('1.4.2', { ...failed, syncResult: { revision: '1.4.2' } })).toBe('hopeless');
    });
  });
});
