/** The part of a release that a value of a file holds: written into it, and read out of it again. */
import { type ImageReference, parseImage, writeImage } from '../../domain/image-reference.js';
import type { Edit, ImagePart } from '../../domain/promotion/path.js';
import type { ReleaseImage } from '../../domain/promotion/release.js';
import { type FoundValue, nameBefore, withoutName } from '../edits/set-value.js';

/** Edits of single values that hold a version of a chart. */
export type ChartEdit = Extract<Edit, { readonly chart: string }>;
/** Edits of single values that hold a part of an image. */
export type ImageEdit = Extract<Edit, { readonly kind: 'value'; readonly image: string }>;

/**
 * The text of a version. A tag of an OCI artifact can't hold the `+` of build metadata: Helm and Flux write `_` there.
 * @param prefix as of tags in Git, `v1.4.2`
 */
export function versionText(version: string, { objectKind }: FoundValue, prefix = ''): string {
  return prefix + (objectKind === 'OCIRepository' ? version.replaceAll('+', '_') : version);
}

/** The version that a value holds; undefined for an empty one, or one without the prefix. */
export function versionIn({ text, objectKind }: FoundValue, prefix = ''): string | undefined {
  if (text === null || !text.startsWith(prefix)) return undefined;
  const version = text.slice(prefix.length);
  return objectKind === 'OCIRepository' ? version.replaceAll('_', '+') : version;
}

/**
 * The text of an image's part.
 * @param image with the tag that it has here
 * @returns undefined when the release names no tag and one is wanted
 */
export function imageText(take: ImagePart, image: ReleaseImage, { text }: FoundValue): string | undefined {
  const { repository, tag, digest } = image;
  switch (take) {
    case 'tag':
      return tag;
    case 'digest':
      return digest;
    case 'repository:tag':
      return tag === undefined ? undefined : renamed(text, writeImage({ repository, tag }));
    case 'repository@digest':
      return renamed(text, writeImage({ repository, digest }));
  }
}

/** `web=registry.example.com/shop/web:1.4`, as Applications write it, keeps the name before. */
function renamed(text: string | null, image: string): string {
  const name = nameBefore(text ?? '');
  return name === undefined ? image : `${name}=${image}`;
}

/** What a value says of an image: tag or digest; undefined where it says neither. */
export function imageIn(
  take: ImagePart,
  repository: string,
  { text }: FoundValue,
): ImageReference | undefined {
  if (text === null || text === '') return undefined;
  if (take === 'tag') return { repository, tag: text };
  if (take === 'digest') return { repository, digest: text };
  const found = parseImage(withoutName(text));
  return found?.tag === undefined && found?.digest === undefined ? undefined : { ...found, repository };
}
