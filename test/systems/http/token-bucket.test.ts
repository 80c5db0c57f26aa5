import { describe, expect, it } from 'vitest';
import { type BucketClock, type Rate, TokenBucket } from '../../../src/systems/http/token-bucket.js';

/** A clock that stands still but for sleeps, and notes when each caller got through. */
function bucketWith(rate: Rate) {
  const state = { now: 0 };
  const sleeps: number[] = [];
  const clock: BucketClock = {
    now: () => state.now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      sleeps.push(ms);
    },
  };
  return { bucket: new TokenBucket(rate, clock), sleeps, state };
}

describe('a token bucket', () => {
  it('spaces calls evenly once the burst is spent', async () => {
    const { bucket, sleeps } = bucketWith({ perSecond: 10, burst: 3 });
    for (let call = 0; call < 6; call += 1) await bucket.take();
    // three at once, then each 100 ms after the one before, counted from the standing clock
    expect(sleeps).toEqual([100, 200, 300]);
  });

  it('saves up no more than its burst while nothing is called', async () => {
    const { bucket, sleeps, state } = bucketWith({ perSecond: 10, burst: 2 });
    await bucket.take();
    state.now += 60_000;
    for (let call = 0; call < 3; call += 1) await bucket.take();
    expect(sleeps).toEqual([100]);
  });

  it('lets one call through at a time without a burst', async () => {
    const { bucket, sleeps } = bucketWith({ perSecond: 2 });
    await Promise.all([bucket.take(), bucket.take(), bucket.take()]);
    expect(sleeps).toEqual([500, 1000]);
  });

  it('ends the wait with the reason of the signal', async () => {
    const bucket = new TokenBucket({ perSecond: 0.001 });
    const reason = new Error('cancelled by an operator');
    const abort = new AbortController();
    await bucket.take();
    const waiting = bucket.take(abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('refuses a rate that would never let a call through', () => {
    expect(() => new TokenBucket({ perSecond: 0 })).toThrow(RangeError);
    expect(() => new TokenBucket({ perSecond: Number.NaN })).toThrow(RangeError);
    expect(() => new TokenBucket({ perSecond: 1, burst: 0 })).toThrow(RangeError);
  });
});
