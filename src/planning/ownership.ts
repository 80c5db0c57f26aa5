/**
 * What is ours: objects that the ledger shows as made or adopted by Gatehouse, or that appeared after one of our
 * reservations that has not completed yet (a worker died between making it and writing it down).
 */
import type { LedgerEntry } from '../domain/ledger.js';

/** Clocks of vendor and ledger may differ by this much, in milliseconds; both run NTP, a minute is generous. */
const CLOCK_SKEW_MS = 60_000;

export interface Ownership {
  /** vendor ids that an effect under this key read back */
  readonly ids: ReadonlySet<string>;
  /** time of the earliest reservation that is still open, in milliseconds */
  readonly openSinceMs?: number;
}

/** Nothing is ours: for a plan that is made without a ledger. */
export const NOTHING_OURS: Ownership = { ids: new Set() };

/**
 * @param history reservations and completions of one effect key, any order
 * @param idField the field of the read-back that holds the vendor's id
 */
export function ownershipOf(
  history: readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[],
  idField: string,
): Ownership {
  const ids = new Set<string>();
  const completed = new Set<string>();
  for (const { body, requestId } of history) {
    if (!('readBack' in body)) continue;
    completed.add(`${requestId}/${body.epoch}`);
    const id = body.readBack[idField];
    if (typeof id === 'string') ids.add(id);
  }
  const open = history
    .filter(
      (entry) => entry.type === 'effect.reserved' && !completed.has(`${entry.requestId}/${entry.body.epoch}`),
    )
    .map((entry) => Date.parse(entry.at));
  return open.length === 0 ? { ids } : { ids, openSinceMs: Math.min(...open) };
}

/** True when an object with this id and creation time is ours. */
export function isOurs(
  ownership: Ownership,
  object: { readonly id: string; readonly created: string },
): boolean {
  if (ownership.ids.has(object.id)) return true;
  return (
    ownership.openSinceMs !== undefined && Date.parse(object.created) >= ownership.openSinceMs - CLOCK_SKEW_MS
  );
}
