/** Tuning constants of workers, each with its reason. */
import type { TimingProfile } from '../domain/messages.js';

export const WORKER_TUNING = {
  /** activities at once per queue: waits poll without using the processor, so slots are cheap; a queue's rate limit is its own */
  activitiesAtOnce: 400,
  /** planning renders and compares, with the processor: more at once make all of them late, past their time */
  plansAtOnce: 16,
  /** workflow tasks at once; more only helps with more processors */
  workflowTasksAtOnce: 40,
  /**
   * how long one look at a workflow may take. Ten thousand signals to one run, as many as a server keeps, cost 4 s on an
   * idle core and more on a busy one; the SDK's default of 5 s then breaks off in the middle, which ends the whole process
   */
  workflowTaskAtMost: '60 s',
  /** cached runs: a run costs about 1 MB, a fleet of 1,000 clusters keeps 10 to 50 in flight */
  cachedWorkflows: 500,
  /** pause between tries to connect at start, and how often, before the process ends with an error */
  connectPauseMs: 1_000,
  connectTries: 60,
} as const;

/**
 * A stopping worker lets effects finish, then breaks off what is left: below the usual 30 s of an orchestrator's patience.
 * Tests stop many workers, and what they leave is repeated as after a crash.
 */
export const SHUTDOWN: Readonly<Record<TimingProfile, { readonly grace: string; readonly force: string }>> = {
  standard: { grace: '20 s', force: '25 s' },
  brisk: { grace: '2 s', force: '5 s' },
};

/** How long a workflow task waits for the worker that has the run cached, which may be dead. */
export const STICKY_TIMEOUT: Readonly<Record<TimingProfile, string>> = { standard: '10 s', brisk: '2 s' };

/**
 * How often branches that production reads are looked at, in milliseconds: a change around the path is told within minutes,
 * for two calls per branch. Tests look when they want.
 */
export const SENTINEL_EVERY_MS: Readonly<Record<TimingProfile, number>> = {
  standard: 5 * 60_000,
  brisk: 60 * 60_000,
};
