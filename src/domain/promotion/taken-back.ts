/** A release that an environment has run and was taken back from is not a release like any other. */
import type { LedgerEntry } from '../ledger.js';

/** As much of the reason as fits one line of a plan. */
const MAX_REASON = 200;

/**
 * What the ledger knows against a release in an environment.
 * @param fingerprint of the release that is asked for
 * @param takenBack entries under the key `taken-back` of the environment, newest first
 * @param proven entries under the key `proven` of the environment, newest first
 * @returns one line for people; undefined when it was never taken back, or has been proven there since
 */
export function knownAgainst(
  fingerprint: string,
  takenBack: readonly LedgerEntry<'check.passed'>[],
  proven: readonly LedgerEntry<'check.passed'>[],
): string | undefined {
  const isAbout = ({ body }: LedgerEntry<'check.passed'>): boolean =>
    body.readBack.fingerprint === fingerprint;
  const last = takenBack.find(isAbout);
  if (last === undefined) return undefined;
  const since = proven.find(isAbout);
  if (since !== undefined && since.seq > last.seq) return undefined;
  const { why } = last.body.readBack;
  const reason = typeof why === 'string' && why !== '' ? `: ${why.slice(0, MAX_REASON)}` : '';
  return `this release was taken back from here at ${last.at} (${last.requestId})${reason}`;
}
