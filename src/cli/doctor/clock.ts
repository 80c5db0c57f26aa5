/** Clocks: tokens and gates are judged by time, so all of them must agree. */
import { CliError } from '../cli-error.js';
import { duration } from '../output/duration.js';

/** Access tokens are taken with a leeway of 30 s; half of it is for the other clock. */
const MAX_SKEW_MS = 15_000;

/**
 * @param otherMs what the other clock says
 * @param ownMs what this machine says at that moment
 * @throws CliError when they differ by too much
 */
export function clockState(otherMs: number, ownMs: number): string {
  const skew = Math.abs(otherMs - ownMs);
  if (skew <= MAX_SKEW_MS) return 'agrees with this machine';
  throw new CliError(
    `It differs from this machine's clock by ${duration(skew)}.`,
    'Run a time service (NTP) on both.',
  );
}
