/** One look of the sentinel at a branch that production reads. Reads Git and the ledger; acts on nothing. */
import type { ReadBack } from '../../domain/ledger.js';
import { effectKey } from '../../domain/plan.js';
import type { PathManifest } from '../../domain/promotion/path.js';
import { PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import {
  MOST_FILES,
  type ProductionRef,
  type Stray,
  strayDetail,
  touchesPlace,
} from '../../domain/promotion/strays.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { readDirectory } from '../../planning/promotion/repository-files.js';
import { sharedDirectories } from '../../planning/rendering/unpinned.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { ChangedPath, ComparedCommit } from '../../systems/gitlab/comparison.js';
import type { Push } from '../../systems/gitlab/pushes.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import { PROMOTION_TRAILER } from '../gitlab/landing.js';
import type { RefJudgement } from '../sentinel-contracts.js';

export interface SentinelDeps {
  readonly ledger: Pick<
    WorkerLedger,
    'lastJudged' | 'judgeRef' | 'effectsByKey' | 'keepPersonal' | 'raiseAlarm'
  >;
  readonly gitlab: Pick<GitLabClient, 'isAncestor'>;
  readonly repositories: GitLabRepositories;
  readonly paths: readonly PathManifest[];
  readonly nowMs: () => number;
}

/** A landing that is under way is waited for this long, in milliseconds: a merge takes seconds, a GitLab that is down an hour. */
const LANDING_MS = 3_600_000;

/** What was pushed while the last look was noted is looked for this long before it, in milliseconds. */
const PUSH_MS = 3_600_000;

/** A place that a path has on a branch, with its key. */
export interface WatchedPlace extends ProductionRef {
  readonly key: string;
  readonly directory: string;
}

/** The places of all environments that something is promoted to, by the paths of the installation. */
export function watchedPlaces(paths: readonly PathManifest[]): readonly WatchedPlace[] {
  return paths.flatMap(({ metadata, spec }) =>
    // where releases come from, people commit
    spec.environments.slice(1).flatMap((environment) =>
      environment.places.map(({ name, project, branch, directory }) => ({
        key: `${metadata.name}/${environment.name}/${name}`,
        project,
        branch,
        directory,
      })),
    ),
  );
}

/** @throws SystemError when GitLab does not answer: then nothing is judged, and the next look begins at the same commit */
export async function judgeRef(
  deps: SentinelDeps,
  { project, branch }: ProductionRef,
  signal?: AbortSignal,
): Promise<RefJudgement> {
  const { ledger, repositories } = deps;
  const ref = { project, branch };
  const places = watchedPlaces(deps.paths).filter((one) => one.project === project && one.branch === branch);
  const [last, head] = await Promise.all([
    ledger.lastJudged(ref),
    repositories.branchHeadOrNull(project, branch, signal),
  ]);
  if (head === null || head === last?.commit) return { state: 'unchanged', strays: 0 };
  if (last === null) {
    await ledger.judgeRef({ ...ref, commit: head }, []);
    return { state: 'first', strays: 0 };
  }
  const since = new Date(Date.parse(last.at) - PUSH_MS).toISOString();
  const found = await straysBetween(deps, { ...ref, since }, places, { last: last.commit, head }, signal);
  if (found === 'landing') return { state: 'waiting', strays: 0 };
  const alarms = [];
  for (const { username, ...stray } of found) {
    const [by] = username === null ? [] : await ledger.keepPersonal(`stray-${stray.commit}`, [username]);
    const whole: Stray = { ...stray, ...(by === undefined ? {} : { by }) };
    alarms.push({
      alarm: 'changed-around-the-path' as const,
      detail: strayDetail(whole),
      count: 1,
      stray: whole,
    });
  }
  await ledger.judgeRef({ ...ref, after: last.commit, commit: head }, alarms);
  return { state: 'judged', strays: alarms.length };
}

/** ISO 8601: pushes before it are not looked at. */
interface LookedAt extends ProductionRef {
  readonly since: string;
}

type Found = Omit<Stray, 'by'> & { readonly username: string | null };

async function straysBetween(
  deps: SentinelDeps,
  ref: LookedAt,
  places: readonly WatchedPlace[],
  { last, head }: { readonly last: string; readonly head: string },
  signal: AbortSignal | undefined,
): Promise<readonly Found[] | 'landing'> {
  const { repositories, gitlab } = deps;
  const { project } = ref;
  const landings = await landingsOf(deps, places);
  const range = await repositories.compare({ project, from: last, to: head }, signal);
  const all = places.map(({ key }) => key);
  if (!range.complete) {
    // what cannot be told commit by commit is told at once
    return [await described(deps, ref, head, { files: [], places: all }, [head], signal)];
  }
  const strangers = range.commits.filter(({ id }) => !landings.done.has(id));
  if (
    strangers.some(({ message }) =>
      landings.pending.some((id) => message.includes(`${PROMOTION_TRAILER}: ${id}`)),
    )
  ) {
    return 'landing';
  }
  const order = range.commits.map(({ id }) => id);
  const watched = await withShared(deps, places, { last, head }, strangers.length > 0, signal);
  const found: Found[] = [];
  for (const commit of strangers) {
    const touched = touchedBy(await pathsOf(deps, project, commit, signal), watched);
    if (touched.places.length > 0) found.push(await described(deps, ref, commit.id, touched, order, signal));
  }
  const isRewritten = !(await gitlab.isAncestor(project, last, head, signal));
  if (isRewritten && !found.some(({ commit }) => commit === head) && !landings.done.has(head)) {
    found.push(await described(deps, ref, head, { files: [], places: all }, order, signal));
  }
  return found;
}

/** Commits that promotions landed on the branch, and requests whose landing the ledger does not know the outcome of yet. */
async function landingsOf(
  { ledger, nowMs }: SentinelDeps,
  places: readonly WatchedPlace[],
): Promise<{ readonly done: ReadonlySet<string>; readonly pending: readonly string[] }> {
  const done = new Set<string>();
  const pending: string[] = [];
  for (const { key } of places) {
    for (const object of [PROMOTION_OBJECT.merge, PROMOTION_OBJECT.revert]) {
      const entries = await ledger.effectsByKey(effectKey(key, object));
      for (const entry of entries) {
        if ('readBack' in entry.body) {
          for (const commit of commitsIn(entry.body.readBack)) done.add(commit);
        } else if (
          nowMs() - Date.parse(entry.at) < LANDING_MS &&
          !entries.some(
            (other) =>
              'readBack' in other.body &&
              other.requestId === entry.requestId &&
              other.body.epoch === entry.body.epoch,
          )
        ) {
          pending.push(entry.requestId ?? '');
        }
      }
    }
  }
  return { done, pending };
}

/** The commit on the branch, and the one of our own branch that was merged with it. */
function commitsIn({ commit, head }: ReadBack): readonly string[] {
  return [commit, head].filter((value): value is string => typeof value === 'string' && value !== '');
}

interface Watched extends WatchedPlace {
  /** directories outside its own from which it is built, by the plan's own rules */
  readonly shared: readonly string[];
}

async function withShared(
  { repositories }: SentinelDeps,
  places: readonly WatchedPlace[],
  commits: { readonly last: string; readonly head: string },
  isNeeded: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly Watched[]> {
  if (!isNeeded) return [];
  const watched: Watched[] = [];
  for (const place of places) {
    const { project, directory } = place;
    const shared = new Set<string>();
    // what it is built from may itself be what the commit changed
    for (const commit of [commits.last, commits.head]) {
      const files = await readDirectory(repositories, { project, commit, directory }, signal);
      for (const one of sharedDirectories(directory, [...files.keys()])) shared.add(one);
    }
    watched.push({ ...place, shared: [...shared] });
  }
  return watched;
}

async function pathsOf(
  { repositories }: SentinelDeps,
  project: string,
  { id, parentIds: [parent] }: ComparedCommit,
  signal: AbortSignal | undefined,
): Promise<readonly ChangedPath[] | 'all'> {
  if (parent === undefined) return 'all';
  const change = await repositories.compare({ project, from: parent, to: id }, signal);
  return change.complete ? change.paths : 'all';
}

function touchedBy(
  paths: readonly ChangedPath[] | 'all',
  watched: readonly Watched[],
): Pick<Stray, 'files' | 'places'> {
  if (paths === 'all') return { files: [], places: watched.map(({ key }) => key) };
  const names = [...new Set(paths.flatMap(({ oldPath, newPath }) => [oldPath, newPath]))].sort();
  const files = names.filter((path) => watched.some((place) => touchesPlace(place, path)));
  return {
    files: files.slice(0, MOST_FILES),
    places: watched.filter((place) => files.some((path) => touchesPlace(place, path))).map(({ key }) => key),
  };
}

async function described(
  { repositories }: SentinelDeps,
  { project, branch, since }: LookedAt,
  commit: string,
  touched: Pick<Stray, 'files' | 'places'>,
  order: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Found> {
  const [{ createdAt }, pushes] = await Promise.all([
    repositories.commit(project, commit, signal),
    repositories.pushers({ project, branch, after: since }, signal),
  ]);
  const push = pushOf(pushes, commit, order);
  return {
    project,
    branch,
    commit,
    at: new Date(push?.at ?? createdAt).toISOString(),
    username: push?.username ?? null,
    ...touched,
  };
}

/** A push brings its last commit and those before it, back to the push before. */
function pushOf(pushes: readonly Push[], commit: string, order: readonly string[]): Push | undefined {
  const from = order.indexOf(commit);
  const later = from < 0 ? [commit] : order.slice(from);
  for (const id of later) {
    const push = pushes.find(({ to }) => to === id);
    if (push !== undefined) return push;
  }
  return undefined;
}
