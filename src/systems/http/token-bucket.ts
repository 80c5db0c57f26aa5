import { setTimeout as delay } from 'node:timers/promises';

/** A vendor's limit for one credential. */
export interface Rate {
  /** calls a second in the long run, above 0 */
  readonly perSecond: number;
  /** calls that may go out at once after a pause, at least 1; default 1 */
  readonly burst?: number;
}

/** Time as the bucket sees it; tests give their own. */
export interface BucketClock {
  now(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<unknown>;
}

const REAL_CLOCK: BucketClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};

/**
 * Token bucket of one credential: `take()` resolves when the next call may go out, in the order of asking. Give the same
 * bucket to every client that uses the same credential in this process. A server-side limit of Temporal counts
 * activities, not calls, which is why the client has one too (design, section 4).
 */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #clock: BucketClock;
  #nextMs = Number.NEGATIVE_INFINITY;

  /** @throws RangeError when the rate is not above 0, or the burst below 1 */
  constructor(rate: Rate, clock: BucketClock = REAL_CLOCK) {
    const burst = rate.burst ?? 1;
    if (!(rate.perSecond > 0)) throw new RangeError('A rate needs more than 0 calls a second.');
    if (!(burst >= 1)) throw new RangeError('A rate needs a burst of at least 1 call.');
    this.#intervalMs = 1000 / rate.perSecond;
    this.#toleranceMs = (burst - 1) * this.#intervalMs;
    this.#clock = clock;
  }

  /**
   * Waits for its turn. A caller that gives up while it waits loses its turn but does not give it back: the bucket errs
   * on the slow side.
   * @throws the signal's reason when the signal aborts
   */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const now = this.#clock.now();
    const turn = Math.max(this.#nextMs, now);
    this.#nextMs = turn + this.#intervalMs;
    const waitMs = turn - this.#toleranceMs - now;
    if (waitMs <= 0) return;
    await this.#clock.sleep(waitMs, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}
