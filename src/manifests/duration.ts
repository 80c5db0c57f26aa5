/** Durations as people write them in policies. */

/** `30s`, `30m`, `12h`, `5d`. */
export const DURATION_PATTERN = '^[1-9][0-9]{0,4}[smhd]$';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Timers of more than ten years are slips of the pen. */
export const MAX_DURATION_MS = 3_650 * UNIT_MS.d;

/**
 * @param text of `DURATION_PATTERN`
 * @returns milliseconds, or undefined when the text is not a duration or longer than ten years
 */
export function durationMs(text: string): number | undefined {
  const match = /^([1-9]\d{0,4})([smhd])$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2];
  const factor = unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? UNIT_MS[unit] : Number.NaN;
  const ms = Number(match[1]) * factor;
  return ms <= MAX_DURATION_MS ? ms : undefined;
}
