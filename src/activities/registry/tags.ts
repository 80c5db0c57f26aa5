/** ensureTags: the release's images have the tags of the environment, each on the digest that was approved. */
import { FAILURE } from '../../domain/failure.js';
import type { PlaceTarget } from '../../domain/promotion/request.js';
import { type PromotedTag, promotedTags, TagRefused } from '../../domain/promotion/tags.js';
import type { PromotionRequest } from '../../domain/request.js';
import type { RegistryClient } from '../../systems/registry/client.js';
import type { EffectResult } from '../contracts.js';
import { effectRefused, StepFailed } from '../errors.js';
import type { PermittedEffect } from '../guard/effect-guard.js';

/**
 * Looks where each tag stands, puts those that are missing, and reads all of them back.
 * @throws StepFailed `NameTaken` when a tag stands on another digest, before any tag is put; SystemError
 */
export async function ensureTags(
  registry: Pick<RegistryClient, 'resolve' | 'putTag'> | undefined,
  effect: PermittedEffect<PromotionRequest, PlaceTarget>,
  signal: AbortSignal,
): Promise<EffectResult> {
  if (registry === undefined) throw notConfigured(effect.target.key);
  const tags = tagsOf(effect);
  const missing: PromotedTag[] = [];
  for (const wanted of tags) {
    if (!(await standsThere(registry, wanted, signal))) missing.push(wanted);
  }
  for (const wanted of missing) await registry.putTag(wanted, signal);
  for (const wanted of missing) {
    if (!(await standsThere(registry, wanted, signal))) throw lost(wanted);
  }
  return {
    // an attempt before this one may have put them
    outcome: missing.length > 0 || effect.resumed ? 'created' : 'unchanged',
    readBack: Object.fromEntries(tags.map(({ repository, tag, digest }) => [`${repository}:${tag}`, digest])),
  };
}

/** @throws StepFailed when the tag stands on another digest */
async function standsThere(
  registry: Pick<RegistryClient, 'resolve'>,
  { repository, tag, digest }: PromotedTag,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await registry.resolve(`${repository}:${tag}`, signal);
  if (found === null) return false;
  if (found.digest === digest) return true;
  throw new StepFailed(FAILURE.taken, {
    system: 'registry',
    operation: 'ensure tag',
    object: `${repository}:${tag}`,
    message: `the tag stands on ${found.digest}, not on ${digest}, which was approved`,
    remedy:
      'Find out who moved it or built it again. Remove the tag if nothing runs it, then retry; or promote a release with a tag of its own',
  });
}

function tagsOf({
  request,
  target,
  whole,
}: PermittedEffect<PromotionRequest, PlaceTarget>): readonly PromotedTag[] {
  const release = whole.promotion?.release;
  if (release === undefined) {
    throw effectRefused(target.key, 'the plan in force names no release', 'Retry the promotion');
  }
  try {
    return promotedTags(request.content, target, release);
  } catch (error) {
    if (!(error instanceof TagRefused)) throw error;
    throw effectRefused(target.key, error.message, error.remedy);
  }
}

function lost({ repository, tag }: PromotedTag): StepFailed {
  return new StepFailed(FAILURE.system, {
    system: 'registry',
    operation: 'ensure tag',
    object: `${repository}:${tag}`,
    message: 'the registry took the tag and does not have it',
    remedy: 'Look for a rule of the registry that removes tags (retention, immutability), then retry',
  });
}

function notConfigured(place: string): StepFailed {
  return new StepFailed(FAILURE.hopeless, {
    system: 'registry',
    operation: 'ensure tag',
    object: place,
    message: 'the path wants tags, and the installation names no registry',
    remedy: 'Add the host to systems.registry.hosts of the installation, then retry',
  });
}
