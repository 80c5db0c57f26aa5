/** Tags of an environment as the registry has them: one that is taken would stop the change when people have agreed to it. */
import { PlanConflict } from './conflict.js';
import type { PlaceChange } from './place-change.js';
import type { PromotionSystems } from './systems.js';

/** @throws PlanConflict for a tag that stands on another digest, or is taken over and not there; SystemError */
export async function checkTags(
  { tags, takenTags }: Pick<PlaceChange, 'tags' | 'takenTags'>,
  { registry }: Pick<PromotionSystems, 'registry'>,
  signal?: AbortSignal,
): Promise<void> {
  if (registry === undefined) return;
  const isMade = new Set(tags);
  for (const wanted of [...tags, ...takenTags]) {
    const { repository, tag, digest } = wanted;
    const found = await registry.resolve(`${repository}:${tag}`, signal);
    if (found?.digest === digest || (found === null && isMade.has(wanted))) continue;
    if (found === null) {
      throw new PlanConflict(
        'image',
        `the tag ${repository}:${tag} is not in the registry`,
        'Push it, or name another one in the request',
      );
    }
    throw new PlanConflict(
      'image',
      `the tag ${repository}:${tag} stands on ${found.digest}, not on ${digest}, which would be released`,
      'Find out who moved it or built it again. Remove the tag if nothing runs it, or promote a release with a tag of its own',
    );
  }
}
