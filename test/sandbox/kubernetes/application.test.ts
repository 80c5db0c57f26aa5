import { describe, expect, it } from 'vitest';
import {
  type Application,
  automatedOperation,
  autoSyncOf,
  withComparison,
  withHealth,
  withOperation,
  withOperationFinished,
  withOperationRunning,
  withRefreshDone,
} from '../../../sandbox/kubernetes/argocd/application.js';

const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);
const T0 = new Date('2026-11-21T10:00:00.700Z');
const T1 = new Date('2026-11-21T10:00:05.100Z');

const bare: Application = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: {
    name: 'one',
    namespace: 'argocd',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-11-21T09:00:00Z',
    annotations: { 'argocd.argoproj.io/refresh': 'normal', keep: 'me' },
  },
  spec: {
    project: 'platform',
    source: { repoURL: 'http://git.example.com/a.git', path: 'one', targetRevision: 'main' },
    destination: { name: 'harbour-01', namespace: 'otterize-system' },
    syncPolicy: { automated: { prune: true } },
  },
};

function failed(message: string): Application {
  const compared = withComparison(bare, { revision: NEW, contentId: 'new' }, 'old', T0);
  const running = withOperationRunning(withOperation(compared, automatedOperation(NEW)), NEW, T0);
  return withOperationFinished(running, 'Failed', message, T1);
}

describe('a comparison', () => {
  it('names the revision that it used, synced or not, with times of one second', () => {
    const synced = withComparison(bare, { revision: NEW, contentId: 'same' }, 'same', T0);
    expect(synced.status?.sync).toMatchObject({ status: 'Synced', revision: NEW });
    expect(synced.status?.reconciledAt).toBe('2026-11-21T10:00:00Z');
    const out = withComparison(bare, { revision: NEW, contentId: 'new' }, 'old', T0);
    expect(out.status?.sync).toMatchObject({ status: 'OutOfSync', revision: NEW });
  });

  it('is Unknown with a ComparisonError and no revision while the files give no manifests', () => {
    const broken = withComparison(bare, { revision: NEW, contentId: 'x', problem: 'not YAML' }, 'old', T0);
    expect(broken.status?.sync).toMatchObject({ status: 'Unknown', revision: '' });
    expect(broken.status?.conditions?.[0]).toMatchObject({
      type: 'ComparisonError',
      lastTransitionTime: '2026-11-21T10:00:00Z',
    });
    expect(autoSyncOf(broken)).toEqual({ kind: 'nothing' });
    const mended = withComparison(broken, { revision: NEW, contentId: 'old' }, 'old', T1);
    expect(mended.status?.conditions).toEqual([]);
  });

  it('takes the request for it away and leaves other annotations', () => {
    expect(withRefreshDone(bare).metadata.annotations).toEqual({ keep: 'me' });
  });
});

describe('an operation', () => {
  it('runs once per revision: after a failure there is an error and no second attempt', () => {
    const out = withComparison(bare, { revision: NEW, contentId: 'new' }, 'old', T0);
    expect(autoSyncOf(out)).toEqual({ kind: 'start', revision: NEW });
    const running = withOperation(out, automatedOperation(NEW));
    expect(autoSyncOf(running)).toEqual({ kind: 'nothing' });
    const next = autoSyncOf(failed('no'));
    expect(next).toMatchObject({ kind: 'gave-up' });
    const newer = withComparison(failed('no'), { revision: OLD, contentId: 'other' }, 'old', T1);
    expect(autoSyncOf(newer)).toEqual({ kind: 'start', revision: OLD });
    const manual: Application = { ...out, spec: { ...out.spec, syncPolicy: {} } };
    expect(autoSyncOf(manual)).toEqual({ kind: 'nothing' });
  });

  it('clears itself when it ends; only success goes into the history', () => {
    const lost = failed('no');
    expect(lost.operation).toBeUndefined();
    expect(lost.status?.operationState).toMatchObject({
      phase: 'Failed',
      startedAt: '2026-11-21T10:00:00Z',
      finishedAt: '2026-11-21T10:00:05Z',
      syncResult: { revision: NEW },
    });
    expect(lost.status?.history).toBeUndefined();
    const running = withOperationRunning(withOperation(lost, automatedOperation(NEW)), NEW, T1);
    expect(running.status?.operationState?.finishedAt).toBeUndefined();
    const done = withOperationFinished(running, 'Succeeded', 'ok', T1);
    expect(done.status?.history).toMatchObject([
      { id: 0, revision: NEW, deployedAt: '2026-11-21T10:00:05Z' },
    ]);
  });
});

describe('health', () => {
  it('moves its time only when it changes', () => {
    const first = withHealth(bare, 'Healthy', T0);
    expect(withHealth(first, 'Healthy', T1)).toBe(first);
    expect(withHealth(first, 'Progressing', T1).status?.health).toMatchObject({
      status: 'Progressing',
      lastTransitionTime: '2026-11-21T10:00:05Z',
    });
  });
});
