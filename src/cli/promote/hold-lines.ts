/** Holds for people. */
import type { Hold } from '../api/answers.js';
import { duration } from '../output/duration.js';
import { columns, harmless } from '../output/text.js';

/** One row per hold: its id, what it holds, since when, and why. */
export function holdLines(found: readonly Hold[], nowMs: number): readonly string[] {
  if (found.length === 0) return ['Nothing is held.'];
  return columns(
    found.map((one) => [
      one.holdId,
      scopeText(one),
      `${duration(nowMs - Date.parse(one.placedAt))} ago`,
      harmless(reasonText(one)),
    ]),
  );
}

/** e.g. `everything`, `every prod`, `shop`, `shop/prod`. */
export function scopeText({ scope: { application, environment } }: Hold): string {
  if (application === undefined) return environment === undefined ? 'everything' : `every ${environment}`;
  return environment === undefined ? application : `${application}/${environment}`;
}

/** Why it is held. */
export function reasonText({ reason, cause }: Hold): string {
  return reason ?? (cause === undefined ? '' : `rollback of ${cause}`);
}
