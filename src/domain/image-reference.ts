/** Names of container images, taken apart. */

export interface ImageReference {
  /** without tag and digest, as it is written */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/**
 * Takes an image name apart: `registry.example.com:5000/shop/web:1.4@sha256:…`. A colon before the last slash belongs to
 * the port of the registry. Nothing is completed: `nginx` stays `nginx`.
 * @returns undefined for what cannot be an image name
 */
export function parseImage(text: string): ImageReference | undefined {
  const found = IMAGE.exec(text)?.groups;
  if (found?.repository === undefined) return undefined;
  return {
    repository: found.repository,
    ...(found.tag !== undefined && { tag: found.tag }),
    ...(found.digest !== undefined && { digest: found.digest }),
  };
}

/** The name with another tag or digest. */
export function writeImage({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Source: the grammar of references in distribution/reference, less strict about hosts. */
const IMAGE =
  /^(?<repository>[A-Za-z0-9][A-Za-z0-9._-]*(?::\d+(?=\/))?(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[a-fA-F0-9]{32,}))?$/;
