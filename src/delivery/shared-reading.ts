/**
 * One look that serves many. While a hundred promotions wait for objects of one kind in one namespace, the API server is asked
 * for a list now and then, not for each object again and again; while one waits, it is asked for that one object.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { SystemError, type TroubleKind } from '../domain/failure.js';

/** An object, and the API server's clock when it answered (ISO 8601); null when it does not exist. */
export interface Shown<T> {
  readonly object: T | null;
  readonly serverTime: string | undefined;
}

/** How the objects of one kind in one namespace are asked for. */
export interface SharedSource<T> {
  one(name: string): Promise<Shown<T>>;
  /** all of them by name; fails as a whole when one of them is not of its shape */
  all(): Promise<{ readonly objects: ReadonlyMap<string, T>; readonly serverTime: string | undefined }>;
}

export interface SharingTimes {
  /** a list is as good for the others for this long, and no other begins before, in milliseconds */
  readonly intervalMs: number;
  /** who has not asked for this long waits no more, in milliseconds */
  readonly interestMs: number;
}

/** Looks come every two seconds at the latest (waits), so five of them without a sign mean that nobody waits. */
const TIMES: SharingTimes = { intervalMs: 1_000, interestMs: 10_000 };
/** A list that takes long is asked for less often: this many times its own duration lies between two. */
const LIST_SHARE = 4;
/** A list that was refused, is too large or holds what cannot be read is not asked for again for this long, in milliseconds. */
const LIST_AGAIN_MS = 60_000;
/** What would befall a single object just as well. */
const EVERYBODYS: ReadonlySet<TroubleKind> = new Set(['unavailable', 'throttled', 'unauthenticated']);

interface Listing<T> {
  /** its place in the order of events: what changed after it began is not in it */
  readonly order: number;
  readonly beganMs: number;
  readonly answer: Promise<{
    readonly objects: ReadonlyMap<string, T>;
    readonly serverTime: string | undefined;
  }>;
  /** unset while it is under way */
  tookMs?: number;
}

interface SingleLook<T> {
  readonly order: number;
  readonly answer: Promise<Shown<T>>;
}

export class SharedReading<T> {
  readonly #source: SharedSource<T>;
  readonly #times: SharingTimes;
  readonly #now: () => number;
  readonly #askedAtMs = new Map<string, number>();
  readonly #changedAt = new Map<string, number>();
  readonly #single = new Map<string, SingleLook<T>>();
  #order = 0;
  #listing: Listing<T> | undefined;
  #noListBeforeMs = 0;

  constructor(source: SharedSource<T>, times: SharingTimes = TIMES, now: () => number = Date.now) {
    this.#source = source;
    this.#times = times;
    this.#now = now;
  }

  /**
   * The object as it was about an interval ago at most, and never as it was before the last `changed`.
   * @param signal of this caller only: the look goes on for the others
   * @throws SystemError
   */
  async reading(name: string, signal?: AbortSignal): Promise<Shown<T>> {
    signal?.throwIfAborted();
    this.#noteInterest(name);
    const look = this.#sharesList() ? this.#fromList(name) : this.#alone(name);
    return await untilAborted(look, signal);
  }

  /** The caller has just changed this object: older readings of it are of no use to anybody. */
  changed(name: string): void {
    this.#order += 1;
    this.#changedAt.set(name, this.#order);
  }

  #noteInterest(name: string): void {
    const nowMs = this.#now();
    this.#askedAtMs.set(name, nowMs);
    for (const [other, askedAtMs] of this.#askedAtMs) {
      if (nowMs - askedAtMs <= this.#times.interestMs) continue;
      this.#askedAtMs.delete(other);
      this.#changedAt.delete(other);
      this.#single.delete(other);
    }
  }

  #sharesList(): boolean {
    return this.#askedAtMs.size > 1 && this.#now() >= this.#noListBeforeMs;
  }

  async #fromList(name: string): Promise<Shown<T>> {
    try {
      const { objects, serverTime } = await this.#list(this.#changedAt.get(name) ?? 0);
      return { object: objects.get(name) ?? null, serverTime };
    } catch (error) {
      if (!(error instanceof SystemError) || EVERYBODYS.has(error.trouble.kind)) throw error;
      this.#noListBeforeMs = this.#now() + LIST_AGAIN_MS;
      return await this.#alone(name);
    }
  }

  /** The newest list that began after a moment; a new one begins when its interval has passed. */
  async #list(after: number): Promise<Awaited<Listing<T>['answer']>> {
    for (;;) {
      const last = this.#listing;
      if (last === undefined) return await this.#beginList().answer;
      if (last.order > after && (last.tookMs === undefined || !this.#isOld(last))) return await last.answer;
      if (last.tookMs === undefined) await last.answer.catch(() => undefined);
      else if (this.#isOld(last)) return await this.#beginList().answer;
      else await pause(Math.max(1, last.beganMs + this.#intervalAfter(last) - this.#now()));
    }
  }

  #isOld(listing: Listing<T>): boolean {
    return this.#now() - listing.beganMs >= this.#intervalAfter(listing);
  }

  #intervalAfter({ tookMs = 0 }: Listing<T>): number {
    return Math.max(this.#times.intervalMs, tookMs * LIST_SHARE);
  }

  #beginList(): Listing<T> {
    this.#order += 1;
    const listing: Listing<T> = {
      order: this.#order,
      beganMs: this.#now(),
      answer: this.#source.all(),
    };
    const ended = (): void => {
      listing.tookMs = this.#now() - listing.beganMs;
    };
    // also keeps a list that nobody waits for any more from being an unhandled rejection
    listing.answer.then(ended, () => {
      ended();
      if (this.#listing === listing) this.#listing = undefined;
    });
    this.#listing = listing;
    return listing;
  }

  /** Those who ask for the same object at the same time ask once. */
  async #alone(name: string): Promise<Shown<T>> {
    const known = this.#single.get(name);
    if (known !== undefined && known.order > (this.#changedAt.get(name) ?? 0)) return await known.answer;
    this.#order += 1;
    const look: SingleLook<T> = { order: this.#order, answer: this.#source.one(name) };
    this.#single.set(name, look);
    const ended = (): void => {
      if (this.#single.get(name) === look) this.#single.delete(name);
    };
    look.answer.then(ended, ended);
    return await look.answer;
  }
}

/** Ends with the caller's own reason when its signal says so; what it waited for goes on. */
async function untilAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await answer;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    answer.catch(() => undefined);
  }
}
