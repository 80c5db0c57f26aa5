/** How the guard finds what an activity of a promotion is about in the signed request. */
import { environmentKey, type PlaceTarget } from '../../domain/promotion/request.js';
import type { PromotionRequest } from '../../domain/request.js';
import type { EffectGuard, SelectTarget } from './effect-guard.js';

/** Guards what is done for one place. */
export type PlaceGuard = EffectGuard<PromotionRequest, PlaceTarget>;
/** Guards what is done once for a promotion, however many places it has. */
export type EnvironmentGuard = EffectGuard<PromotionRequest, null>;

/** A place by its key, `<application>/<environment>/<place>`. */
export const selectPlace: SelectTarget<PromotionRequest, PlaceTarget> = (request, key) => {
  if (request.kind !== 'Promotion') return undefined;
  const target = request.content.targets.find((place) => place.key === key);
  return target === undefined ? undefined : { request, target };
};

/** The promotion as a whole by `<application>/<environment>`. */
export const selectEnvironment: SelectTarget<PromotionRequest, null> = (request, key) => {
  if (request.kind !== 'Promotion' || key !== environmentKey(request.content)) return undefined;
  return { request, target: null };
};
