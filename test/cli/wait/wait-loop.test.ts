import { describe, expect, it } from 'vitest';
import { LOOK_EVERY_MS, type Progress, waitUntilProven } from '../../../src/cli/wait/wait-loop.js';
import type { Look, Watch } from '../../../src/delivery/look.js';
import { SystemError, type TroubleKind } from '../../../src/domain/failure.js';

const PROVEN: Look = { state: 'proven', evidence: { revision: 'a' } };

function waiting(clause: string, more: object = {}): Look {
  return { state: 'waiting', clause, message: 'as said', ...more };
}

function trouble(kind: TroubleKind, retryAfterMs?: number): SystemError {
  return new SystemError({
    system: 'argocd',
    operation: 'get applications',
    object: 'argocd/shop',
    kind,
    message: 'answered so',
    remedy: 'Do this.',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Looks one after the other by a clock that moves only while the loop pauses. */
async function run(looks: readonly (Look | SystemError)[], timeoutMs = 60_000) {
  let [index, nowMs] = [0, 0];
  const pauses: number[] = [];
  const progress: Progress[] = [];
  const stop = new AbortController();
  const watch: Watch = {
    look: async () => {
      const look = looks[Math.min(index, looks.length - 1)];
      index += 1;
      if (look === undefined) throw new RangeError('no look');
      if (look instanceof SystemError) throw look;
      return [{ target: 'application argocd/shop', look }];
    },
  };
  const result = await waitUntilProven({
    watch,
    timeoutMs,
    now: () => nowMs,
    pause: async (ms) => {
      pauses.push(ms);
      nowMs += ms;
    },
    signal: stop.signal,
    onProgress: (one) => progress.push(one),
  });
  return { result, pauses, progress };
}

describe('waitUntilProven', () => {
  it('ends with one look where nothing is left to wait for', async () => {
    const { result, pauses } = await run([PROVEN]);
    expect(result).toMatchObject({ state: 'proven', proven: [{ look: PROVEN }] });
    expect(pauses).toEqual([]);
  });

  it('counts the age of a clause from its first look, or from where the cluster says', async () => {
    const { progress } = await run([
      waiting('out-of-sync'),
      waiting('out-of-sync'),
      waiting('settling'),
      waiting('settling', { since: '1969-12-31T23:59:00Z' }),
      PROVEN,
    ]);
    expect(progress.map(({ pending }) => pending[0]?.sinceMs)).toEqual([0, 0, 2 * LOOK_EVERY_MS, -60_000]);
  });

  it('ends at once with what failed', async () => {
    const failed: Look = { state: 'failed', clause: 'sync-failed', message: 'it failed', remedy: 'Sync it.' };
    expect((await run([waiting('out-of-sync'), failed, PROVEN])).result).toMatchObject({
      state: 'failed',
      look: failed,
    });
  });

  it('ends when the time is up, to the millisecond, with the last clause', async () => {
    const { result, pauses } = await run([waiting('out-of-sync')], LOOK_EVERY_MS + 1);
    expect(result).toMatchObject({ state: 'timed-out', pending: [{ look: { clause: 'out-of-sync' } }] });
    expect(pauses).toEqual([LOOK_EVERY_MS, 1]);
  });

  it('does not wait for what ends after the time', async () => {
    const until = new Date(60_001).toISOString();
    const { result, pauses } = await run([waiting('sync-window', { until })]);
    expect(result).toMatchObject({ state: 'failed', look: { clause: 'sync-window' } });
    expect(pauses).toEqual([]);
    const inTime = new Date(60_000).toISOString();
    expect((await run([waiting('sync-window', { until: inTime }), PROVEN])).result.state).toBe('proven');
  });

  it.each<TroubleKind>(['unavailable', 'throttled', 'malformed', 'busy'])(
    'goes on through trouble that is %s, as late as the server asks',
    async (kind) => {
      const { result, pauses, progress } = await run([trouble(kind, 9_000), PROVEN]);
      expect(result.state).toBe('proven');
      expect(pauses).toEqual([9_000]);
      expect(progress[0]?.pending[0]).toMatchObject({ look: { clause: 'unreachable' } });
    },
  );

  it.each<TroubleKind>(['unauthenticated', 'forbidden', 'not-found', 'invalid', 'conflict'])(
    'ends with trouble that is %s',
    async (kind) => {
      await expect(run([trouble(kind), PROVEN])).rejects.toThrow(SystemError);
    },
  );

  it('ends with an interruption', async () => {
    const stop = new AbortController();
    const watch: Watch = {
      look: async () => {
        stop.abort();
        throw stop.signal.reason;
      },
    };
    const pause = async (): Promise<void> => undefined;
    const options = {
      watch,
      timeoutMs: 60_000,
      now: () => 0,
      pause,
      signal: stop.signal,
      onProgress: () => undefined,
    };
    expect(await waitUntilProven(options)).toEqual({ state: 'interrupted', pending: [] });
  });
});
