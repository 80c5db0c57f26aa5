/**
 * True when two chart versions are the same: a leading `v` and build metadata (`1.4.2+sha256.ab`, as OCI registries and
 * Flux add it) say nothing about which version it is (source: semver.org, 10).
 */
export function sameChartVersion(one: string | undefined, other: string): boolean {
  const plain = (version: string): string =>
    version
      .trim()
      .replace(/^v(?=\d)/, '')
      .replace(/\+.*$/, '');
  return one !== undefined && plain(one) !== '' && plain(one) === plain(other);
}
