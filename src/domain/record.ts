/** One request as the ledger knows it: the documents and the entries sorted by what they say. Built by `ledger/record`. */
import type { AnyEntry, EntryBodies, LedgerEntry } from './ledger.js';
import type { PolicyManifest } from './manifest.js';
import { personIdOf } from './person-id.js';
import { effectKey, type Plan } from './plan.js';
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

/** The last time that a check of a target passed in this request. */
export function lastPassed(
  { entries }: Pick<RequestRecord, 'entries'>,
  target: string,
  check: string,
): LedgerEntry<'check.passed'> | undefined {
  const key = effectKey(target, check);
  return entriesOfType(entries, 'check.passed').findLast(({ body }) => body.key === key);
}

/** Whether a command was given, whatever targets it names. */
export function hasCommand(
  { entries }: Pick<RequestRecord, 'entries'>,
  command: EntryBodies['command.given']['command'],
): boolean {
  return entriesOfType(entries, 'command.given').some(({ body }) => body.command === command);
}

/** Ended, or revoked and about to end. */
export function isOver({ entries }: Pick<RequestRecord, 'entries'>): boolean {
  return entries.some(({ type }) => type === 'request.ended' || type === 'request.revoked');
}

/** The gate of the plan in force that was closed without a yes. */
export function refusedGate(record: RequestRecord): LedgerEntry<'gate.closed'> | undefined {
  const epoch = currentPlan(record)?.epoch;
  return entriesOfType(record.entries, 'gate.closed').find(
    ({ body }) => body.epoch === epoch && body.result !== 'passed',
  );
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
