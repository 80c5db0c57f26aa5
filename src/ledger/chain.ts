/** Verification of the chain from what is at hand: entries, or links that stand for entries, and checkpoints. Pure. */
import { type ChainLink, entryHash, GENESIS, linkOf } from './entry-hash.js';
import type { StoredEntry } from './ports.js';

/** A position of the chain that somebody vouches for. */
export interface Witness {
  readonly seq: number;
  readonly hash: string;
}

export interface ChainFault {
  /** position at which the chain breaks */
  readonly seq: number;
  readonly message: string;
}

/**
 * Follows the links from a known hash and answers the hash at every position.
 * @param prevHash hash of the entry before the first link
 * @param links without gaps, oldest first
 * @returns hash by position, or the first fault
 */
export function followChain(
  prevHash: string,
  links: readonly ChainLink[],
): { readonly hashes: ReadonlyMap<number, string> } | ChainFault {
  const hashes = new Map<number, string>();
  let hash = prevHash;
  let expected = links[0]?.seq ?? 1;
  for (const link of links) {
    if (link.seq !== expected) {
      return { seq: expected, message: `entry ${expected} is missing, ${link.seq} follows` };
    }
    hash = entryHash(hash, link);
    hashes.set(link.seq, hash);
    expected += 1;
  }
  return { hashes };
}

/**
 * Verifies a whole chain, from the first entry on, against checkpoints whose signatures were verified before.
 * @param entries all entries, oldest first
 * @param witnesses positions from checkpoints, any order; the more of them lie elsewhere, the more is noticed
 * @returns all faults, empty when entries, order, times and checkpoints agree. A fault in one entry hides no other.
 */
export function verifyChain(
  entries: readonly StoredEntry[],
  witnesses: readonly Witness[],
): readonly ChainFault[] {
  const faults: ChainFault[] = [];
  let prev: Pick<StoredEntry, 'seq' | 'hash' | 'at'> = { seq: 0, hash: GENESIS, at: '' };
  for (const entry of entries) {
    if (entry.seq !== prev.seq + 1) {
      faults.push({ seq: prev.seq + 1, message: `entry ${prev.seq + 1} is missing, ${entry.seq} follows` });
    }
    if (entry.prevHash !== prev.hash) {
      faults.push({ seq: entry.seq, message: `entry ${entry.seq} does not follow the entry before it` });
    }
    if (entry.at < prev.at) {
      faults.push({ seq: entry.seq, message: `entry ${entry.seq} is older than the entry before it` });
    }
    if (entryHash(entry.prevHash, linkOf(entry)) !== entry.hash) {
      faults.push({ seq: entry.seq, message: `entry ${entry.seq} was edited: it does not match its hash` });
    }
    prev = entry;
  }
  const hashes = new Map(entries.map((entry) => [entry.seq, entry.hash]));
  return [...faults, ...witnesses.flatMap((witness) => witnessFault(hashes, witness))];
}

/** Compares one witness with the chain. */
export function witnessFault(hashes: ReadonlyMap<number, string>, witness: Witness): readonly ChainFault[] {
  const hash = hashes.get(witness.seq);
  if (hash === undefined) {
    return [
      {
        seq: witness.seq,
        message: `the tail was cut: a checkpoint knows entry ${witness.seq}, the chain does not`,
      },
    ];
  }
  return hash === witness.hash
    ? []
    : [
        {
          seq: witness.seq,
          message: `the chain was rewritten: at entry ${witness.seq} it is not what the checkpoint says`,
        },
      ];
}
