/** Splits the life of a promotion, from its agreement on, into stages of working and of waiting. */
import type { AnyEntry } from '../ledger.js';
import { entriesOfType, type RequestRecord } from '../record.js';
import { isAnotherTry } from '../tries.js';
import { PROMOTION_OBJECT } from './request.js';

/**
 * `window`: what is agreed on may not be merged yet; `asking`: people are asked again, since it has changed; `review`: they
 * look at what went round the normal way.
 */
export type PromotionStage = 'rollout' | 'window' | 'attention' | 'asking' | 'review';

export interface StageOfPromotion {
  readonly stage: PromotionStage;
  readonly from: string;
  /** unset: it goes on */
  readonly to?: string;
}

/** What a place does: `waits` for a hold, window or change record before its merge. */
type Doing = 'nothing' | 'waits' | 'works' | 'failed' | 'ended';

/**
 * @param from when people had agreed, ISO 8601
 * @param to when it ended; undefined: it is open
 */
export function promotionStages(
  record: RequestRecord,
  from: string,
  to: string | undefined,
): readonly StageOfPromotion[] {
  const doing = new Map<string, Doing>(record.request.content.targets.map(({ key }) => [key, 'nothing']));
  const reviews = new Set(
    record.policy.spec.gates.flatMap(({ name, afterwards }) => (afterwards === true ? [name] : [])),
  );
  const openGates = new Set<string>();
  const stages: StageOfPromotion[] = [];
  let [stage, since]: [PromotionStage, string] = ['rollout', from];
  const agreed = entriesOfType(record.entries, 'request.started').at(0)?.seq ?? 0;
  for (const entry of record.entries) {
    if (entry.seq < agreed) continue;
    note(entry, doing);
    if (entry.type === 'gate.opened') openGates.add(entry.body.gate);
    if (entry.type === 'gate.closed') openGates.delete(entry.body.gate);
    const now = stageOf(
      [...doing.values()],
      [...openGates].some((gate) => !reviews.has(gate)),
      openGates.size > 0,
    );
    if (now === stage) continue;
    if (since !== entry.at) stages.push({ stage, from: since, to: entry.at });
    [stage, since] = [now, entry.at];
  }
  return [...stages, { stage, from: since, ...(to === undefined ? {} : { to }) }];
}

function note({ type, body }: AnyEntry, doing: Map<string, Doing>): void {
  switch (type) {
    case 'target.started':
      if (doing.has(body.target)) doing.set(body.target, 'waits');
      break;
    case 'effect.reserved':
    case 'effect.completed':
    case 'check.passed': {
      const place = [...doing.keys()].find((key) => body.key.startsWith(`${key}:`));
      // the proposal is made anew before people are asked again
      const isProposal = body.key.endsWith(`:${PROMOTION_OBJECT.mergeRequest}`);
      if (place !== undefined && !isProposal && doing.get(place) !== 'ended') doing.set(place, 'works');
      break;
    }
    case 'target.ended':
      if (doing.has(body.target)) doing.set(body.target, body.outcome === 'failed' ? 'failed' : 'ended');
      break;
    case 'command.given':
      for (const [key, state] of doing) {
        if (state === 'failed' && isAnotherTry(body, key)) doing.set(key, 'works');
      }
      break;
    default:
      break;
  }
}

function stageOf(places: readonly Doing[], isAsked: boolean, isReviewed: boolean): PromotionStage {
  if (isAsked) return 'asking';
  if (places.includes('works')) return 'rollout';
  if (places.includes('waits')) return 'window';
  if (places.includes('failed')) return 'attention';
  return isReviewed ? 'review' : 'rollout';
}
