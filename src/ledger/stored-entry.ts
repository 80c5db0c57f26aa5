/** From rows to entries: hash and shape are checked on every read, so an edited line is noticed where it would be believed. */
import type { AnyEntry, EntryBodies, EntryType } from '../domain/ledger.js';
import { column, type Row } from './database.js';
import { entryHash, linkOf } from './entry-hash.js';
import { isBodyOf, isEntryType } from './entry-shapes.js';
import { LedgerCorrupt, LedgerRefused } from './errors.js';
import type { StoredEntry } from './ports.js';

/** Columns of an entry, in the order in which they are hashed. */
export const ENTRY_COLUMNS = 'seq, at, type, request_id, body, prev_hash, hash';

/** @throws LedgerCorrupt when the row is not an entry, is of an unknown type, or its hash does not match what it says */
export function storedEntry(row: Row): StoredEntry {
  const entry = keptEntry(row);
  if (entryHash(entry.prevHash, linkOf(entry)) !== entry.hash) {
    throw new LedgerCorrupt(`entry ${entry.seq} does not match its hash`, true);
  }
  return entry;
}

/** An entry whose hash does not matter: undefined when it is not of its shape either. */
export function unhashedEntry(row: Row): AnyEntry | undefined {
  try {
    return parseEntry(keptEntry(row));
  } catch (error) {
    if (error instanceof LedgerCorrupt) return undefined;
    throw error;
  }
}

function keptEntry(row: Row): StoredEntry {
  const type = column.text(row, 'type');
  const seq = column.whole(row, 'seq');
  if (!isEntryType(type)) {
    throw new LedgerCorrupt(`entry ${seq} is of the unknown type ${type}, perhaps of a newer version`);
  }
  return {
    seq,
    at: column.text(row, 'at'),
    type,
    requestId: column.textOrNull(row, 'request_id'),
    body: column.text(row, 'body'),
    prevHash: column.text(row, 'prev_hash'),
    hash: column.text(row, 'hash'),
  };
}

/** @throws LedgerCorrupt when the body is not of the shape of its type */
export function parseEntry(stored: StoredEntry): AnyEntry {
  const entry = { ...stored, body: parseJson(stored.body, stored.seq) };
  if (!isEntry(entry))
    throw new LedgerCorrupt(`the body of entry ${stored.seq} is not of the shape of ${stored.type}`);
  return entry;
}

function isEntry(
  entry: Omit<AnyEntry, 'body' | 'type'> & { type: EntryType; body: unknown },
): entry is AnyEntry {
  return isBodyOf(entry.type, entry.body);
}

function parseJson(text: string, seq: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LedgerCorrupt(`the body of entry ${seq} is not JSON`);
  }
}

/**
 * The text under which a body is kept: plain JSON, once; it is never made again to verify it.
 * @throws LedgerRefused `malformed` when the value is not of its shape
 */
export function bodyText<T extends EntryType>(type: T, body: EntryBodies[T]): string {
  if (!isBodyOf(type, body)) {
    throw new LedgerRefused(`append ${type}`, 'malformed', 'the body is not of its shape');
  }
  return JSON.stringify(body);
}
