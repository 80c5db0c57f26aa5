/** Looks again and again until everything is proven, something has failed, or the time is up. */

import type { Failed, NotYet, Proven, Seen, Watch } from '../../delivery/look.js';
import { SystemError, type TroubleKind } from '../../domain/failure.js';
import { systemLabel } from '../output/system-label.js';

/** Milliseconds between looks: one read each, so that a hundred waits are no load for an API server. */
export const LOOK_EVERY_MS = 3_000;
/** Troubles that pass by themselves; the wait goes on through them. */
const PASSING: ReadonlySet<TroubleKind> = new Set(['throttled', 'unavailable', 'malformed', 'busy']);

/** Waits for some milliseconds, or until the signal is aborted. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** A target that is not proven yet, with the time since its clause has been so. */
export interface Pending {
  readonly target: string;
  readonly look: NotYet;
  /** milliseconds since the epoch, by our own clock */
  readonly sinceMs: number;
}

export interface Progress {
  readonly proven: readonly { readonly target: string; readonly look: Proven }[];
  readonly pending: readonly Pending[];
}

export type WaitResult =
  | { readonly state: 'proven'; readonly proven: Progress['proven'] }
  | { readonly state: 'failed'; readonly target: string; readonly look: Failed }
  | { readonly state: 'timed-out' | 'interrupted'; readonly pending: readonly Pending[] };

export interface WaitLoopOptions {
  readonly watch: Watch;
  /** milliseconds */
  readonly timeoutMs: number;
  /** milliseconds since the epoch */
  readonly now: () => number;
  readonly pause: Pause;
  /** ended by Ctrl-C */
  readonly signal: AbortSignal;
  /** after each look that ended nothing */
  readonly onProgress: (progress: Progress) => void;
}

/** @throws SystemError for trouble that does not pass by itself (credential, rights, address); CliError when Git fails */
export async function waitUntilProven(options: WaitLoopOptions): Promise<WaitResult> {
  const { now, pause, signal, timeoutMs } = options;
  const deadlineMs = now() + timeoutMs;
  const since = new Map<string, { readonly clause: string; readonly atMs: number }>();
  let pending: readonly Pending[] = [];
  while (!signal.aborted) {
    const looked = await lookOnce(options);
    if (looked === 'interrupted') break;
    const { seen, againMs } = looked;
    for (const { target, look } of seen)
      if (look.state === 'failed') return { state: 'failed', target, look };
    pending = pendingOf(seen, since, now());
    const proven = seen.flatMap(({ target, look }) => (look.state === 'proven' ? [{ target, look }] : []));
    if (pending.length === 0) return { state: 'proven', proven };
    options.onProgress({ proven, pending });
    const late = pending.find(({ look }) => look.until !== undefined && Date.parse(look.until) > deadlineMs);
    if (late !== undefined) return { state: 'failed', target: late.target, look: tooLate(late.look) };
    const leftMs = deadlineMs - now();
    if (leftMs <= 0) return { state: 'timed-out', pending };
    await pause(Math.min(againMs, leftMs), signal);
  }
  return { state: 'interrupted', pending };
}

async function lookOnce({
  watch,
  signal,
}: WaitLoopOptions): Promise<{ readonly seen: readonly Seen[]; readonly againMs: number } | 'interrupted'> {
  try {
    return { seen: await watch.look(signal), againMs: LOOK_EVERY_MS };
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    if (!(error instanceof SystemError) || !PASSING.has(error.trouble.kind)) throw error;
    const { system, operation, object, message, retryAfterMs } = error.trouble;
    const target = `${systemLabel(system)} ${object}`;
    const look: NotYet = { state: 'waiting', clause: 'unreachable', message: `${operation}: ${message}` };
    return { seen: [{ target, look }], againMs: Math.max(retryAfterMs ?? 0, LOOK_EVERY_MS) };
  }
}

function pendingOf(
  seen: readonly Seen[],
  since: Map<string, { readonly clause: string; readonly atMs: number }>,
  nowMs: number,
): readonly Pending[] {
  return seen.flatMap(({ target, look }) => {
    if (look.state !== 'waiting') return [];
    const known = since.get(target);
    const atMs = known?.clause === look.clause ? known.atMs : nowMs;
    since.set(target, { clause: look.clause, atMs });
    // the cluster may know that it has been so for longer
    const told = look.since === undefined ? atMs : Date.parse(look.since);
    return [{ target, look, sinceMs: Math.min(atMs, Number.isNaN(told) ? atMs : told) }];
  });
}

function tooLate({ clause, message }: NotYet): Failed {
  return {
    state: 'failed',
    clause,
    message: `${message}, which is after the time-out`,
    remedy: 'Wait again when it may go on, or with a longer --timeout.',
  };
}
