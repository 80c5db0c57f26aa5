/** How far a promotion is, from its ledger entries alone. */
import type { AnyEntry } from '../ledger.js';
import { effectKey, type Plan } from '../plan.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import { afterRevert, PROMOTION_CHECK, PROMOTION_OBJECT } from './request.js';

/** True when a person asked for a rollback, or one has begun by policy. */
export function isRollingBack(record: RequestRecord): boolean {
  return record.entries.some((entry) => beginsRollback(entry, record.requestId));
}

/** The command of a person, or the hold that a rollback places before it takes anything back. */
export function beginsRollback({ type, body }: AnyEntry, requestId: string): boolean {
  return (
    (type === 'command.given' && body.command === 'rollback') ||
    (type === 'hold.placed' && body.cause === requestId)
  );
}

/** Keys of places whose change was merged in this request, in the order of the request. */
export function mergedPlaces(record: RequestRecord): readonly string[] {
  const merged = completedKeys(record);
  return placeKeys(record).filter((key) => merged.has(effectKey(key, PROMOTION_OBJECT.merge)));
}

/** Keys of places that run again what they ran before, proven. */
export function revertedPlaces(record: RequestRecord): readonly string[] {
  const passed = passedKeys(record);
  return placeKeys(record).filter((key) => passed.has(effectKey(key, afterRevert(PROMOTION_CHECK.soaked))));
}

/** True when a rollback has begun and every merged place runs what it ran before. */
export function isRolledBack(record: RequestRecord): boolean {
  const reverted = revertedPlaces(record);
  return isRollingBack(record) && mergedPlaces(record).every((key) => reverted.includes(key));
}

/** Well or badly: every place has ended, or was taken back. Then what is to be reviewed afterwards can be. */
export function isWorkDone(record: RequestRecord): boolean {
  if (isRolledBack(record)) return mergedPlaces(record).length > 0;
  const last = new Map(
    entriesOfType(record.entries, 'target.ended').map(({ body }) => [body.target, body.outcome]),
  );
  return placeKeys(record).every((key) => last.get(key) === 'done' || last.get(key) === 'skipped');
}

/** Whether a place differs from what the release would make of it, by the plan in force. */
export function isChanged(plan: Plan | undefined, place: string): boolean {
  const effects = plan?.targets.find(({ target }) => target === place)?.effects ?? [];
  return effects.some(
    ({ key, action }) => key === effectKey(place, PROMOTION_OBJECT.merge) && action !== 'unchanged',
  );
}

/** Keys of checks that a place which ended as done has passed. */
export function checksOfPlace(record: RequestRecord, place: string): readonly string[] {
  const { request } = record;
  if (request.kind !== 'Promotion') return [];
  const target = request.content.targets.find(({ key }) => key === place);
  return [
    ...(target?.deliveries ?? []).map(({ name }) => effectKey(place, PROMOTION_CHECK.delivered(name))),
    ...(request.content.rules.checks.length === 0 ? [] : [effectKey(place, PROMOTION_CHECK.verified)]),
    effectKey(place, PROMOTION_CHECK.soaked),
  ];
}

/** Whether any place of the plan in force is changed at all. */
export function changedPlaces(record: RequestRecord): readonly string[] {
  const plan = currentPlan(record)?.plan;
  return placeKeys(record).filter((key) => isChanged(plan, key));
}

function placeKeys(record: RequestRecord): readonly string[] {
  return record.request.kind === 'Promotion' ? record.request.content.targets.map(({ key }) => key) : [];
}

function completedKeys(record: RequestRecord): ReadonlySet<string> {
  return new Set(
    entriesOfType(record.entries, 'effect.completed')
      .filter(({ body }) => body.outcome !== 'unchanged')
      .map(({ body }) => body.key),
  );
}

function passedKeys(record: RequestRecord): ReadonlySet<string> {
  return new Set(entriesOfType(record.entries, 'check.passed').map(({ body }) => body.key));
}
