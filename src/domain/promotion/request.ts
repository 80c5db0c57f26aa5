/** The content of a promotion request: all that is done stands in it, taken from the path in force when it was asked. */
import type { EnvironmentRules, Place } from './path.js';
import type { AskedRelease } from './release.js';

/** Ways round the normal path, each with a policy of its own; without one it is not possible. */
export const EXCEPTIONS = ['hotfix', 'break-glass', 'rollback'] as const;
export type Exception = (typeof EXCEPTIONS)[number];

/** A place with the key under which plan, effects and endings name it. */
export interface PlaceTarget extends Place {
  /** `<application>/<environment>/<place>` */
  readonly key: string;
}

export interface PromotionContent {
  readonly application: string;
  readonly environment: string;
  /** the environment before, where the release is found; its places are only read */
  readonly from: { readonly name: string; readonly places: readonly Place[]; readonly isFirst: boolean };
  readonly exception?: Exception;
  /** nothing is changed anywhere for it; it says what would have been done. Unset: no */
  readonly shadow?: true;
  readonly asked: AskedRelease;
  readonly path: { readonly name: string; readonly digest: string };
  /** name of the group that owns the application */
  readonly owners: string;
  readonly images: readonly string[];
  readonly charts: readonly { readonly name: string; readonly repository: string }[];
  readonly rules: EnvironmentRules;
  readonly targets: readonly PlaceTarget[];
}

/** Stands in effect keys for what concerns the whole promotion: one change record, however many places. */
export function environmentKey(content: Pick<PromotionContent, 'application' | 'environment'>): string {
  return `${content.application}/${content.environment}`;
}

/** Names of the effects and checks of a promotion, the object part of their keys. */
export const PROMOTION_OBJECT = {
  changeRecord: 'change-record',
  changeRecordEnd: 'change-record-end',
  tags: 'tags',
  mergeRequest: 'merge-request',
  mergeRequestEnd: 'merge-request-end',
  merge: 'merge',
  revert: 'revert',
} as const;

/**
 * Effects that only propose: they are made before the gates, because people look at them there. They change nothing that a
 * cluster reads.
 */
export const PROPOSALS: readonly string[] = [
  PROMOTION_OBJECT.changeRecord,
  PROMOTION_OBJECT.changeRecordEnd,
  PROMOTION_OBJECT.mergeRequest,
  PROMOTION_OBJECT.mergeRequestEnd,
];

/** Objects of effects that close what was proposed and did not come to anything; a revoked request still makes them. */
const TIDYING: readonly string[] = [PROMOTION_OBJECT.changeRecordEnd, PROMOTION_OBJECT.mergeRequestEnd];

/** True for the key of an effect that only closes what was proposed. The database knows them by the same names. */
export function isTidyingKey(key: string): boolean {
  return TIDYING.some((object) => key.endsWith(`:${object}`));
}

/** Key of the check, under the environment's key, that says which release it has proven. */
export const PROVEN = 'proven';

/** Key of the check, under the environment's key, that says which release was taken back from it, and why. */
export const TAKEN_BACK = 'taken-back';

/** Check keys: `delivered/<delivery>`, `verified`, `soaked`; those of a rollback begin with `reverted/`. */
export const PROMOTION_CHECK = {
  delivered: (delivery: string): string => `delivered/${delivery}`,
  verified: 'verified',
  soaked: 'soaked',
} as const;

/** The observation that a check failed: it is in the ledger too, for what a policy does by itself. */
export function disproved(check: string): string {
  return `disproved/${check}`;
}

/** The same check of the state before, after a rollback. */
export function afterRevert(check: string): string {
  return `reverted/${check}`;
}
