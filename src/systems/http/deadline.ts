/** Time a call may take when the configuration does not say: long enough for a slow vendor, short enough for a heartbeat. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** A signal that fires at the caller's cancellation or after a time; `timedOut` tells which of the two it was. */
export interface Deadline {
  readonly signal: AbortSignal;
  timedOut(): boolean;
}

/** Joins the caller's signal with a time-out in milliseconds. */
export function deadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const timer = AbortSignal.timeout(timeoutMs);
  return {
    signal: caller === undefined ? timer : AbortSignal.any([caller, timer]),
    timedOut: () => timer.aborted && caller?.aborted !== true,
  };
}
