/**
 * Personal data in texts that the chain keeps for ever: an address in a conflict or a vendor's message is kept as its
 * reference, and read back for people as long as it is not erased. Pure; the ledger keeps the values.
 */
import type { FailureReport } from './failure.js';
import type { AnyEntry } from './ledger.js';
import type { Plan, TargetPlan } from './plan.js';
import type { RequestRecord } from './record.js';
import type { PersonalRef } from './request.js';

/**
 * Mail addresses as people and vendors write them (RFC 5322 without quoted local parts), within the lengths of RFC 5321: without
 * a bound, a long text that has no `@` is searched again from each of its characters.
 */
const ADDRESS = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;
const REFERENCE = /\bp_[a-z2-7]{26}\b/g;

/** Mail addresses in texts, each once. */
export function addressesIn(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.match(ADDRESS) ?? []))];
}

/** Puts references in the place of addresses. @param refs by address */
export function withReferences(text: string, refs: ReadonlyMap<string, PersonalRef>): string {
  return text.replaceAll(ADDRESS, (address) => refs.get(address) ?? address);
}

/** Puts values in the place of references; an erased one stays a reference. */
export function withValues(text: string, values: ReadonlyMap<PersonalRef, string>): string {
  return text.replaceAll(REFERENCE, (ref) => values.get(ref) ?? ref);
}

/** Texts of a plan that may name people. */
export function textsOfTargets(targets: readonly TargetPlan[]): readonly string[] {
  return targets.flatMap((target) => [...target.effects.map((effect) => effect.detail), ...target.notes]);
}

/** The same plan with each of those texts changed. */
export function mapTargetTexts(
  targets: readonly TargetPlan[],
  change: (text: string) => string,
): readonly TargetPlan[] {
  return targets.map((target) => ({
    ...target,
    effects: target.effects.map((effect) => ({ ...effect, detail: change(effect.detail) })),
    notes: target.notes.map(change),
  }));
}

/** The same report with its texts changed. */
export function mapFailureTexts(failure: FailureReport, change: (text: string) => string): FailureReport {
  return {
    ...failure,
    object: change(failure.object),
    message: change(failure.message),
    remedy: change(failure.remedy),
  };
}

/** References in the texts of a record's plans and endings, each once. */
export function referencesIn(record: RequestRecord): readonly PersonalRef[] {
  const texts: string[] = [];
  mapRecordTexts(record, (text) => {
    texts.push(text);
    return text;
  });
  return [...new Set(texts.flatMap((text) => text.match(REFERENCE) ?? []))];
}

/** The record as people read it. Never verify digests on it: those are of the texts that are kept. */
export function mapRecordTexts(record: RequestRecord, change: (text: string) => string): RequestRecord {
  const entries = record.entries.map((entry) => mapEntryTexts(entry, change));
  return {
    ...record,
    entries,
    plans: record.plans.map((entry) => ({ ...entry, body: planBody(entry.body, change) })),
  };
}

function mapEntryTexts(entry: AnyEntry, change: (text: string) => string): AnyEntry {
  switch (entry.type) {
    case 'plan.recorded':
      return { ...entry, body: planBody(entry.body, change) };
    case 'target.ended':
      return entry.body.failure === undefined
        ? entry
        : { ...entry, body: { ...entry.body, failure: mapFailureTexts(entry.body.failure, change) } };
    case 'request.ended':
      return { ...entry, body: { ...entry.body, message: change(entry.body.message) } };
    default:
      return entry;
  }
}

function planBody<B extends { readonly plan: Plan }>(body: B, change: (text: string) => string): B {
  return { ...body, plan: { ...body.plan, targets: mapTargetTexts(body.plan.targets, change) } };
}
