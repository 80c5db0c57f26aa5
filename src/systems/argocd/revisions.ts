/** Which of the revisions that an Application names count for our commit, and which of them contain it. */
import { type Application, isCommit } from './application.js';

export interface ExpectedCommit {
  /** the commit that we made, 40 or 64 hexadecimal digits */
  readonly revision: string;
  /** commits known to contain ours (Git's word), see `commitsNamedBy`; our own need not be among them */
  readonly containing: ReadonlySet<string>;
  /** address of the repository of the commit, to pick its source in an Application with several */
  readonly repository?: string;
}

/** True when every source that counts was compared at our commit or one that contains it. */
export function comparedOurs(application: Application, expected: ExpectedCommit): boolean {
  const seen = comparedRevisions(application, expected);
  return seen.length > 0 && seen.every((revision) => isOurs(revision, expected));
}

/** The revisions of the sources that read our repository; a source of a Helm chart has a version, not a commit. */
export function comparedRevisions(
  { spec, status }: Application,
  { repository }: ExpectedCommit,
): readonly string[] {
  const sources = spec.sources ?? [];
  const { revision, revisions } = status?.sync ?? {};
  if (sources.length === 0 || revisions === undefined || revisions.length === 0) return [revision ?? ''];
  const pairs = sources.map((source, index) => ({ source, revision: revisions[index] ?? '' }));
  const fromGit = pairs.filter(({ source }) => !source.chart);
  const ours = fromGit.filter(
    ({ source }) => repository !== undefined && sameRepository(source.repoURL ?? '', repository),
  );
  return (ours.length > 0 ? ours : fromGit).map((pair) => pair.revision);
}

function sameRepository(one: string, other: string): boolean {
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

/** True for our commit and those that contain it; a branch name or a shortened commit is never ours. */
export function isOurs(revision: string, expected: ExpectedCommit): boolean {
  return isCommit(revision) && (revision === expected.revision || expected.containing.has(revision));
}
