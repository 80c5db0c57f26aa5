import { describe, expect, it } from 'vitest';
import { sameChartVersion } from '../../../src/systems/chart-version.js';
import {
  type HelmReleaseExpectation,
  judgeHelmRelease,
} from '../../../src/systems/flux/helm-release-state.js';
import {
  type FluxSource,
  type HelmRelease,
  helmReleaseFrom,
  sourceFrom,
} from '../../../src/systems/flux/objects.js';

const NOW = '2027-03-01T12:05:00Z';
const SUBJECT = { system: 'flux', operation: 'get', object: 'shop/shop' } as const;
const EXPECTATION: HelmReleaseExpectation = {
  chartVersion: '1.4.2',
  waitingSince: '2027-03-01T12:00:00Z',
  errorPatienceMs: 180_000,
  stabilisationMs: 15_000,
};

function condition(type: string, status: string, reason: string, more: object = {}): object {
  return {
    type,
    status,
    reason,
    message: 'said by the controller',
    lastTransitionTime: '2027-03-01T12:01:00Z',
    ...more,
  };
}

function snapshot(chartVersion: string, status: string, more: object = {}): object {
  return {
    chartVersion,
    status,
    configDigest: 'sha256:values',
    lastDeployed: '2027-03-01T12:01:00Z',
    version: 7,
    ...more,
  };
}

interface Change {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A HelmRelease that runs our version in every respect, with changes. */
function release(change: Change = {}): HelmRelease {
  return helmReleaseFrom(
    {
      metadata: { name: 'shop', namespace: 'shop', generation: 5, ...change.metadata },
      spec: { chart: { spec: { chart: 'shop', version: '1.4.2' } }, ...change.spec },
      status: {
        observedGeneration: 5,
        lastAttemptedGeneration: 5,
        lastAttemptedRevision: '1.4.2',
        lastAttemptedConfigDigest: 'sha256:values',
        lastHandledReconcileAt: 'token-1',
        history: [snapshot('1.4.2', 'deployed'), snapshot('1.4.1', 'superseded')],
        conditions: [condition('Ready', 'True', 'UpgradeSucceeded')],
        ...change.status,
      },
    },
    SUBJECT,
  );
}

function chart(conditions: readonly object[]): FluxSource {
  return sourceFrom(
    {
      metadata: { name: 'shop-shop', generation: 2 },
      spec: { chart: 'shop', version: '1.4.2' },
      status: { observedGeneration: 2, conditions },
    },
    SUBJECT,
  );
}

const NOT_TRIED = { lastAttemptedRevision: '1.4.1', history: [snapshot('1.4.1', 'deployed')] };
const ROLLED_BACK = {
  history: [snapshot('1.4.1', 'deployed'), snapshot('1.4.2', 'failed')],
  conditions: [
    condition('Ready', 'False', 'UpgradeFailed'),
    condition('Remediated', 'True', 'RollbackSucceeded'),
    condition('Stalled', 'True', 'RetriesExceeded'),
  ],
};

describe('judgeHelmRelease', () => {
  it('says deployed, with what it read, when every clause is met', () => {
    expect(judgeHelmRelease(release(), undefined, EXPECTATION, NOW)).toEqual({
      state: 'deployed',
      readBack: { release: 'shop', chartVersion: '1.4.2', revision: 7, configDigest: 'sha256:values' },
    });
  });

  it('takes a version with build metadata, a range in the spec, and a chart by reference', () => {
    const status = { lastAttemptedRevision: '1.4.2+9f31c2', history: [snapshot('1.4.2+9f31c2', 'deployed')] };
    const range = { chart: { spec: { chart: 'shop', version: '1.x' } } };
    const reference = { chart: undefined, chartRef: { kind: 'OCIRepository', name: 'shop' } };
    for (const spec of [{}, range, reference]) {
      expect(judgeHelmRelease(release({ spec, status }), undefined, EXPECTATION, NOW).state).toBe('deployed');
    }
  });

  it.each<[string, string, Change]>([
    [
      'waits on a spec that still asks for the version before, although it is ready',
      'spec-behind',
      { spec: { chart: { spec: { version: '1.4.1' } } }, status: NOT_TRIED },
    ],
    [
      'waits on a newer spec, whatever the failure of the one before',
      'spec-not-observed',
      { metadata: { generation: 6 }, status: { ...ROLLED_BACK, lastAttemptedRevision: '1.4.1' } },
    ],
    ['waits on a version that was not tried yet', 'not-attempted', { status: NOT_TRIED }],
    [
      'waits on a version that is marked as failed before this spec was tried',
      'not-attempted',
      {
        status: {
          lastAttemptedGeneration: 4,
          history: [snapshot('1.4.2', 'failed')],
          conditions: [condition('Ready', 'False', 'UpgradeFailed')],
        },
      },
    ],
    [
      'waits on a chart that is not ready for a moment',
      'chart-not-ready',
      {
        status: {
          ...NOT_TRIED,
          conditions: [
            condition('Ready', 'False', 'SourceNotReady', { lastTransitionTime: '2027-03-01T12:04:00Z' }),
          ],
        },
      },
    ],
    [
      'waits on a chart that is not in the registry, for which a newer spec does not count as observed',
      'chart-not-ready',
      {
        metadata: { generation: 6 },
        status: {
          ...NOT_TRIED,
          conditions: [
            condition('Ready', 'False', 'SourceNotReady', {
              lastTransitionTime: '2027-03-01T12:04:00Z',
              observedGeneration: 6,
            }),
          ],
        },
      },
    ],
    [
      'waits on a newer spec while the chart of the one before is not ready',
      'spec-not-observed',
      {
        metadata: { generation: 6 },
        status: { ...NOT_TRIED, conditions: [condition('Ready', 'False', 'SourceNotReady')] },
      },
    ],
    [
      'waits on an upgrade under way',
      'reconciling',
      {
        status: {
          history: [snapshot('1.4.1', 'deployed')],
          conditions: [
            condition('Reconciling', 'True', 'Progressing'),
            condition('Ready', 'Unknown', 'Progressing'),
          ],
        },
      },
    ],
    [
      'waits on a retry after a rollback, while there are retries',
      'retrying',
      {
        status: {
          history: ROLLED_BACK.history,
          conditions: [
            condition('Reconciling', 'True', 'ProgressingWithRetry'),
            condition('Ready', 'False', 'UpgradeFailed'),
            condition('Remediated', 'True', 'RollbackSucceeded'),
          ],
        },
      },
    ],
    [
      'waits on the version before that is deployed and ready',
      'other-version',
      { status: { history: [snapshot('1.4.1', 'deployed')] } },
    ],
    [
      'waits on our version that is not deployed yet',
      'other-version',
      { status: { history: [snapshot('1.4.2', 'pending-upgrade')] } },
    ],
    [
      'waits on our chart with the values before',
      'values-behind',
      { status: { lastAttemptedConfigDigest: 'sha256:newer' } },
    ],
    [
      'waits on ready for a moment',
      'settling',
      { status: { history: [snapshot('1.4.2', 'deployed', { lastDeployed: '2027-03-01T12:04:50Z' })] } },
    ],
  ])('%s', (_, clause, change) => {
    expect(judgeHelmRelease(release(change), undefined, EXPECTATION, NOW)).toMatchObject({
      state: 'waiting',
      clause,
    });
  });

  it('waits on the reconciliation that we asked for, whatever the one before says', () => {
    const asked = { ...EXPECTATION, token: 'token-2' };
    for (const status of [{}, ROLLED_BACK]) {
      expect(judgeHelmRelease(release({ status }), undefined, asked, NOW)).toMatchObject({
        state: 'waiting',
        clause: 'reconcile-pending',
      });
    }
  });

  it.each<[string, string, Change]>([
    [
      'gives up when it is suspended, although it says Ready',
      'release-suspended',
      { spec: { suspend: true } },
    ],
    [
      'gives up when it is being deleted',
      'release-deleted',
      { metadata: { deletionTimestamp: '2027-03-01T12:00:30Z' } },
    ],
    ['gives up when Flux has rolled our version back', 'rolled-back', { status: ROLLED_BACK }],
    [
      'gives up when it has stopped',
      'release-stalled',
      { status: { conditions: [condition('Stalled', 'True', 'RetriesExceeded')] } },
    ],
    [
      'gives up when the tests of our version failed',
      'test-failed',
      {
        status: {
          conditions: [
            condition('Ready', 'False', 'TestFailed'),
            condition('TestSuccess', 'False', 'TestFailed'),
          ],
        },
      },
    ],
    [
      'gives up on a release that failed and stays so',
      'release-failed',
      {
        status: {
          history: [snapshot('1.4.2', 'failed')],
          conditions: [condition('Ready', 'False', 'UpgradeFailed')],
        },
      },
    ],
    [
      'gives up on a chart that is not ready for long',
      'chart-not-ready',
      { status: { ...NOT_TRIED, conditions: [condition('Ready', 'False', 'SourceNotReady')] } },
    ],
  ])('%s', (_, clause, change) => {
    const judgement = judgeHelmRelease(release(change), undefined, EXPECTATION, NOW);
    expect(judgement).toMatchObject({ state: 'hopeless', clause });
    expect(judgement).toHaveProperty('remedy', expect.stringMatching(/retry\.$/));
  });

  it('names what the chart says once it has failed, and counts a request that was answered', () => {
    const failing = chart([
      condition('Ready', 'False', 'ChartPullError', { message: 'shop:1.4.2: not found' }),
    ]);
    const waiting = condition('Ready', 'False', 'SourceNotReady', {
      lastTransitionTime: '2027-03-01T12:04:00Z',
      message: 'latest generation of object has not been reconciled',
    });
    const change = { metadata: { generation: 6 }, status: { ...NOT_TRIED, conditions: [waiting] } };
    const expectation = { ...EXPECTATION, token: 'token-1' };
    expect(judgeHelmRelease(release(change), failing, expectation, NOW)).toMatchObject({
      clause: 'chart-not-ready',
      message: expect.stringContaining('ChartPullError: shop:1.4.2: not found'),
    });
  });

  it('gives up on a chart version that its registry does not have', () => {
    const stalled = chart([condition('Stalled', 'True', 'InvalidChartReference', { observedGeneration: 2 })]);
    expect(judgeHelmRelease(release({ status: NOT_TRIED }), stalled, EXPECTATION, NOW)).toMatchObject({
      state: 'hopeless',
      clause: 'chart-missing',
    });
    const older = chart([condition('Stalled', 'True', 'InvalidChartReference', { observedGeneration: 1 })]);
    expect(judgeHelmRelease(release({ status: NOT_TRIED }), older, EXPECTATION, NOW).state).toBe('waiting');
  });

  it('gives up on what does not exist', () => {
    expect(judgeHelmRelease(null, undefined, EXPECTATION, NOW)).toMatchObject({ clause: 'release-missing' });
  });
});

describe('sameChartVersion', () => {
  it.each([
    ['1.4.2', '1.4.2', true],
    ['v1.4.2', '1.4.2', true],
    ['1.4.2+sha256.ab', '1.4.2', true],
    ['1.4.2-rc.1', '1.4.2', false],
    ['1.4.20', '1.4.2', false],
    ['', '', false],
  ])('compares %s with %s', (one, other, same) => {
    expect(sameChartVersion(one, other)).toBe(same);
  });
});
