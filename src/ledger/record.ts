/** Builds the record of one request from its entries. */
import type { AnyEntry } from '../domain/ledger.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { parsePolicyDocument, parseRequestDocument } from './documents.js';

/**
 * @param entries all entries of one request, oldest first
 * @returns null when there is no accepted request among them
 * @throws LedgerCorrupt when a document is not of its shape
 */
export function recordOf(entries: readonly AnyEntry[]): RequestRecord | null {
  const accepted = entriesOfType(entries, 'request.accepted').at(0);
  const pinned = entriesOfType(entries, 'policy.pinned').at(0);
  if (accepted === undefined || pinned === undefined || accepted.requestId === null) return null;
  return {
    requestId: accepted.requestId,
    accepted,
    request: parseRequestDocument(accepted.body.document),
    pinned,
    policy: parsePolicyDocument(pinned.body.document),
    plans: entriesOfType(entries, 'plan.recorded'),
    entries,
  };
}
