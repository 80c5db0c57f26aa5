/** One image of a name: two of them in one environment are no release. */
import type { ImageReference } from '../../domain/image-reference.js';
import { writeImage } from '../../domain/image-reference.js';
import { PlanConflict } from './conflict.js';
import type { Declared } from './declared-images.js';

/** One image as its environment declares it: tag, digest, or both. */
export function onlyImage(
  environment: string,
  repository: string,
  found: readonly Declared<ImageReference>[],
): ImageReference | undefined {
  const kinds = new Map<string, Declared<ImageReference>>();
  const tags = new Map<string, Declared<ImageReference>>();
  for (const one of found) {
    const { tag, digest } = one.value;
    if (digest !== undefined) kinds.set(digest, one);
    else tags.set(tag ?? '', one);
  }
  // a tag that also stands beside a digest is the same image
  for (const { value } of kinds.values()) if (value.tag !== undefined) tags.delete(value.tag);
  const [first, second] = [...kinds.values(), ...tags.values()];
  if (first === undefined || second === undefined) return first?.value;
  throw new PlanConflict(
    'release',
    `${environment} has ${repository} twice: ${described(first)} and ${described(second)}`,
    'Name in the request which one is released, or give each a repository of its own',
  );
}

function described({ value: { tag, digest }, where }: Declared<ImageReference>): string {
  return `${writeImage({ repository: '', ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) })} (${where})`;
}
