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

/** What the ledger says of the secrets that one effect stored. */
export interface SecretOwnership extends Ownership {
  /** effect key, as it stands in the marker */
  readonly effect: string;
  /** the store that the ids (versions) are of */
  readonly store: string;
}

/** @param store location of the store: the same version number in another store is another secret */
export function secretOwnership(
  history: readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[],
  effect: string,
  store: string,
): SecretOwnership {
  const here = history.filter(({ body }) => !('readBack' in body) || body.readBack.store === store);
  const ids = new Set(
    ['clientIdVersion', 'clientSecretVersion'].flatMap((field) => [...ownershipOf(here, field).ids]),
  );
  const { openSinceMs } = ownershipOf(history, 'clientSecretVersion');
  return { ids, effect, store, ...(openSinceMs === undefined ? {} : { openSinceMs }) };
}

/** A secret that stands where ours is to stand, and whose it is as far as its marker says. */
export interface SecretThere {
  readonly version: string;
  readonly writtenAtMs?: number;
  readonly tags: { readonly effect?: string };
}

/**
 * Whose a stored secret is: ours; another effect's (`taken`), which nothing may replace; or somebody else's (`foreign`), which
 * may be replaced when the approved plan says so.
 */
export function ownerOf(ownership: SecretOwnership, secret: SecretThere): 'ours' | 'taken' | 'foreign' {
  const { effect } = secret.tags;
  if (effect !== undefined) return effect === ownership.effect ? 'ours' : 'taken';
  if (ownership.ids.has(secret.version)) return 'ours';
  const { openSinceMs } = ownership;
  // a worker died between writing it and marking it
  return openSinceMs !== undefined &&
    secret.writtenAtMs !== undefined &&
    secret.writtenAtMs >= openSinceMs - CLOCK_SKEW_MS
    ? 'ours'
    : 'foreign';
}
