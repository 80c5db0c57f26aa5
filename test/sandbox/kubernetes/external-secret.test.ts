import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  durationMs,
  type ExternalSecret,
  isReady,
  nextRefresh,
  resourceVersionToSync,
  withSyncError,
  withSynced,
} from '../../../sandbox/kubernetes/external-secrets/external-secret.js';

const T0 = new Date('2026-11-21T10:00:00Z');
const T1 = new Date('2026-11-21T10:00:30Z');

const bare: ExternalSecret = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: {
    name: 'otterize-cloud',
    namespace: 'otterize-system',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-11-21T09:00:00Z',
  },
  spec: { refreshInterval: '1h0m0s', secretStoreRef: { name: 'vault' } },
};

describe('an ExternalSecret', () => {
  it('is read again after its interval, or at once when spec, labels or annotations changed', () => {
    expect(nextRefresh(bare, T0)).toEqual(T0);
    const synced = withSynced(bare, T0, resourceVersionToSync(bare));
    expect(isReady(synced)).toBe(true);
    expect(nextRefresh(synced, T1)).toEqual(new Date('2026-11-21T11:00:00Z'));
    const forced: ExternalSecret = {
      ...synced,
      metadata: { ...synced.metadata, annotations: { 'external-secrets.io/force-sync': 'one' } },
    };
    expect(nextRefresh(forced, T1)).toEqual(T1);
    const grown: ExternalSecret = { ...synced, metadata: { ...synced.metadata, generation: 2 } };
    expect(nextRefresh(grown, T1)).toEqual(T1);
    const never: ExternalSecret = { ...synced, spec: { ...synced.spec, refreshInterval: '0' } };
    expect(nextRefresh(never, T1)).toBeNull();
  });

  it('keeps what was synced when a later reading fails, and the time since when it is not ready', () => {
    const synced = withSynced(bare, T0, resourceVersionToSync(bare));
    const failed = withSyncError(synced, 'gone', T1);
    expect(isReady(failed)).toBe(false);
    expect(failed.status?.refreshTime).toBe('2026-11-21T10:00:00Z');
    expect(failed.status?.conditions).toMatchObject([
      {
        type: 'Ready',
        status: 'False',
        reason: 'SecretSyncedError',
        lastTransitionTime: '2026-11-21T10:00:30Z',
      },
    ]);
    const again = withSyncError(failed, 'gone', new Date('2026-11-21T10:01:00Z'));
    expect(again.status?.conditions?.[0]?.lastTransitionTime).toBe('2026-11-21T10:00:30Z');
  });

  it('reads durations and backs off to fifteen minutes', () => {
    expect(durationMs('1h0m0s')).toBe(3_600_000);
    expect(durationMs('90s')).toBe(90_000);
    expect([1, 2, 3, 30].map(backoffMs)).toEqual([1_000, 2_000, 4_000, 900_000]);
  });
});
