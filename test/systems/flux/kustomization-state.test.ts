import { describe, expect, it } from 'vitest';
import {
  hashesNamedBy,
  judgeKustomization,
  type KustomizationExpectation,
} from '../../../src/systems/flux/kustomization-state.js';
import {
  type FluxSource,
  type Kustomization,
  kustomizationFrom,
  sourceFrom,
} from '../../../src/systems/flux/objects.js';
import { hashInRevision } from '../../../src/systems/flux/revision.js';

const OURS = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);
const NEWER = 'c'.repeat(40);
const NOW = '2027-03-01T12:05:00Z';
const SUBJECT = { system: 'flux', operation: 'get', object: 'flux-system/shop' } as const;

const EXPECTATION: KustomizationExpectation = {
  revision: OURS,
  containing: new Set([NEWER]),
  waitingSince: '2027-03-01T12:00:00Z',
  errorPatienceMs: 180_000,
  stabilisationMs: 15_000,
};

function at(sha: string): string {
  return `main@sha1:${sha}`;
}

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

interface Change {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A Kustomization that runs our commit in every respect, with changes. */
function kustomization(change: Change = {}): Kustomization {
  return kustomizationFrom(
    {
      metadata: { name: 'shop', namespace: 'flux-system', generation: 3, ...change.metadata },
      spec: { wait: true, sourceRef: { kind: 'GitRepository', name: 'fleet' }, ...change.spec },
      status: {
        observedGeneration: 3,
        lastAttemptedRevision: at(OURS),
        lastAppliedRevision: at(OURS),
        lastHandledReconcileAt: 'token-1',
        conditions: [condition('Ready', 'True', 'ReconciliationSucceeded', { observedGeneration: 3 })],
        ...change.status,
      },
    },
    SUBJECT,
  );
}

/** A GitRepository with our commit, with changes. */
function source(change: Change = {}): FluxSource {
  return sourceFrom(
    {
      metadata: { name: 'fleet', namespace: 'flux-system', generation: 1, ...change.metadata },
      spec: { url: 'https://git.example.com/shop/fleet.git', ...change.spec },
      status: {
        observedGeneration: 1,
        artifact: { revision: at(OURS) },
        conditions: [condition('Ready', 'True', 'Succeeded')],
        ...change.status,
      },
    },
    SUBJECT,
  );
}

const BEHIND = { artifact: { revision: at(OLDER) } };

describe('judgeKustomization', () => {
  it('says applied, with what it read, when every clause is met', () => {
    expect(judgeKustomization(kustomization(), source(), EXPECTATION, NOW)).toEqual({
      state: 'applied',
      readBack: { kustomization: 'shop', revision: at(OURS), health: 'checked' },
    });
  });

  it('says that health is unproven when the spec asks for no health checks', () => {
    const judgement = judgeKustomization(
      kustomization({ spec: { wait: false } }),
      source(),
      EXPECTATION,
      NOW,
    );
    expect(judgement).toMatchObject({ state: 'applied', readBack: { health: 'unproven' } });
  });

  it('takes a later commit that contains ours', () => {
    const later = { lastAttemptedRevision: at(NEWER), lastAppliedRevision: at(NEWER) };
    const artifact = { artifact: { revision: at(NEWER) } };
    expect(
      judgeKustomization(kustomization({ status: later }), source({ status: artifact }), EXPECTATION, NOW)
        .state,
    ).toBe('applied');
  });

  describe('a commit without the folder of the spec, which does not count as attempted', () => {
    const conditions = [
      condition('Ready', 'False', 'ArtifactFailed', {
        message: 'kustomization path not found: no such file or directory',
      }),
    ];
    const failed = { lastAttemptedRevision: at(OLDER), lastAppliedRevision: at(OLDER), conditions };
    const fetchedAt = (lastUpdateTime: string) =>
      source({ status: { artifact: { revision: at(OURS), lastUpdateTime } } });
    const judged = (fetched: FluxSource, more: { readonly token?: string } = {}) =>
      judgeKustomization(kustomization({ status: failed }), fetched, { ...EXPECTATION, ...more }, NOW);

    it('has failed when that is younger than the artifact', () => {
      expect(judged(fetchedAt('2027-03-01T12:00:59Z'))).toMatchObject({
        state: 'hopeless',
        clause: 'path-missing',
      });
    });

    it('may be of the commit before when it is not', () => {
      expect(judged(fetchedAt('2027-03-01T12:01:00Z'))).toMatchObject({ clause: 'not-attempted' });
    });

    it('has failed when the reconciliation that we asked for has ended', () => {
      expect(judged(fetchedAt('2027-03-01T12:01:00Z'), { token: 'token-1' })).toMatchObject({
        clause: 'path-missing',
      });
    });
  });

  it.each<[string, string, Change, Change]>([
    ['waits on the source that still has the commit before', 'source-behind', {}, { status: BEHIND }],
    ['waits on a source without an artifact', 'source-behind', {}, { status: { artifact: undefined } }],
    [
      'waits on a source that cannot be fetched for a moment, although it looks current',
      'source-failing',
      {},
      {
        status: {
          ...BEHIND,
          conditions: [
            condition('FetchFailed', 'True', 'GitOperationFailed', {
              lastTransitionTime: '2027-03-01T12:04:00Z',
            }),
          ],
        },
      },
    ],
    [
      'waits on the commit before being the last that was tried, whatever its failure',
      'not-attempted',
      {
        status: {
          lastAttemptedRevision: at(OLDER),
          lastAppliedRevision: at(OLDER),
          conditions: [condition('Ready', 'False', 'HealthCheckFailed')],
        },
      },
      {},
    ],
    [
      'waits on what it depends on',
      'dependency-not-ready',
      {
        status: {
          lastAttemptedRevision: at(OLDER),
          conditions: [condition('Ready', 'False', 'DependencyNotReady')],
        },
      },
      {},
    ],
    [
      'waits on health checks of our commit',
      'reconciling',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [
            condition('Reconciling', 'True', 'Progressing'),
            condition('Ready', 'Unknown', 'Progressing'),
          ],
        },
      },
      {},
    ],
    [
      'waits on an attempt under way after a failed one',
      'reconciling',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [
            condition('Reconciling', 'True', 'Progressing'),
            condition('Ready', 'False', 'HealthCheckFailed'),
          ],
        },
      },
      {},
    ],
    [
      'waits on an applied commit that is not ours',
      'reconciling',
      { status: { lastAppliedRevision: at(OLDER) } },
      {},
    ],
    [
      'waits on a refusal of a moment ago',
      'reconcile-failing',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [
            condition('Ready', 'False', 'ReconciliationFailed', {
              lastTransitionTime: '2027-03-01T12:04:00Z',
            }),
          ],
        },
      },
      {},
    ],
    ['waits on its own newer spec', 'spec-not-observed', { metadata: { generation: 4 } }, {}],
    [
      'waits on ready for a moment',
      'settling',
      {
        status: {
          conditions: [
            condition('Ready', 'True', 'ReconciliationSucceeded', {
              lastTransitionTime: '2027-03-01T12:04:50Z',
            }),
          ],
        },
      },
      {},
    ],
  ])('%s', (_, clause, change, ofSource) => {
    expect(judgeKustomization(kustomization(change), source(ofSource), EXPECTATION, NOW)).toMatchObject({
      state: 'waiting',
      clause,
    });
  });

  it('waits on the reconciliation that we asked for, whatever the one before says', () => {
    const asked = { ...EXPECTATION, token: 'token-2' };
    expect(judgeKustomization(kustomization(), source(), asked, NOW)).toMatchObject({
      state: 'waiting',
      clause: 'reconcile-pending',
    });
    const failed = { status: { conditions: [condition('Ready', 'False', 'HealthCheckFailed')] } };
    expect(judgeKustomization(kustomization(failed), source(), asked, NOW).state).toBe('waiting');
    const handled = { ...EXPECTATION, token: 'token-1' };
    expect(judgeKustomization(kustomization(), source(), handled, NOW).state).toBe('applied');
  });

  it.each<[string, string, Change, Change]>([
    [
      'gives up when it is suspended, although it says Ready',
      'kustomization-suspended',
      { spec: { suspend: true } },
      {},
    ],
    [
      'gives up when it is being deleted',
      'kustomization-deleted',
      { metadata: { deletionTimestamp: '2027-03-01T12:00:30Z' } },
      {},
    ],
    [
      'gives up on a source that is suspended at the commit before',
      'source-suspended',
      {},
      { spec: { suspend: true }, status: BEHIND },
    ],
    [
      'gives up on a source that has stopped',
      'source-stalled',
      {},
      { status: { ...BEHIND, conditions: [condition('Stalled', 'True', 'URLInvalid')] } },
    ],
    [
      'gives up on a source that cannot be fetched for long',
      'source-failing',
      {},
      { status: { ...BEHIND, conditions: [condition('FetchFailed', 'True', 'AuthenticationFailed')] } },
    ],
    [
      'gives up on a commit whose signature is refused for long',
      'source-failing',
      {},
      { status: { ...BEHIND, conditions: [condition('SourceVerified', 'False', 'InvalidCommitSignature')] } },
    ],
    [
      'gives up on health checks of our commit that failed',
      'health-check-failed',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [condition('Ready', 'False', 'HealthCheckFailed')],
        },
      },
      {},
    ],
    [
      'gives up on health checks that fail after they had passed',
      'health-check-failed',
      { status: { conditions: [condition('Ready', 'False', 'HealthCheckFailed')] } },
      {},
    ],
    [
      'gives up on manifests that cannot be built, also between retries',
      'build-failed',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [
            condition('Reconciling', 'True', 'ProgressingWithRetry'),
            condition('Ready', 'False', 'BuildFailed'),
          ],
        },
      },
      {},
    ],
    [
      'gives up on a refusal that lasts',
      'reconcile-failing',
      {
        status: {
          lastAppliedRevision: at(OLDER),
          conditions: [condition('Ready', 'False', 'ReconciliationFailed')],
        },
      },
      {},
    ],
    [
      'gives up when it has stopped',
      'kustomization-stalled',
      {
        status: {
          conditions: [condition('Stalled', 'True', 'InvalidCELExpression', { observedGeneration: 3 })],
        },
      },
      {},
    ],
  ])('%s', (_, clause, change, ofSource) => {
    const judgement = judgeKustomization(kustomization(change), source(ofSource), EXPECTATION, NOW);
    expect(judgement).toMatchObject({ state: 'hopeless', clause });
    expect(judgement).toHaveProperty('remedy', expect.stringMatching(/retry\.$/));
  });

  it('gives up on what does not exist', () => {
    expect(judgeKustomization(null, source(), EXPECTATION, NOW)).toMatchObject({
      clause: 'kustomization-missing',
    });
    expect(judgeKustomization(kustomization(), null, EXPECTATION, NOW)).toMatchObject({
      clause: 'source-missing',
    });
  });

  it('does not take a stop at an older spec for one of today', () => {
    const change = { status: { conditions: [condition('Stalled', 'True', 'X', { observedGeneration: 2 })] } };
    expect(judgeKustomization(kustomization(change), source(), EXPECTATION, NOW).state).toBe('waiting');
  });

  it('does not repeat credentials of an address', () => {
    const message = 'failed to checkout https://bot:hunter2@git.example.com/shop/fleet.git';
    const change = {
      status: {
        ...BEHIND,
        conditions: [condition('FetchFailed', 'True', 'GitOperationFailed', { message })],
      },
    };
    expect(
      JSON.stringify(judgeKustomization(kustomization(), source(change), EXPECTATION, NOW)),
    ).not.toContain('hunter2');
  });

  it('names the commits to ask Git about, each once', () => {
    const change = { status: { lastAttemptedRevision: at(NEWER), lastAppliedRevision: at(OLDER) } };
    expect(hashesNamedBy(kustomization(change), source())).toEqual([OURS, NEWER, OLDER]);
  });
});

describe('hashInRevision', () => {
  it.each<[string | undefined, string | undefined]>([
    [`main@sha1:${OURS}`, OURS],
    [`refs/heads/a@b:c@sha1:${OURS}`, OURS],
    [`sha1:${OURS}`, OURS],
    [`latest@sha256:${'d'.repeat(64)}`, 'd'.repeat(64)],
    [`main@sha1:${OURS.slice(0, 12)}`, undefined],
    [`main@sha256:${OURS}`, undefined],
    ['1.4.2', undefined],
    [`main/${OURS}`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s', (revision, hash) => {
    expect(hashInRevision(revision)).toBe(hash);
  });
});
