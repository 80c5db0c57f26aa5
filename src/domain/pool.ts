/**
 * State of a bounded pool of targets: which wait, run, are done or failed. Pure, so that "never more than N in flight" is
 * tested without Temporal.
 */
import type { TargetState } from './messages.js';

export class TargetPool {
  private readonly states = new Map<string, TargetState>();
  private readonly limit: number;

  /**
   * @param keys targets in the order in which they start
   * @param ended how targets ended in an earlier run, by key
   * @param limit targets in flight at the same time, at least 1
   */
  constructor(
    keys: readonly string[],
    ended: Readonly<Record<string, 'done' | 'failed' | 'skipped'>>,
    limit: number,
  ) {
    this.limit = Math.max(1, limit);
    for (const key of keys) this.states.set(key, ended[key] ?? 'pending');
  }

  /** Takes the next pending target and marks it running; undefined when none waits or the pool is full. */
  takeNext(): string | undefined {
    if (this.inFlight >= this.limit) return undefined;
    for (const [key, state] of this.states) {
      if (state !== 'pending') continue;
      this.states.set(key, 'running');
      return key;
    }
    return undefined;
  }

  /** Records how a running target ended. */
  finish(key: string, state: Exclude<TargetState, 'running'>): void {
    if (this.states.has(key)) this.states.set(key, state);
  }

  /** Puts failed targets back; none named means all failed ones. Returns those put back. */
  retry(keys: readonly string[]): readonly string[] {
    const again = this.keysIn('failed').filter((key) => keys.length === 0 || keys.includes(key));
    for (const key of again) this.states.set(key, 'pending');
    return again;
  }

  /** Gives up targets that are not running; the keys must be named. Returns those given up. */
  skip(keys: readonly string[]): readonly string[] {
    const given = [...this.keysIn('failed'), ...this.keysIn('pending')].filter((key) => keys.includes(key));
    for (const key of given) this.states.set(key, 'skipped');
    return given;
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

  get snapshot(): Readonly<Record<string, TargetState>> {
    return Object.fromEntries(this.states);
  }
}
