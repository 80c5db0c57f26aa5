/** Requests of one workflow id take turns: one is in work, the others wait. The database keeps the order (migration 0008). */
import { entriesOfType, type RequestRecord } from './record.js';

/** Waiting behind another request: since when (ISO 8601), and the one that it came directly after. */
export interface WaitForTurn {
  readonly since: string;
  readonly behind: string;
}

/** @returns undefined when the request has its turn, never waited for one, or has ended */
export function waitForTurn({ entries, accepted }: RequestRecord): WaitForTurn | undefined {
  const queued = entriesOfType(entries, 'request.queued').at(0);
  if (queued === undefined) return undefined;
  const isOver = entries.some(({ type }) => type === 'turn.given' || type === 'request.ended');
  return isOver ? undefined : { since: accepted.at, behind: queued.body.behind };
}

/** When its turn came, or it ended before that, in ISO 8601; undefined for a request that did not have to wait. */
export function turnEndedAt({ entries }: RequestRecord): string | undefined {
  if (!entries.some(({ type }) => type === 'request.queued')) return undefined;
  return entries.find(({ type }) => type === 'turn.given' || type === 'request.ended')?.at;
}

/**
 * What a request in the line waits for.
 * @param line ids of the requests before it, in the order of their turns
 */
export function describeLine(line: readonly string[]): string {
  const [first, ...others] = line;
  if (first === undefined) return 'waits for its turn, which is next';
  return others.length === 0
    ? `waits for ${first}`
    : `waits for ${first} and ${others.length} more before it: ${others.slice(0, 5).join(', ')}`;
}
