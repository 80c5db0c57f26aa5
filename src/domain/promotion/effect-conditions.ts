/**
 * What effects of a promotion want beside passed gates. Whoever may write to the Temporal namespace can schedule every
 * activity at any time: what only the order of a workflow keeps apart is kept apart by these rules, from the ledger alone.
 */
import { effectKey, isEmptyPlan, totalsOf } from '../plan.js';
import {
  currentPlan,
  entriesOfType,
  hasCommand,
  isOver,
  lastPassed,
  type RequestRecord,
  refusedGate,
} from '../record.js';
import { isRolledBack, isWorkDone, mergedPlaces } from './progress.js';
import { disproved, PROMOTION_CHECK, PROMOTION_OBJECT } from './request.js';

/** Why the change may not be taken back; undefined: a person asked for it, or the policy wants it and something failed. */
export function whyNotTakenBack(record: RequestRecord): string | undefined {
  if (record.request.kind !== 'Promotion') return 'it is no promotion';
  if (hasCommand(record, 'rollback')) return undefined;
  if (record.request.content.rules.onFailure !== 'rollback') return 'nobody has asked for a rollback';
  return disprovedPlaces(record).length === 0
    ? 'nobody has asked for a rollback, and nothing was seen to fail'
    : undefined;
}

/** Why it may not be given up; undefined: nothing will come of it any more. */
export function whyNotWithdrawn(record: RequestRecord): string | undefined {
  const plan = currentPlan(record);
  const isGivenUp = isOver(record) || hasCommand(record, 'cancel') || refusedGate(record) !== undefined;
  const targets = plan?.plan.targets ?? [];
  if (isGivenUp || isEmptyPlan(targets) || totalsOf(targets).conflict > 0) return undefined;
  return 'the promotion is still open';
}

/** Why its merge requests and its change record may not be closed; undefined: all is done, or nothing more will be. */
export function whyNotClosed(record: RequestRecord): string | undefined {
  return isWorkDone(record) || isRolledBack(record) ? undefined : whyNotWithdrawn(record);
}

/** Places that were merged and of which a delivery, a check or the confirmation failed, and has not passed since. */
export function disprovedPlaces(record: RequestRecord): readonly string[] {
  return mergedPlaces(record).filter((place) => isDisproved(record, place));
}

/**
 * Why a place has not soaked yet; undefined: everything before was passed for long enough.
 * @param nowMs milliseconds since 1970
 */
export function whyNotSoaked(record: RequestRecord, place: string, nowMs: number): string | undefined {
  if (record.request.kind !== 'Promotion') return 'it is no promotion';
  const passed = requiredBeforeSoak(record, place).map((check) => lastPassed(record, place, check));
  const missing = passed.some((entry) => entry === undefined);
  if (missing) return 'it is not proven yet';
  const last = Math.max(0, ...passed.map((entry) => Date.parse(entry?.at ?? '')));
  return nowMs - last < record.request.content.rules.soakMs ? 'it has not soaked for long enough' : undefined;
}

function isDisproved(record: RequestRecord, place: string): boolean {
  const delivered = deliveryChecks(record, place);
  const { verified, soaked } = PROMOTION_CHECK;
  return (
    delivered.some((check) => failedSince(record, place, check) !== undefined) ||
    [verified, soaked].some((check) => {
      const failed = failedSince(record, place, check);
      // what looks at a version that is not there yet says nothing of it
      return failed !== undefined && delivered.every((one) => passedBefore(record, place, one, failed));
    })
  );
}

/** Number of the entry that says so last, if nothing has said the opposite since; what came before the merge is of another change. */
function failedSince(record: RequestRecord, place: string, check: string): number | undefined {
  const failed = lastPassed(record, place, disproved(check))?.seq;
  const merged = entriesOfType(record.entries, 'effect.completed').findLast(
    ({ body }) => body.key === effectKey(place, PROMOTION_OBJECT.merge),
  );
  if (failed === undefined || merged === undefined || failed < merged.seq) return undefined;
  return failed > (lastPassed(record, place, check)?.seq ?? 0) ? failed : undefined;
}

function passedBefore(record: RequestRecord, place: string, check: string, seq: number): boolean {
  const passed = lastPassed(record, place, check);
  return passed !== undefined && passed.seq < seq;
}

function requiredBeforeSoak(record: RequestRecord, place: string): readonly string[] {
  const { request } = record;
  const isChecked = request.kind === 'Promotion' && request.content.rules.checks.length > 0;
  return [...deliveryChecks(record, place), ...(isChecked ? [PROMOTION_CHECK.verified] : [])];
}

function deliveryChecks({ request }: RequestRecord, place: string): readonly string[] {
  if (request.kind !== 'Promotion') return [];
  const target = request.content.targets.find(({ key }) => key === place);
  return (target?.deliveries ?? []).map(({ name }) => PROMOTION_CHECK.delivered(name));
}
