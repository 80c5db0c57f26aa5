/** Names of container images, taken apart. */

export interface ImageReference {
  /** without tag and digest, as it is written */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/** An image name cut at its signs; what stands between them is not looked at. */
export interface ImageParts {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Cuts `[host[:port]/]path[:tag][@digest]`. A colon before the last slash belongs to the port of the registry.
 * @returns undefined when there is more than one @
 */
export function cutImage(text: string): ImageParts | undefined {
  const [tagged = '', digest, ...more] = text.split('@');
  if (more.length > 0) return undefined;
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? tagged : tagged.slice(0, colon),
    ...(colon < 0 ? {} : { tag: tagged.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/**
 * Takes an image name apart: `registry.example.com:5000/shop/web:1.4@sha256:…`. Nothing is completed: `nginx` stays `nginx`.
 * @returns undefined for what cannot be an image name
 */
export function parseImage(text: string): ImageReference | undefined {
  const parts = cutImage(text);
  if (parts === undefined || !REPOSITORY.test(parts.name)) return undefined;
  const { name: repository, tag, digest } = parts;
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (digest !== undefined && !DIGEST.test(digest)) return undefined;
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The name with another tag or digest. */
export function writeImage({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

// Source: the grammar of references in distribution/reference, less strict about hosts and digests.
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]*(?::\d+(?=\/))?(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
export const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^[a-z0-9]+:[a-fA-F0-9]{32,}$/;
