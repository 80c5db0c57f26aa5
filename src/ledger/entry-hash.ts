/** How an entry is hashed. The same rule stands in the database (migration 0001). */
import { createHash } from 'node:crypto';
import type { StoredEntry } from './ports.js';

/** `prevHash` of the first entry. */
export const GENESIS = '0'.repeat(64);

/** @returns SHA-256 of the UTF-8 bytes as 64 lower-case hex digits */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/**
 * What the chain knows of an entry without its content. A bundle holds these for the entries of others, so that the chain
 * can be followed across them; since type and owner are hashed in clear, nobody can leave out an entry of the bundle's own
 * request, such as a no, by passing it off as one of others.
 */
export interface ChainLink {
  readonly seq: number;
  readonly type: string;
  /** SHA-256 of the request id (random, so it cannot be guessed back), empty when the entry belongs to no request */
  readonly owner: string;
  /** SHA-256 of `at` and the body's text, joined by a line break */
  readonly digest: string;
}

/** The owner of the entries of a request. */
export function ownerOf(requestId: string | null): string {
  return requestId === null ? '' : sha256(requestId);
}

/** The link of an entry. */
export function linkOf(entry: Omit<StoredEntry, 'hash' | 'prevHash'>): ChainLink {
  return {
    seq: entry.seq,
    type: entry.type,
    owner: ownerOf(entry.requestId),
    digest: sha256(`${entry.at}\n${entry.body}`),
  };
}

/** Hash of an entry: previous hash, position, type, owner and digest, joined by line breaks. */
export function entryHash(prevHash: string, { seq, type, owner, digest }: ChainLink): string {
  return sha256(`${prevHash}\n${seq}\n${type}\n${owner}\n${digest}`);
}
