/** How a promotion's change record is closed: what came of it, by the ledger alone, with the evidence. No personal data. */
import { personIdOf } from '../person-id.js';
import { effectKey } from '../plan.js';
import {
  currentPlan,
  entriesOfType,
  hasCommand,
  lastPassed,
  type RequestRecord,
  refusedGate,
} from '../record.js';
import { deriveStatus } from '../status/request-status.js';
import { isRollingBack, mergedPlaces, revertedPlaces } from './progress.js';
import { afterRevert, PROMOTION_CHECK, PROMOTION_OBJECT } from './request.js';

/** Places that a note tells one by one; the page has them all. */
const MOST_PLACES = 20;

export type ChangeRecordEnd =
  | {
      readonly kind: 'close';
      readonly outcome: 'successful' | 'unsuccessful' | 'successful_issues';
      readonly why: string;
    }
  /** nothing was changed anywhere */
  | { readonly kind: 'cancel'; readonly why: string };

/** What came of a promotion, by its ledger entries. */
export function changeRecordEnd(record: RequestRecord): ChangeRecordEnd {
  const merged = mergedPlaces(record);
  const places = placesOf(record);
  if (isRollingBack(record) && merged.length > 0) {
    const reverted = revertedPlaces(record).filter((place) => merged.includes(place));
    return {
      kind: 'close',
      outcome: 'unsuccessful',
      why: `rolled back: ${reverted.length} of ${merged.length} places run again what they ran before, proven`,
    };
  }
  const last = lastOutcomes(record);
  const done = places.filter((place) => last.get(place) === 'done');
  const skipped = places.filter((place) => last.get(place) === 'skipped');
  if (done.length > 0 && done.length + skipped.length === places.length) {
    return skipped.length === 0
      ? {
          kind: 'close',
          outcome: 'successful',
          why: `${done.length} of ${places.length} places run the release, proven`,
        }
      : {
          kind: 'close',
          outcome: 'successful_issues',
          why: `${done.length} of ${places.length} places run the release, proven; skipped: ${skipped.length}`,
        };
  }
  if (merged.length > 0) {
    return {
      kind: 'close',
      outcome: 'unsuccessful',
      why: `it stopped half way: merged in ${merged.length} of ${places.length} places, proven in ${done.length}`,
    };
  }
  return { kind: 'cancel', why: `nothing was changed: ${whyNothing(record)}` };
}

/**
 * The evidence, as a work note.
 * @param untilMs end of the times that are told, in milliseconds; the same for every attempt at the same note
 */
export function changeRecordNote(record: RequestRecord, link: string, untilMs: number): string {
  const plan = currentPlan(record);
  const promotion = plan?.plan.promotion;
  const { times } = deriveStatus(record, [], untilMs);
  const images = (promotion?.release.images ?? []).map(
    ({ repository, digest }) => `- ${repository}@${digest}`,
  );
  const places = placesOf(record).flatMap((place) => chainOf(record, place));
  return [
    `Outcome: ${changeRecordEnd(record).why}`,
    `Approved by ${personsOf(approversOf(record, plan?.epoch))}`,
    `Waited ${spanOf(times.waitedMs)}, worked ${spanOf(times.workedMs)}`,
    ...(plan === undefined ? [] : [`Plan: ${plan.digest}`]),
    ...(promotion === undefined ? [] : [`Fingerprint: ${promotion.fingerprint}`]),
    ...(images.length === 0 ? [] : ['Images:', ...images]),
    ...(places.length === 0 ? [] : ['Places:', ...short(places)]),
    `Request ${record.requestId}: ${link}`,
  ].join('\n');
}

/** From the merged commit to what the cluster was seen to run. */
function chainOf(record: RequestRecord, place: string): readonly string[] {
  const commitOf = (object: string): string | undefined => {
    const effect = entriesOfType(record.entries, 'effect.completed').findLast(
      ({ body }) => body.key === effectKey(place, object),
    );
    const commit = effect?.body.readBack.commit;
    return typeof commit === 'string' ? commit : undefined;
  };
  const merged = commitOf(PROMOTION_OBJECT.merge);
  const reverted = commitOf(PROMOTION_OBJECT.revert);
  if (merged === undefined) return [];
  const target =
    record.request.kind === 'Promotion'
      ? record.request.content.targets.find(({ key }) => key === place)
      : undefined;
  const proven = (target?.deliveries ?? []).flatMap(({ name }) => {
    const check = PROMOTION_CHECK.delivered(name);
    const found = lastPassed(record, place, reverted === undefined ? check : afterRevert(check));
    const revision = found?.body.readBack.revision;
    return found === undefined
      ? [`${name} not proven`]
      : [`${name} proven at ${found.at}${typeof revision === 'string' ? ` with ${revision}` : ''}`];
  });
  const how = reverted === undefined ? `commit ${merged}` : `commit ${merged}, taken back by ${reverted}`;
  return [`- ${place}: ${[how, ...proven].join('; ')}`];
}

function placesOf({ request }: RequestRecord): readonly string[] {
  return request.kind === 'Promotion' ? request.content.targets.map(({ key }) => key) : [];
}

function lastOutcomes(record: RequestRecord): ReadonlyMap<string, string> {
  return new Map(
    entriesOfType(record.entries, 'target.ended').map(({ body }) => [body.target, body.outcome]),
  );
}

function whyNothing(record: RequestRecord): string {
  if (entriesOfType(record.entries, 'request.revoked').length > 0) return 'it was revoked';
  if (hasCommand(record, 'cancel')) return 'it was cancelled';
  const refused = refusedGate(record);
  if (refused === undefined) return 'it ended before the first merge';
  return refused.body.result === 'expired'
    ? `gate ${refused.body.gate} was not decided in time`
    : `gate ${refused.body.gate} was rejected`;
}

function approversOf(record: RequestRecord, epoch: number | undefined): number {
  const agreed = entriesOfType(record.entries, 'decision.made').filter(
    ({ body }) => body.epoch === epoch && body.decision === 'approve',
  );
  return new Set(agreed.map(({ body }) => personIdOf(body.personId))).size;
}

function personsOf(count: number): string {
  return count === 1 ? 'one person' : `${count} different persons`;
}

/** `3 d 4 h`, `12 min`, `40 s`. */
function spanOf(ms: number): string {
  const units = [
    { name: 'd', ms: 86_400_000 },
    { name: 'h', ms: 3_600_000 },
    { name: 'min', ms: 60_000 },
    { name: 's', ms: 1_000 },
  ] as const;
  const index = Math.max(
    0,
    units.findIndex((unit) => ms >= unit.ms),
  );
  const first = ms < 1_000 ? 3 : index;
  let left = ms;
  const parts = units.slice(first, first + 2).flatMap((unit) => {
    const count = Math.floor(left / unit.ms);
    left -= count * unit.ms;
    return count === 0 ? [] : [`${count} ${unit.name}`];
  });
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

function short(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_PLACES) return lines;
  return [...lines.slice(0, MOST_PLACES), `- and ${lines.length - MOST_PLACES} more`];
}
