/** How an entry is hashed. The same rule stands in the database (migration 0001, `entry_digest` and `entry_hash`). */
import { createHash } from 'node:crypto';
import type { StoredEntry } from './ports.js';

/** `prevHash` of the first entry. */
export const GENESIS = '0'.repeat(64);

/** @returns SHA-256 of the UTF-8 bytes as 64 lower-case hex digits */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/**
 * Digest of what an entry says: `at`, `type`, request id (or nothing) and body, joined by line breaks. It stands for the
 * entry where its content must not be shown, and still lets everybody follow the chain across it.
 */
export function entryDigest(entry: Pick<StoredEntry, 'at' | 'type' | 'requestId' | 'body'>): string {
  return sha256(`${entry.at}\n${entry.type}\n${entry.requestId ?? ''}\n${entry.body}`);
}

/** Hash of an entry: previous hash, position and digest, joined by line breaks. */
export function entryHash(prevHash: string, seq: number, digest: string): string {
  return sha256(`${prevHash}\n${seq}\n${digest}`);
}
