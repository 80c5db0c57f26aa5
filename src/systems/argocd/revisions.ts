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
  /** revisions that count as they stand, see `revisionsAsSpecified`; set: every source counts, not ours only */
  readonly asSpecified?: ReadonlySet<string>;
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
  application: Application,
  { revision: commit, repository, chartVersion, asSpecified }: ExpectedCommit,
): readonly ComparedSource[] {
  const pairs = sourcePairs(application);
  if (pairs === undefined) return [{ kind: 'git', revision: application.status?.sync?.revision ?? '' }];
  if (asSpecified !== undefined || pairs.length === 1) return pairs.map(countedAs(chartVersion));
  const fromGit = pairs.filter(({ source }) => !isChart(source, pairs, chartVersion));
  const ours = fromGit.filter(
    ({ source }) => repository !== undefined && sameRepository(source.repoURL ?? '', repository),
  );
  const git = commit === '' ? [] : ours.length > 0 ? ours : fromGit;
  const charts =
    chartVersion === undefined ? [] : pairs.filter(({ source }) => isChart(source, pairs, chartVersion));
  return [...git, ...charts].map(countedAs(chartVersion));
}

type Source = NonNullable<Application['spec']['source']>;

interface SourcePair {
  readonly source: Source;
  /** as it was compared; empty for none */
  readonly revision: string;
  /** what its spec asked for when it was compared, where that is known and no longer what it asks for */
  readonly isOutdated: boolean;
}

/** Each source and the revision at which it was compared; undefined when that is not known source by source. */
function sourcePairs({ spec, status }: Application): readonly SourcePair[] | undefined {
  const { revision, revisions, comparedTo } = status?.sync ?? {};
  const several = spec.sources ?? [];
  if (several.length === 0) {
    const source = spec.source ?? drySourceOf(spec);
    if (source === undefined) return undefined;
    return [
      { source, revision: revision ?? '', isOutdated: isOutdated(source, comparedTo?.source ?? undefined) },
    ];
  }
  if (revisions === undefined || revisions.length === 0) return undefined;
  return several.map((source, index) => ({
    source,
    revision: revisions[index] ?? '',
    isOutdated: isOutdated(source, comparedTo?.sources?.[index]),
  }));
}

function isOutdated(now: Source, then: Source | undefined): boolean {
  if (then === undefined || (then.repoURL ?? '') === '') return false;
  return (['repoURL', 'targetRevision', 'path', 'chart'] as const).some(
    (field) => (now[field] ?? '') !== (then[field] ?? ''),
  );
}

/** Charts in OCI registries may be named by their address alone; that counts where a chart is asked for and none is named. */
function isChart(
  { chart, repoURL = '' }: Source,
  pairs: readonly SourcePair[],
  chartVersion: string | undefined,
): boolean {
  if (chart) return true;
  return isOci(repoURL) && chartVersion !== undefined && !pairs.some(({ source }) => source.chart);
}

function countedAs(chartVersion: string | undefined) {
  return (pair: SourcePair, _: number, pairs: readonly SourcePair[]): ComparedSource => {
    const { source, revision, isOutdated: old } = pair;
    if (!isChart(source, pairs, chartVersion))
      return { kind: 'git', revision: revision.replace(/^sha256:/, '') };
    // compared by digest: which version that is says what its spec asked for
    const asked = source.chart ? undefined : exactVersion(source.targetRevision);
    return { kind: 'chart', revision: asked === undefined ? revision : old ? '' : asked };
  };
}

function isOci(address: string): boolean {
  return address.startsWith('oci://');
}

function exactVersion(version = ''): string | undefined {
  return /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version.trim()) ? version.trim() : undefined;
}

/** What is asked for and no source of an Application could show; a wait that went on would be for nothing, or green unchecked. */
export function unshownBy(
  application: Application,
  { revision, chartVersion }: Pick<ExpectedCommit, 'revision' | 'chartVersion'>,
): { readonly clause: 'chart-unclear' | 'source-unclear'; readonly message: string } | undefined {
  const { spec } = application;
  const single = spec.source ?? drySourceOf(spec);
  const sources = spec.sources ?? (single === undefined ? [] : [single]);
  if (sources.length === 0) return undefined;
  const pairs = sources.map((source) => ({ source, revision: '', isOutdated: false }));
  const charts = sources.filter((source) => isChart(source, pairs, chartVersion));
  const addresses = sources.map(({ repoURL = '', chart }) =>
    withoutUser(chart ? `${repoURL} ${chart}` : repoURL),
  );
  if (chartVersion !== undefined && charts.length === 0) {
    return {
      clause: 'chart-unclear',
      message: `chart version ${chartVersion} was asked for, and none of its sources is a Helm chart (${addresses.join(', ')})`,
    };
  }
  const range = charts.find(
    ({ chart, targetRevision }) => !chart && exactVersion(targetRevision) === undefined,
  );
  if (chartVersion !== undefined && range !== undefined) {
    return {
      clause: 'chart-unclear',
      message: `chart version ${chartVersion} was asked for, and ${withoutUser(range.repoURL ?? '')} follows ${range.targetRevision ?? 'the newest'}: by which version it was compared is not told`,
    };
  }
  if (revision !== '' && charts.length === sources.length) {
    return {
      clause: 'source-unclear',
      message: `a commit was asked for, and it reads charts only (${addresses.join(', ')})`,
    };
  }
  return undefined;
}

/**
 * The revisions of sources that were compared as the spec asks for by now: a chart of exactly that version, whatever a branch
 * of another repository has.
 * @param fromOurs sources that must have our commit instead
 */
export function revisionsAsSpecified(
  application: Application,
  fromOurs: (source: Source) => boolean,
): ReadonlySet<string> {
  const pairs = sourcePairs(application) ?? [];
  return new Set(
    pairs.flatMap(({ source, revision, isOutdated: old }) => {
      const asked = exactVersion(source.targetRevision);
      const isOther = source.chart && asked !== undefined && !sameChartVersion(revision, asked);
      return revision === '' || old || isOther || fromOurs(source) ? [] : [revision.replace(/^sha256:/, '')];
    }),
  );
}

/** What an Application with a hydrator is made of. */
function drySourceOf({ sourceHydrator }: Application['spec']): Source | undefined {
  return sourceHydrator?.drySource;
}

/** Addresses of the Git repositories that an Application reads, one spelling each. */
export function repositoriesOf({ spec }: Application): readonly string[] {
  const single = spec.source ?? drySourceOf(spec);
  const sources = spec.sources ?? (single === undefined ? [] : [single]);
  const byKey = new Map<string, string>();
  for (const { chart, repoURL } of sources) {
    if (!chart && repoURL && !isOci(repoURL)) byKey.set(repositoryKey(repoURL), repoURL);
  }
  return [...byKey.values()];
}

/** An address without the login that may stand in it. */
export function withoutUser(address: string): string {
  return address.replace(/:\/\/[^\s/@]+@/g, '://');
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
  if (expected.asSpecified?.has(revision) === true) return true;
  if (isCommit(revision)) return revision === expected.revision || expected.containing.has(revision);
  return expected.chartVersion !== undefined && sameChartVersion(revision, expected.chartVersion);
}
