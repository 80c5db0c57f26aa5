/** Accidents of waits for Flux (reference: promotion, section 2), as sequences of what its controllers write. */
import type { Accident } from './accident.js';
import {
  applied,
  at,
  condition,
  deployed,
  forKustomization,
  forRelease,
  gitRepository,
  helmRelease,
  kustomization,
  NAMESPACE,
  snapshot,
} from './flux-objects.js';

export const FLUX_ACCIDENTS: readonly Accident[] = [
  {
    name: 'a Kustomization is Ready for the old artifact until the next interval',
    seenIn: 'source-controller: Ready stays True; kustomize-controller #1518',
    must: 'proven',
    args: forKustomization('k-stale'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [gitRepository('k-stale', before, clock), kustomization('k-stale', clock, applied(before))],
      },
      { objects: [gitRepository('k-stale', ours, clock)] },
      {
        objects: [
          kustomization('k-stale', clock, {
            status: {
              lastAttemptedRevision: at(ours),
              lastAppliedRevision: at(before),
              conditions: [
                condition(clock, 'Reconciling', 'True', 'Progressing'),
                condition(clock, 'Ready', 'Unknown', 'Progressing'),
              ],
            },
          }),
        ],
      },
      { objects: [kustomization('k-stale', clock, applied(ours))], runs: true },
    ],
  },
  {
    name: 'the health check of a Kustomization failed',
    seenIn: 'kustomize-controller #701: the whole time-out was waited',
    must: 'failed',
    clause: 'health-check-failed',
    args: forKustomization('k-unhealthy'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          gitRepository('k-unhealthy', ours, clock),
          kustomization('k-unhealthy', clock, {
            status: {
              lastAttemptedRevision: at(ours),
              lastAppliedRevision: at(before),
              conditions: [
                condition(clock, 'Ready', 'False', 'HealthCheckFailed', 'timeout waiting for Deployment'),
              ],
            },
          }),
        ],
      },
    ],
  },
  {
    name: 'the revision before ours failed, and ours was not tried yet',
    seenIn: 'kustomize-controller #653; helm-controller #1422',
    must: 'proven',
    args: forKustomization('k-older-failure'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          gitRepository('k-older-failure', ours, clock),
          kustomization('k-older-failure', clock, {
            status: {
              lastAttemptedRevision: at(before),
              conditions: [condition(clock, 'Ready', 'False', 'HealthCheckFailed')],
            },
          }),
        ],
      },
      { objects: [kustomization('k-older-failure', clock, applied(ours))], runs: true },
    ],
  },
  {
    name: 'a suspended Kustomization says Ready of long ago',
    seenIn: 'gitops-objects, section 5.2',
    must: 'failed',
    clause: 'kustomization-suspended',
    args: forKustomization('k-suspended'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          gitRepository('k-suspended', ours, clock),
          kustomization('k-suspended', clock, { ...applied(ours), spec: { suspend: true } }),
        ],
      },
    ],
  },
  {
    name: 'a Kustomization waits for what it depends on, which is no failure',
    seenIn: 'kustomize-controller: DependencyNotReady is Ready False',
    must: 'proven',
    args: forKustomization('k-depends'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          gitRepository('k-depends', ours, clock),
          kustomization('k-depends', clock, {
            status: {
              lastAttemptedRevision: at(before),
              conditions: [condition(clock, 'Ready', 'False', 'DependencyNotReady')],
            },
          }),
        ],
      },
      { objects: [kustomization('k-depends', clock, applied(ours))], runs: true },
    ],
  },
  {
    name: "somebody else's commit moved the branch before ours was fetched",
    seenIn: 'kargo #807, on Flux',
    must: 'proven',
    args: forKustomization('k-moved'),
    frames: ({ before, later }, clock) => [
      {
        objects: [gitRepository('k-moved', before, clock), kustomization('k-moved', clock, applied(before))],
      },
      {
        objects: [gitRepository('k-moved', later, clock), kustomization('k-moved', clock, applied(later))],
        runs: true,
      },
    ],
  },
  {
    name: 'a later commit reverts ours, and the Kustomization is Ready with it',
    seenIn: 'a revision that is newer and does not hold our content, on Flux',
    must: 'failed',
    clause: 'superseded',
    args: forKustomization('k-reverted'),
    frames: ({ reverted }, clock) => [
      {
        objects: [
          gitRepository('k-reverted', reverted, clock),
          kustomization('k-reverted', clock, applied(reverted)),
        ],
      },
    ],
  },
  {
    name: 'the source cannot be fetched, and the old artifact looks current',
    seenIn: 'source-controller: FetchFailed beside an artifact',
    must: 'waiting',
    clause: 'source-failing',
    args: forKustomization('k-unfetched'),
    frames: ({ before }, clock) => [
      {
        objects: [
          gitRepository('k-unfetched', before, clock, {
            status: {
              conditions: [
                condition(clock, 'FetchFailed', 'True', 'GitOperationFailed'),
                condition(clock, 'Ready', 'False', 'GitOperationFailed'),
              ],
            },
          }),
          kustomization('k-unfetched', clock, applied(before)),
        ],
      },
    ],
  },
  {
    name: 'Ready means applied, and the workload never comes up',
    seenIn: 'kustomize-controller: without wait and healthChecks nothing is checked',
    must: 'failed',
    clause: 'progress-deadline-exceeded',
    args: forKustomization('k-applied-only'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          gitRepository('k-applied-only', ours, clock),
          {
            plural: 'deployments',
            namespace: 'shop',
            name: 'applied-only',
            spec: { replicas: 2, template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } },
            status: (generation) => ({
              observedGeneration: generation,
              replicas: 3,
              updatedReplicas: 1,
              conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
            }),
          },
          kustomization('k-applied-only', clock, {
            ...applied(ours, {
              inventory: { entries: [{ id: 'shop_applied-only_apps_Deployment', v: 'v1' }] },
            }),
            spec: { wait: false },
          }),
        ],
      },
    ],
  },
  {
    name: 'a HelmRelease is Ready with the version before',
    seenIn: 'flux2: status of the old spec',
    must: 'proven',
    args: forRelease('h-stale'),
    frames: (_, clock) => [
      { objects: [helmRelease('h-stale', { version: '1.4.1', status: deployed(clock, '1.4.1') })] },
      {
        objects: [
          helmRelease('h-stale', {
            status: (generation) => ({
              ...deployed(clock, '1.4.1')(generation),
              observedGeneration: generation - 1,
            }),
          }),
        ],
      },
      { objects: [helmRelease('h-stale', { status: deployed(clock, '1.4.2') })], runs: true },
    ],
  },
  {
    name: 'the upgrade was rolled back, and the version before runs',
    seenIn: 'helm-controller: Remediated, RollbackSucceeded',
    must: 'failed',
    clause: 'rolled-back',
    args: forRelease('h-remediated'),
    frames: (_, clock) => [
      {
        objects: [
          helmRelease('h-remediated', {
            status: (generation) => ({
              ...deployed(clock, '1.4.2')(generation),
              history: [snapshot(clock, '1.4.1', 'deployed', 9), snapshot(clock, '1.4.2', 'failed', 8)],
              conditions: [
                condition(clock, 'Ready', 'False', 'UpgradeFailed'),
                condition(clock, 'Remediated', 'True', 'RollbackSucceeded'),
                condition(clock, 'Stalled', 'True', 'RetriesExceeded'),
              ],
            }),
          }),
        ],
      },
    ],
  },
  {
    name: 'a version is marked as failed before it was tried',
    seenIn: 'helm-controller #1422',
    must: 'proven',
    args: forRelease('h-before-tried'),
    frames: (_, clock) => [
      { objects: [helmRelease('h-before-tried', { version: '1.4.1', status: deployed(clock, '1.4.1') })] },
      {
        objects: [
          helmRelease('h-before-tried', {
            status: (generation) => ({
              ...deployed(clock, '1.4.2')(generation),
              lastAttemptedGeneration: generation - 1,
              history: [snapshot(clock, '1.4.2', 'failed', 8)],
              conditions: [condition(clock, 'Ready', 'False', 'UpgradeFailed')],
            }),
          }),
        ],
      },
      { objects: [helmRelease('h-before-tried', { status: deployed(clock, '1.4.2') })], runs: true },
    ],
  },
  {
    name: 'the chart version is not in its registry yet',
    seenIn: 'Mettle; flux2 #2185, helm-controller #785',
    must: 'failed',
    clause: 'chart-missing',
    args: forRelease('h-no-chart'),
    frames: (_, clock) => [
      {
        objects: [
          {
            plural: 'helmcharts',
            namespace: NAMESPACE,
            name: 'h-no-chart-chart',
            spec: {
              chart: 'shop',
              version: '1.4.2',
              interval: '10m',
              sourceRef: { kind: 'HelmRepository', name: 'charts' },
            },
            status: (generation) => ({
              observedGeneration: generation,
              conditions: [
                {
                  ...condition(
                    clock,
                    'Stalled',
                    'True',
                    'InvalidChartReference',
                    'no chart version found for shop-1.4.2',
                  ),
                  observedGeneration: generation,
                },
              ],
            }),
          },
          helmRelease('h-no-chart', {
            status: (generation) => ({
              ...deployed(clock, '1.4.1')(generation),
              helmChart: `${NAMESPACE}/h-no-chart-chart`,
              conditions: [condition(clock, 'Ready', 'False', 'SourceNotReady')],
            }),
          }),
        ],
      },
    ],
  },
  {
    name: 'the tests of the chart failed after the upgrade',
    seenIn: 'helm-controller: TestSuccess False',
    must: 'failed',
    clause: 'test-failed',
    args: forRelease('h-tests'),
    frames: (_, clock) => [
      {
        objects: [
          helmRelease('h-tests', {
            status: (generation) => ({
              ...deployed(clock, '1.4.2')(generation),
              conditions: [
                condition(clock, 'Ready', 'False', 'TestFailed'),
                condition(clock, 'TestSuccess', 'False', 'TestFailed'),
              ],
            }),
          }),
        ],
      },
    ],
  },
  {
    name: 'a suspended HelmRelease says Ready of long ago',
    seenIn: 'gitops-objects, section 5.2',
    must: 'failed',
    clause: 'release-suspended',
    args: forRelease('h-suspended'),
    frames: (_, clock) => [
      {
        objects: [helmRelease('h-suspended', { spec: { suspend: true }, status: deployed(clock, '1.4.2') })],
      },
    ],
  },
];
