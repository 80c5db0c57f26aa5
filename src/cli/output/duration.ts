/** Durations and days as people say them. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `40s`, `38m`, `5h`, `31d`: the largest unit that fits at least twice or exactly once, rounded down. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole >= 2 * DAY) return `${Math.floor(whole / DAY)}d`;
  if (whole >= 2 * HOUR) return `${Math.floor(whole / HOUR)}h`;
  if (whole >= 2 * MINUTE) return `${Math.floor(whole / MINUTE)}m`;
  return `${Math.floor(whole / SECOND)}s`;
}

/** The day of an ISO 8601 time in UTC, `2027-05-20`. */
export function day(iso: string): string {
  return iso.slice(0, 10);
}
