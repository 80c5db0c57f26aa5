/** Puts the links of a bundle together and follows them. */
import type { Bundle } from './bundle.js';
import { type BundleCheck, checkOf } from './bundle-check.js';
import { followChain } from './chain.js';
import { linkOf, ownerOf } from './entry-hash.js';

/** The chain of a bundle, from its first entry to its checkpoint, made anew from entries and links. */
export function chainOfBundle(bundle: Bundle): {
  readonly check: BundleCheck;
  readonly hashes: ReadonlyMap<number, string>;
} {
  const links = [...bundle.entries.map(linkOf), ...bundle.others].sort((a, b) => a.seq - b.seq);
  const followed = followChain(bundle.entries[0]?.prevHash ?? '', links);
  const hashes = 'hashes' in followed ? followed.hashes : new Map<number, string>();
  const faults = [
    ...('message' in followed ? [followed.message] : hashFaults(bundle, hashes)),
    ...timeFaults(bundle),
    ...hiddenFaults(bundle),
  ];
  const detail = `entries ${links[0]?.seq ?? 0} to ${links.at(-1)?.seq ?? 0} follow each other`;
  return { check: checkOf('chain', faults, detail), hashes };
}

function hashFaults(bundle: Bundle, hashes: ReadonlyMap<number, string>): readonly string[] {
  return bundle.entries
    .filter((entry) => hashes.get(entry.seq) !== entry.hash)
    .map((entry) => `entry ${entry.seq} does not match its hash`);
}

function timeFaults(bundle: Bundle): readonly string[] {
  return bundle.entries
    .filter((entry, i) => entry.at < (bundle.entries[i - 1]?.at ?? ''))
    .map((entry) => `entry ${entry.seq} is older than the entry before it`);
}

/** Entries of the request itself must be there whole, and so must key revocations, which decide whose signatures count. */
function hiddenFaults(bundle: Bundle): readonly string[] {
  const owner = ownerOf(bundle.requestId);
  const hidden = bundle.others
    .filter((link) => link.owner === owner || link.type === 'key.revoked')
    .map((link) => `entry ${link.seq} (${link.type}) is left out, but it belongs to the evidence`);
  return bundle.entries[0]?.type === 'request.accepted'
    ? hidden
    : [...hidden, 'the bundle does not begin with the acceptance of the request'];
}
