/** Carries promotions of services through their gate, and reads from the ledger what became of them. */
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { AnyEntry } from '../../src/domain/ledger.js';
import { entriesOfType } from '../../src/domain/record.js';
import type { BenchStack } from '../fleet/bench-stack.js';
import { appended } from '../fleet/onboard.js';

const ASKED_WITHIN_MS = 600_000;
const ENDED_WITHIN_MS = 900_000;

/** Asks for a promotion of a service into production, and waits until its gate is open. @returns the request's id */
export async function askForPromotion(bench: BenchStack, service: string): Promise<string> {
  const requestId = await bench.api.promote(shopPromotionText({}, service));
  await appended(bench, requestId, 'gate.opened', 1, ASKED_WITHIN_MS);
  return requestId;
}

/** The owner agrees to what is asked under the newest plan. */
export function agree(bench: BenchStack, requestId: string): Promise<void> {
  return bench.api.decide('ben', requestId, 'owner', 'approve');
}

/** Waits for the end. @returns all entries of the request */
export async function endOf(bench: BenchStack, requestId: string): Promise<readonly AnyEntry[]> {
  await appended(bench, requestId, 'request.ended', 1, ENDED_WITHIN_MS);
  return await bench.ledger.entriesOf(requestId);
}

/** `done`, `rolled-back` … */
export function outcomeOf(entries: readonly AnyEntry[]): string | undefined {
  return entriesOfType(entries, 'request.ended').at(-1)?.body.outcome;
}

/** When the entry of an effect or a check was written, in milliseconds since 1970 by the database's clock. */
export function completedAt(entries: readonly AnyEntry[], key: string): number {
  const entry = entries.find(
    ({ type, body }) => (type === 'effect.completed' || type === 'check.passed') && body.key === key,
  );
  return Date.parse(entry?.at ?? '');
}
