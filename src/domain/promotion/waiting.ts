/** Why a promotion that people have agreed on is not done yet, as far as the ledger and its path say (law 4). */
import { entriesOfType, type RequestRecord } from '../record.js';
import type { Surroundings, WaitingFor } from '../status/shapes.js';
import { describeWait, type Wait } from '../waits.js';
import { describeScope, type Hold } from './holds.js';
import { stoppingHolds } from './readiness.js';
import { afterRevert, environmentKey, PROMOTION_CHECK } from './request.js';
import { SHADOW_CHECK, type ShadowReport } from './shadow.js';
import type { PlaceStatus, PromotionStatus } from './status.js';
import { judgeWindows } from './windows.js';

/**
 * @param around holds that nobody has released, and what waits see now
 * @param nowMs time of asking in milliseconds
 * @returns the conditions that are not met, that of the place which is furthest behind first
 */
export function promotionWaiting(
  record: RequestRecord,
  status: PromotionStatus,
  { holds = [], waits = [] }: Surroundings,
  nowMs: number,
): readonly WaitingFor[] {
  if (status.shadow !== undefined) return shadowWaiting(record, status.shadow, waits, nowMs);
  const found = status.places.flatMap(
    (place) => conditionOf(record, status, place, { holds, waits }, nowMs) ?? [],
  );
  if (found.length > 0) return found;
  return status.places.every(({ step }) => step === 'proven' || step === 'unchanged')
    ? watching(record, nowMs)
    : [];
}

/** Nothing is done for it: others bring the content, or nobody does. */
function shadowWaiting(
  record: RequestRecord,
  { places }: ShadowReport,
  waits: readonly Wait[],
  nowMs: number,
): readonly WaitingFor[] {
  return places.flatMap(({ place, arrived, deliveries }) => {
    const pending = deliveries
      .filter(({ outcome }) => outcome === 'pending')
      .map(({ name }) => {
        const check = SHADOW_CHECK.delivered(name);
        return describeWait(
          name,
          waits.find(({ target, step }) => target === place && step === check),
          nowMs,
        );
      });
    if (arrived !== undefined && pending.length === 0) return [];
    const since = arrived?.at ?? record.plans.at(-1)?.at ?? record.accepted.at;
    return [
      {
        condition:
          arrived === undefined
            ? `${place}: in shadow; nobody has brought the planned content yet`
            : `${place}: in shadow; brought as ${arrived.commit.slice(0, 12)}, not seen to run yet: ${pending.join(', ')}`,
        sinceMs: Math.max(0, nowMs - Date.parse(since)),
        who: arrived === undefined ? 'whoever promotes by hand' : 'the controller',
        next: 'it reports what it would have waited for',
      },
    ];
  });
}

function conditionOf(
  record: RequestRecord,
  status: PromotionStatus,
  place: PlaceStatus,
  { holds, waits }: Required<Pick<Surroundings, 'holds' | 'waits'>>,
  nowMs: number,
): WaitingFor | undefined {
  const sinceMs = Math.max(0, nowMs - Date.parse(place.since ?? record.accepted.at));
  const of = (condition: string, who: string, next: string): WaitingFor => ({
    condition: `${place.place}: ${condition}`,
    sinceMs,
    who,
    next,
  });
  const where = unprovenDeliveries(place, waits, nowMs);
  switch (place.step) {
    case 'waiting':
      return { ...mergeCondition(record, status, place, holds, nowMs), sinceMs };
    case 'merging':
      return of('it is being merged', 'Gatehouse', 'the controller brings it to the cluster');
    case 'delivering':
      return of(`merged, not proven to run yet: ${where}`, 'the controller', 'the checks, then the soak');
    case 'checking':
      return of('it runs; the checks are asked', 'Gatehouse', 'the soak');
    case 'soaking':
      return of(
        `it runs and soaks until ${place.until}`,
        'nobody',
        'one more look, then it counts as proven',
      );
    case 'reverting':
      return of(
        where === '' ? 'it is being taken back' : `taken back in Git; not proven to run yet: ${where}`,
        'Gatehouse',
        'what ran before is proven, and changes are held until somebody releases them',
      );
    default:
      return undefined;
  }
}

/** Where it is not proven yet, each with the first condition that is not met and for how long. */
function unprovenDeliveries(
  { place, deliveries }: PlaceStatus,
  waits: readonly Wait[],
  nowMs: number,
): string {
  return deliveries
    .filter(({ provenAt }) => provenAt === undefined)
    .map(({ name, kind, cluster }) => {
      const check = PROMOTION_CHECK.delivered(name);
      const wait = waits.find(
        ({ target, step }) => target === place && (step === check || step === afterRevert(check)),
      );
      return describeWait(`${kind === 'argocd' ? 'Argo CD' : 'Flux'} on ${cluster}`, wait, nowMs);
    })
    .join(', ');
}

/** Holds first: nothing else can let a change through them. */
function mergeCondition(
  record: RequestRecord,
  status: PromotionStatus,
  { place }: PlaceStatus,
  holds: readonly Hold[],
  nowMs: number,
): Omit<WaitingFor, 'sinceMs'> {
  const next = 'it is merged';
  const { request } = record;
  const content = request.kind === 'Promotion' ? request.content : undefined;
  const [hold] = content === undefined ? [] : stoppingHolds({ content, holds });
  if (hold !== undefined) {
    const why = hold.reason ?? (hold.cause === undefined ? '' : `rollback of ${hold.cause}`);
    return {
      condition: `${place}: changes of ${describeScope(hold.scope)} are held${why === '' ? '' : `: ${why}`}`,
      who: 'an operator or an owner',
      next: `gatehouse release ${hold.holdId}, then ${next}`,
    };
  }
  // an exception goes past calendars
  const isNormal = content?.exception === undefined;
  const window = judgeWindows(isNormal ? (content?.rules.windows ?? []) : [], nowMs);
  if (window.state === 'closed') {
    const opens =
      window.nextAtMs === undefined
        ? 'it does not open within a year'
        : `it opens at ${new Date(window.nextAtMs).toISOString()}, then ${next}`;
    return {
      condition: `${place}: ${window.because}`,
      who: 'nobody: it opens by itself',
      next: opens,
    };
  }
  const hasRecord = content?.rules.changeRecord === true;
  const others = [
    ...(isNormal ? ['windows of the controller and freezes of GitLab'] : []),
    ...(hasRecord ? [`the change record ${status.changeRecord?.name ?? ''}`.trim()] : []),
  ];
  if (others.length === 0) {
    return { condition: `${place}: about to be merged`, who: 'Gatehouse', next };
  }
  return {
    condition: `${place}: it may be merged as soon as ${others.join(' and ')} allow it`,
    who: hasRecord ? 'whoever approves the change record' : 'nobody: it is looked at again',
    next,
  };
}

/** Proven everywhere and still open: watched for a regression, or about to end. */
function watching(record: RequestRecord, nowMs: number): readonly WaitingFor[] {
  const { request } = record;
  if (request.kind !== 'Promotion' || request.content.rules.watchMs === 0) return [];
  const since = entriesOfType(record.entries, 'target.ended').at(-1)?.at ?? record.accepted.at;
  return [
    {
      condition: `${environmentKey(request.content)}: proven; watched for a regression until ${new Date(
        Date.parse(since) + request.content.rules.watchMs,
      ).toISOString()}`,
      sinceMs: Math.max(0, nowMs - Date.parse(since)),
      who: 'nobody',
      next: 'it ends as done',
    },
  ];
}
