/** What is done to one subject while workers are killed. */
import type { KillPoint, Subject } from './kill-points.js';

/** One run of a job. */
export interface Run<S extends Subject> {
  readonly subject: S;
  readonly requestId: string;
  /**
   * does what people have to do
   * @returns how the request ended, once its workflow is closed; or why it has not
   */
  carryOn(): Promise<End>;
}

export interface End {
  readonly status: string;
  readonly message: string;
}

/**
 * Called by a job when the calls that count begin: without the request's id as soon as they can come, and once more with it.
 * Points are armed then, so that occurrences are counted from there.
 */
export type Arm = (requestId: string | undefined) => Promise<void>;

export interface Job<S extends Subject> {
  /** asks, and goes as far as a run is of no interest */
  begin(subject: S, arm: Arm): Promise<Run<S>>;
  /** true for a call that only one run at a time can make: whoever is held there keeps all others from it */
  inTurns(point: KillPoint): boolean;
}
