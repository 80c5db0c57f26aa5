/** One request as the ledger knows it: the documents and the entries sorted by what they say. Built by `ledger/record`. */
import type { AnyEntry, LedgerEntry } from './ledger.js';
import type { PolicyManifest } from './manifest.js';
import { personIdOf } from './person-id.js';
import type { Plan } from './plan.js';
import type { RequestDocument } from './request.js';

export interface RequestRecord {
  readonly requestId: string;
  readonly accepted: LedgerEntry<'request.accepted'>;
  readonly request: RequestDocument;
  readonly pinned: LedgerEntry<'policy.pinned'>;
  readonly policy: PolicyManifest;
  /** all plans, oldest first; the last one is in force */
  readonly plans: readonly LedgerEntry<'plan.recorded'>[];
  readonly entries: readonly AnyEntry[];
}

/** Entries of one type, oldest first. */
export function entriesOfType<T extends AnyEntry['type']>(
  entries: readonly AnyEntry[],
  type: T,
): readonly Extract<AnyEntry, { type: T }>[] {
  return entries.filter((entry): entry is Extract<AnyEntry, { type: T }> => entry.type === type);
}

/** The plan in force, or undefined while planning. */
export function currentPlan(
  record: RequestRecord,
): { readonly epoch: number; readonly digest: string; readonly plan: Plan } | undefined {
  const last = record.plans.at(-1);
  return last === undefined
    ? undefined
    : { epoch: last.body.epoch, digest: last.body.digest, plan: last.body.plan };
}

/**
 * Person ids, in the one spelling, that never decide on this request (four eyes): who asked, whom it is for, and the
 * authors of what is promoted.
 */
export function excludedPersons(record: RequestRecord): readonly string[] {
  const { requester } = record.request;
  const plan = currentPlan(record)?.plan;
  return [
    ...(requester.kind === 'person' ? [personIdOf(requester.id)] : []),
    ...(plan === undefined ? [] : [personIdOf(plan.beneficiary.personId)]),
    ...(plan?.promotion?.authors ?? []).map(personIdOf),
  ];
}
