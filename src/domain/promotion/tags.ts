/**
 * Tags of an environment: where images are named by tag, each environment has a prefix of its own, and a release keeps the
 * rest (`dev-4f1c2ab` becomes `stg-4f1c2ab`). The digest stays the same.
 */
import type { Place } from './path.js';
import type { Release } from './release.js';
import type { PromotionContent } from './request.js';

/** Longest tag that registries take (source: OCI distribution specification). */
const LONGEST_TAG = 128;

/** There is no tag for an image in an environment; the message says why. */
export class TagRefused extends Error {
  override readonly name = 'TagRefused';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** One image of the release under the name that the environment gives it. */
export interface PromotedTag {
  readonly repository: string;
  readonly digest: string;
  readonly tag: string;
}

/**
 * The tag of an image in an environment.
 * @param tag under which the environment before runs it
 * @param previousPrefixes what tags of that environment begin with; the longest one that fits is replaced
 * @param prefix of the environment that is promoted to
 * @throws TagRefused for a tag that begins otherwise: what comes first may be a part of the version
 */
export function promotedTag(tag: string, previousPrefixes: readonly string[], prefix: string): string {
  const [known] = previousPrefixes
    .filter((previous) => previous !== '' && tag.startsWith(previous))
    .sort((a, b) => b.length - a.length);
  if (known === undefined) {
    throw new TagRefused(
      `the tag ${tag} begins with none of the prefixes of the environment before: ${previousPrefixes.join(', ')}`,
      'Tag the image with the prefix of its environment, or name images by digest in the path',
    );
  }
  const version = tag.slice(known.length);
  if (version === '') {
    throw new TagRefused(
      `the tag ${tag} is nothing but the prefix ${known}`,
      'Tag the image with its version after the prefix',
    );
  }
  const promoted = `${prefix}${version}`;
  if (promoted.length <= LONGEST_TAG) return promoted;
  throw new TagRefused(
    `the tag ${promoted} would be longer than the ${LONGEST_TAG} characters that registries take`,
    'Shorten the tag, or name images by digest in the path',
  );
}

/** What tags begin with in the environment before: as its places have it, or its name and a hyphen. */
export function previousPrefixes(from: PromotionContent['from']): readonly string[] {
  const found = from.places.flatMap((place) => tagEdits(place).map(({ tagPrefix }) => tagPrefix));
  return [...new Set([...found, `${from.name}-`])];
}

/**
 * The tags that have to exist before the files of a place can name them; none for a place that names images by digest.
 * @throws TagRefused for an image that the release does not have, or does not name by tag
 */
export function promotedTags(
  content: Pick<PromotionContent, 'from'>,
  place: Pick<Place, 'change'>,
  release: Pick<Release, 'images'>,
): readonly PromotedTag[] {
  const prefixes = previousPrefixes(content.from);
  const tags = new Map<string, PromotedTag>();
  for (const { image, tagPrefix } of tagEdits(place)) {
    const found = release.images.find(({ repository }) => repository === image);
    if (found?.tag === undefined) {
      throw new TagRefused(
        `the release names no tag of ${image}`,
        'Name the tag in the request, or name images by digest in the path',
      );
    }
    const tag = promotedTag(found.tag, prefixes, tagPrefix);
    tags.set(`${image}:${tag}`, { repository: image, digest: found.digest, tag });
  }
  return [...tags.values()];
}

function tagEdits({
  change,
}: Pick<Place, 'change'>): readonly { readonly image: string; readonly tagPrefix: string }[] {
  if (change.kind !== 'edit') return [];
  return change.edits.flatMap((edit) => {
    if (edit.kind === 'kustomize-image' && 'tagPrefix' in edit.by) {
      return [{ image: edit.image, tagPrefix: edit.by.tagPrefix }];
    }
    if (edit.kind === 'value' && 'image' in edit && edit.prefix !== undefined) {
      return [{ image: edit.image, tagPrefix: edit.prefix }];
    }
    return [];
  });
}
