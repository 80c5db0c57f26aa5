/** A release: what is promoted, named by content. */

export interface ReleaseImage {
  /** without tag and digest, e.g. `registry.example.com/shop/web` */
  readonly repository: string;
  /** `sha256:…`; of an index, if the image has several platforms */
  readonly digest: string;
  /** tag under which the environment before runs it, if it is named by tag */
  readonly tag?: string;
}

export interface ReleaseChart {
  readonly name: string;
  readonly version: string;
  /** `sha256:…` in an OCI registry; unset for an index */
  readonly digest?: string;
}

export interface Release {
  readonly images: readonly ReleaseImage[];
  readonly charts: readonly ReleaseChart[];
  /** commit of the environment before that holds it */
  readonly commit: string;
}

/** What a request names of a release; all that it leaves out is what the environment before runs. */
export interface AskedRelease {
  readonly commit?: string;
  /** digest or tag by repository */
  readonly images: Readonly<Record<string, string>>;
  /** version by chart */
  readonly charts: Readonly<Record<string, string>>;
}

/**
 * What makes two releases the same, as text to be hashed: images by digest, charts by version, in one order. The commit is
 * not in it: it names where the release was found, and the same images may stand in later commits.
 * Where a place takes whole files from the environment before, `contents` (path and hash of each) count too.
 */
export function fingerprintText(
  release: Pick<Release, 'images' | 'charts'>,
  contents: readonly { readonly path: string; readonly sha256: string }[] = [],
): string {
  const lines = [
    ...release.images.map(({ repository, digest }) => `image ${repository}@${digest}`),
    ...release.charts.map(
      ({ name, version, digest }) => `chart ${name} ${version}${digest === undefined ? '' : ` ${digest}`}`,
    ),
    ...contents.map(({ path, sha256 }) => `file ${path} ${sha256}`),
  ];
  return [...new Set(lines)].sort().join('\n');
}

/** One line for people, e.g. `web@sha256:9f31c2e4a7b8, chart shop 1.4.2`. */
export function describeRelease(release: Pick<Release, 'images' | 'charts' | 'commit'>): string {
  const parts = [
    ...release.images.map(
      ({ repository, digest }) => `${repository.split('/').at(-1) ?? repository}@${digest.slice(0, 19)}`,
    ),
    ...release.charts.map(({ name, version }) => `chart ${name} ${version}`),
  ];
  return parts.length === 0 ? `commit ${release.commit.slice(0, 12)}` : parts.join(', ');
}
