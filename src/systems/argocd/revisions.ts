/** Which of the revisions that an Application names count for our commit, and which of them contain it. */
import { sameChartVersion } from '../chart-version.js';
import { type Application, isCommit } from './application.js';

export interface ExpectedCommit {
  /** the commit that we made, 40 or 64 hexadecimal digits; empty when only a chart version is expected */
  readonly revision: string;
  /** commits known to contain ours (Git's word), see `commitsNamedBy`; our own need not be among them */
  readonly containing: ReadonlySet<string>;
  /** address of the repository of the commit, to pick its source in an Application with several */
  readonly repository?: string;
  /** version that sources of Helm charts must have; they count for nothing when it is left out */
  readonly chartVersion?: string;
}

/** A source that counts for what we expect, and the revision at which it was compared (empty for none). */
export interface ComparedSource {
  readonly kind: 'git' | 'chart';
  readonly revision: string;
}

/** True when every source that counts was compared at our commit, one that contains it, or our chart version. */
export function comparedOurs(application: Application, expected: ExpectedCommit): boolean {
  const seen = comparedSources(application, expected);
  return seen.length > 0 && seen.every(({ revision }) => isOurs(revision, expected));
}

/** The revisions of the sources that count, see `comparedSources`. */
export function comparedRevisions(application: Application, expected: ExpectedCommit): readonly string[] {
  return comparedSources(application, expected).map(({ revision }) => revision);
}

/**
 * The sources that read our repository, and those of Helm charts when a chart version is expected; a source of a Helm
 * chart has a version, not a commit.
 */
export function comparedSources(
  { spec, status }: Application,
  { revision: commit, repository, chartVersion }: ExpectedCommit,
): readonly ComparedSource[] {
  const several = spec.sources ?? [];
  const { revision, revisions } = status?.sync ?? {};
  const known = several.length > 0 && revisions !== undefined && revisions.length > 0;
  if (!known) {
    const chart = several.length === 0 && spec.source?.chart;
    return [{ kind: chart ? 'chart' : 'git', revision: revision ?? '' }];
  }
  const pairs = several.map((source, index) => ({ source, revision: revisions[index] ?? '' }));
  const fromGit = pairs.filter(({ source }) => !source.chart);
  const ours = fromGit.filter(
    ({ source }) => repository !== undefined && sameRepository(source.repoURL ?? '', repository),
  );
  const git = commit === '' ? [] : ours.length > 0 ? ours : fromGit;
  const charts = chartVersion === undefined ? [] : pairs.filter(({ source }) => source.chart);
  return [
    ...git.map((pair): ComparedSource => ({ kind: 'git', revision: pair.revision })),
    ...charts.map((pair): ComparedSource => ({ kind: 'chart', revision: pair.revision })),
  ];
}

/** Addresses of the Git repositories that an Application reads, one spelling each. */
export function repositoriesOf({ spec }: Application): readonly string[] {
  const sources = spec.sources ?? (spec.source === undefined ? [] : [spec.source]);
  const byKey = new Map<string, string>();
  for (const { chart, repoURL } of sources) {
    if (!chart && repoURL) byKey.set(repositoryKey(repoURL), repoURL);
  }
  return [...byKey.values()];
}

/** True when two addresses name one repository, whatever their protocol. */
export function sameRepository(one: string, other: string): boolean {
  return repositoryKey(one) === repositoryKey(other);
}

/** `https://git.example.com/a/b.git`, `git@git.example.com:a/b` and `ssh://git@git.example.com/a/b` are one repository. */
function repositoryKey(address: string): string {
  const text = address.trim().replace(/^[^@/]+@([^:/]+):(?!\/)/, 'ssh://$1/');
  const withoutScheme = text.replace(/^[a-z+]+:\/\//i, '').replace(/^[^@/]*@/, '');
  return withoutScheme
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .toLowerCase();
}

/**
 * True for our commit, those that contain it, and our chart version; a branch name or a shortened commit is never ours.
 * Build metadata of a version (`1.4.2+sha256.ab`) says nothing about which version it is (source: semver.org, 10).
 */
export function isOurs(revision: string, expected: ExpectedCommit): boolean {
  if (isCommit(revision)) return revision === expected.revision || expected.containing.has(revision);
  return expected.chartVersion !== undefined && sameChartVersion(revision, expected.chartVersion);
}
