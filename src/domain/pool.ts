/**
 * State of a bounded pool of targets: which wait, run, are done or failed, and which wave may start. Pure, so that "never
 * more than N in flight" and "no wave after a bad one" are tested without Temporal.
 */
import type { TargetState } from './messages.js';
import { type WaveSize, waveSizes } from './promotion/waves.js';

/** Order and patience of a rollout; without it there is one wave, and failures stop nothing. */
export interface Waves {
  /** counts or per cent of all; the last one is repeated; none: one wave */
  readonly sizes: readonly WaveSize[];
  /** failed targets that are borne; with one more nothing new starts */
  readonly maxFailures: number;
  /** targets that failed by the provider's trouble in an earlier run */
  readonly heldByProvider?: readonly string[];
}

export interface WaveProgress {
  /** counted from 1 */
  readonly wave: number;
  readonly of: number;
  /** failures of the targets' own that count against `maxFailures` */
  readonly failures: number;
  readonly maxFailures: number;
}

export class TargetPool {
  private readonly states = new Map<string, TargetState>();
  private readonly limit: number;
  private readonly waves: readonly (readonly string[])[];
  private readonly maxFailures: number;
  /** failed by the provider's trouble: it costs no budget, but the target is not judged either */
  private readonly held: Set<string>;

  /**
   * @param keys targets in the order in which they start
   * @param ended how targets ended in an earlier run, by key
   * @param limit targets in flight at the same time, at least 1
   * @param waves how the targets are divided; the next wave starts when the one before is settled within its budget
   */
  constructor(
    keys: readonly string[],
    ended: Readonly<Record<string, 'done' | 'failed' | 'skipped'>>,
    limit: number,
    waves?: Waves,
  ) {
    this.limit = Math.max(1, limit);
    for (const key of keys) this.states.set(key, ended[key] ?? 'pending');
    this.waves = divided([...this.states.keys()], waves?.sizes ?? []);
    this.maxFailures = waves?.maxFailures ?? Number.POSITIVE_INFINITY;
    this.held = new Set(waves?.heldByProvider);
  }

  /**
   * Takes the next pending target of the wave in hand and marks it running; undefined when none may start: the pool is full,
   * the wave is not settled, or more targets have failed than are borne.
   */
  takeNext(): string | undefined {
    if (this.inFlight >= this.limit || this.isStopped) return undefined;
    const next = this.waveInHand?.find((key) => this.states.get(key) === 'pending');
    if (next !== undefined) this.states.set(next, 'running');
    return next;
  }

  /**
   * Records how a running target ended.
   * @param blame whose trouble a failure was; the provider's costs no budget, and no later wave starts on top of it
   */
  finish(key: string, state: Exclude<TargetState, 'running'>, blame: 'own' | 'provider' = 'own'): void {
    if (!this.states.has(key)) return;
    this.states.set(key, state);
    if (state === 'failed' && blame === 'provider') this.held.add(key);
    else this.held.delete(key);
  }

  /** Puts failed targets back; none named means all failed ones. Returns those put back. */
  retry(keys: readonly string[]): readonly string[] {
    const again = this.keysIn('failed').filter((key) => keys.length === 0 || keys.includes(key));
    for (const key of again) this.finish(key, 'pending');
    return again;
  }

  /** Gives up targets that are not running; the keys must be named. Returns those given up. */
  skip(keys: readonly string[]): readonly string[] {
    const given = [...this.keysIn('failed'), ...this.keysIn('pending')].filter((key) => keys.includes(key));
    for (const key of given) this.finish(key, 'skipped');
    return given;
  }

  /** Whether a target waits or runs. */
  isOpen(key: string): boolean {
    const state = this.states.get(key);
    return state === 'pending' || state === 'running';
  }

  keysIn(state: TargetState): readonly string[] {
    return [...this.states].filter(([, current]) => current === state).map(([key]) => key);
  }

  get inFlight(): number {
    return this.keysIn('running').length;
  }

  /** Nothing waits and nothing runs: only done, failed, skipped or cancelled targets are left. */
  get settled(): boolean {
    return this.inFlight === 0 && this.keysIn('pending').length === 0;
  }

  /** More targets have failed than are borne: nothing new starts until one is tried again or given up. */
  get isStopped(): boolean {
    return this.failures > this.maxFailures;
  }

  /** Nothing runs, nothing can start, and failures are undecided: only a person can go on. */
  get waitsForPeople(): boolean {
    if (this.inFlight > 0 || this.keysIn('failed').length === 0) return false;
    return this.isStopped || this.waveInHand?.some((key) => this.states.get(key) === 'pending') !== true;
  }

  get progress(): WaveProgress {
    const inHand = this.waveInHand;
    const index = inHand === undefined ? -1 : this.waves.indexOf(inHand);
    return {
      wave: index < 0 ? this.waves.length : index + 1,
      of: this.waves.length,
      failures: this.failures,
      maxFailures: this.maxFailures,
    };
  }

  get snapshot(): Readonly<Record<string, TargetState>> {
    return Object.fromEntries(this.states);
  }

  private get failures(): number {
    return this.keysIn('failed').filter((key) => !this.held.has(key)).length;
  }

  /** The first wave that is not settled: one of its targets waits, runs, or could not be judged for the provider's trouble. */
  private get waveInHand(): readonly string[] | undefined {
    return this.waves.find((wave) =>
      wave.some((key) => {
        const state = this.states.get(key);
        return state === 'pending' || state === 'running' || (state === 'failed' && this.held.has(key));
      }),
    );
  }
}

function divided(keys: readonly string[], sizes: readonly WaveSize[]): readonly (readonly string[])[] {
  let from = 0;
  return waveSizes(sizes, keys.length).map((size) => {
    from += size;
    return keys.slice(from - size, from);
  });
}
