import { type Application, commitsNamedBy } from '../systems/argocd/application.js';
import type { ApplicationReading } from '../systems/argocd/applications.js';
import { dryCommitsNamedBy, withDryRevisions } from '../systems/argocd/hydration.js';
import {
  comparedRevisions,
  repositoriesOf,
  revisionsAsSpecified,
  sameRepository,
  unshownBy,
  withoutUser,
} from '../systems/argocd/revisions.js';
import {
  ERROR_PATIENCE_MS,
  isDegradedWithOurs,
  judgeSync,
  type SyncExpectation,
  type SyncJudgement,
  syncBegunMs,
} from '../systems/argocd/sync-state.js';
import { blockedUntil } from '../systems/argocd/sync-windows.js';
import { type ImageByDigest, isImage, isOfImage } from '../systems/kubernetes/workload-state.js';
import type { WorkloadRef } from '../systems/kubernetes/workloads.js';
import { type ApplicationKey, childrenOf, type ParentSources, sourcesOf } from './application-children.js';
import { workloadsOfApplication } from './application-resources.js';
import type { History } from './history.js';
import { type Failed, type Look, lookOf, type Seen, type Watch } from './look.js';
import type { ApplicationReader } from './shared-applications.js';
import type { WaitTarget, Wanted } from './wanted.js';
import { type RollOuts, type WorkloadCheck, withEvidence } from './workload-check.js';

/** Argo CD up to 3.5.1 loses a refresh request made while it compares: ask again after this long, in milliseconds. */
const REFRESH_AGAIN_MS = 10_000;
/** A comparison in the second in which a sync ended proves nothing: ask for one in a later second, in milliseconds. */
const COMPARE_AGAIN_MS = 1_200;
/** Clauses that another comparison can end. */
const COMPARING: ReadonlySet<string> = new Set([
  'refresh-pending',
  'compared-too-early',
  'other-revision',
  'comparison-error',
]);
/** Without the right to ask for a comparison any comparison of our commit counts, however old. */
const ANY_TIME = '1970-01-01T00:00:00Z';

export interface ApplicationWatchOptions {
  readonly applications: ApplicationReader;
  /** Applications of other namespaces of that cluster, where children may be */
  readonly applicationsIn: (namespace: string) => ApplicationReader;
  readonly target: Extract<WaitTarget, { kind: 'application' | 'applications' }>;
  readonly wanted: Wanted;
  readonly history: History;
  /** address of the repository of our commit; undefined when nobody said it */
  readonly repository?: string;
  readonly workloads: WorkloadCheck;
  /** an image that no pod runs is no fault, a CronJob may have it; then only Git proves what the commit brought */
  readonly imagesMayBeAbsent?: boolean;
  /** ask for comparisons, which needs the right to patch */
  readonly refresh: boolean;
  readonly manualSync: boolean;
  readonly stabilisationMs: number;
  /**
   * how long it may be Degraded with our commit, in milliseconds; unset: the longest progress deadline of its workloads and the
   * stabilisation
   */
  readonly degradedMs?: number;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/** Applications of Applications of Applications are followed this far down; deeper ones are a circle or a mistake. */
const DEEPEST = 8;

/** Waits for one Application of Argo CD, or for all that a selector matches, and for the children that they bring. */
export class ApplicationWatch implements Watch {
  readonly #options: ApplicationWatchOptions;
  readonly #each = new Map<string, OneApplication>();

  constructor(options: ApplicationWatchOptions) {
    this.#options = options;
  }

  async look(signal: AbortSignal): Promise<readonly Seen[]> {
    const { target, applications } = this.#options;
    if (target.kind === 'application') {
      return await this.#withChildren({ namespace: target.namespace, name: target.name }, undefined, signal);
    }
    const readings = await applications.matching(target.selector, signal);
    const seen: Seen[] = [];
    for (const reading of readings) {
      const name = reading.application?.metadata.name ?? '';
      const key = { namespace: target.namespace, name };
      seen.push(...(await this.#withChildren(key, undefined, signal, reading)));
    }
    return readings.length >= target.expect ? seen : [...seen, tooFew(target, readings.length)];
  }

  /** Children are looked at once their parent is proven: before, they may be those of the commit before. */
  async #withChildren(
    { namespace, name }: ApplicationKey,
    parent: ParentSources | undefined,
    signal: AbortSignal,
    known?: ApplicationReading,
    depth = 0,
  ): Promise<readonly Seen[]> {
    const one = this.#one({ namespace, name }, parent);
    const asked = await one.refreshIfDue(signal);
    const reading = known === undefined || asked ? await one.reader.reading(name, signal) : known;
    const seen = await one.look(reading, signal);
    if (seen.look.state !== 'proven' || reading.application === null) return [seen];
    const found = await childrenOf(reading.application, namespace, this.#readerOf, signal);
    if (found.length === 0) return [seen];
    if (depth >= DEEPEST) return [seen, tooDeep(seen.target)];
    const below: Seen[] = [];
    for (const child of found) {
      below.push(
        ...(await this.#withChildren(child, sourcesOf(reading.application), signal, undefined, depth + 1)),
      );
    }
    return [seen, ...below];
  }

  readonly #readerOf = (namespace: string): ApplicationReader =>
    namespace === this.#options.target.namespace
      ? this.#options.applications
      : this.#options.applicationsIn(namespace);

  #one(key: ApplicationKey, parent: ParentSources | undefined): OneApplication {
    const id = `${key.namespace}/${key.name}`;
    const known = this.#each.get(id);
    if (known !== undefined) return known;
    const made = new OneApplication(key, this.#readerOf(key.namespace), this.#options, parent);
    this.#each.set(id, made);
    return made;
  }
}

function absent(judgement: SyncJudgement): Look {
  if (judgement.state === 'synced') throw new Error('what does not exist is never synced');
  return lookOf(judgement);
}

const UNSHOWN_REMEDIES: Readonly<Record<NonNullable<ReturnType<typeof unshownBy>>['clause'], string>> = {
  'chart-unclear':
    'Leave --chart-version out, or ask for an exact version in the source of the chart (targetRevision).',
  'source-unclear': 'Leave --revision out and give --chart-version.',
};

function tooDeep(target: string): Seen {
  return {
    target,
    look: {
      state: 'failed',
      clause: 'children-unclear',
      message: `Applications bring Applications more than ${DEEPEST} levels deep`,
      remedy: 'Wait for one of the Applications below by its own name.',
    },
  };
}

/** None at all is never success, and with nobody having said how many it would be a guess to wait for the first. */
function tooFew(
  { selector, expect, namespace }: Extract<WaitTarget, { kind: 'applications' }>,
  found: number,
): Seen {
  const target = `applications ${namespace} ${selector}`;
  if (found === 0 && expect === 1) {
    return {
      target,
      look: {
        state: 'failed',
        clause: 'no-application',
        message: 'no Application matches the selector',
        remedy:
          'Correct --selector or --namespace. If they are still to be made, say how many with --expect.',
      },
    };
  }
  return {
    target,
    look: {
      state: 'waiting',
      clause: 'too-few-applications',
      message: `${found} of ${expect} Applications are there`,
    },
  };
}

class OneApplication {
  readonly reader: ApplicationReader;
  readonly #key: ApplicationKey;
  readonly #options: ApplicationWatchOptions;
  /** set for a child: nobody has said what it must run but its own spec */
  readonly #parent: ParentSources | undefined;
  readonly #containing = new Set<string>();
  readonly #replaced = new Set<string>();
  readonly #waitingSince: string;
  #asked: { readonly first: string; readonly atMs: number } | undefined;
  #clause: string | undefined;
  #otherImageSinceMs: number | undefined;
  #givenUpSinceMs: number | undefined;
  /** of the first sync of ours that was seen */
  #syncBegunMs = Infinity;

  constructor(
    key: ApplicationKey,
    reader: ApplicationReader,
    options: ApplicationWatchOptions,
    parent: ParentSources | undefined,
  ) {
    this.#key = key;
    this.reader = reader;
    this.#options = options;
    this.#parent = parent;
    this.#waitingSince = new Date(options.now()).toISOString();
  }

  /** @returns true when a comparison was asked for just now */
  async refreshIfDue(signal: AbortSignal): Promise<boolean> {
    const { refresh, now } = this.#options;
    if (!refresh) return false;
    const again = this.#clause === 'compared-too-early' ? COMPARE_AGAIN_MS : REFRESH_AGAIN_MS;
    // what happens after the comparison happens by itself, and each request would hide it for a moment
    const compares = this.#clause === undefined || COMPARING.has(this.#clause);
    if (this.#asked !== undefined && (!compares || now() - this.#asked.atMs <= again)) return false;
    const { name } = this.#key;
    if (this.#asked === undefined && (await this.reader.read(name, signal)) === null) return false;
    const { requestedAt } = await this.reader.requestRefresh(name, 'normal', signal);
    this.#asked = { first: this.#asked?.first ?? requestedAt, atMs: now() };
    return true;
  }

  async look({ application, serverTime }: ApplicationReading, signal: AbortSignal): Promise<Seen> {
    const target = `application ${this.#key.namespace}/${this.#key.name}`;
    const now = serverTime ?? new Date(this.#options.now()).toISOString();
    const look =
      application === null
        ? absent(judgeSync(null, this.#expectation(undefined, undefined), now))
        : await this.#judge(application, now, signal);
    this.#clause = look.state === 'waiting' ? look.clause : undefined;
    return { target, look };
  }

  async #judge(stored: Application, now: string, signal: AbortSignal): Promise<Look> {
    const application = withDryRevisions(stored);
    const unclear = this.#unclearSource(application);
    if (unclear !== undefined) return unclear;
    await this.#askGit(application, signal);
    const isDegraded = application.status?.health?.status === 'Degraded';
    const rollOuts = isDegraded ? await this.#rollOuts(application, signal) : undefined;
    const expectation = this.#expectation(application, rollOuts?.longestMs);
    const judgement = judgeSync(application, expectation, now);
    if (judgement.state === 'hopeless') return lookOf(judgement);
    if (judgement.state === 'waiting') {
      const givenUp = this.#stayedGivenUp(
        await this.#givenUpWithOurs(application, judgement, expectation, rollOuts, signal),
      );
      if (givenUp !== undefined) return givenUp;
      const elsewhere =
        judgement.clause === 'other-revision'
          ? hydratedElsewhere(stored, (commit) => this.#isOurs(commit))
          : undefined;
      return elsewhere ?? this.#waiting(judgement, application, expectation, now, signal);
    }
    if (this.#parent !== undefined) return { state: 'proven', evidence: judgement.readBack };
    return this.#withWorkloads(application, judgement.readBack, signal);
  }

  #isOurs(commit: string): boolean {
    return commit === this.#options.wanted.revision || this.#containing.has(commit);
  }

  /** Workloads that were named, else those that it manages: how their roll-outs stand. */
  async #rollOuts(application: Application, signal: AbortSignal): Promise<RollOuts> {
    const named = this.#parent === undefined ? this.#namedRefs(application) : [];
    const refs = named.length > 0 ? named : workloadsOfApplication(application).workloads;
    return await this.#options.workloads.rollOuts(refs, signal);
  }

  /**
   * A roll-out of ours that does not get well, whatever else Argo CD waits for; what was given up before ours was applied says
   * nothing of it.
   */
  async #givenUpWithOurs(
    application: Application,
    { clause }: Extract<SyncJudgement, { state: 'waiting' }>,
    expectation: SyncExpectation,
    known: RollOuts | undefined,
    signal: AbortSignal,
  ): Promise<Failed | undefined> {
    const isNamed = this.#parent === undefined && this.#namedRefs(application).length > 0;
    const isOurs =
      known === undefined
        ? clause === 'not-healthy' && isNamed
        : isDegradedWithOurs(application, expectation);
    if (!isOurs) return undefined;
    const { givenUp } = known ?? (await this.#rollOuts(application, signal));
    // an attempt that is made again begins later than what it brought the first time
    this.#syncBegunMs = Math.min(this.#syncBegunMs, syncBegunMs(application, expectation) ?? Infinity);
    const isOfBefore =
      givenUp?.atMs !== undefined && this.#syncBegunMs !== Infinity && givenUp.atMs < this.#syncBegunMs;
    return isOfBefore ? undefined : givenUp?.look;
  }

  /** A roll-out that was given up can still end well, as when its image is pushed late: it gets the stabilisation. */
  #stayedGivenUp(givenUp: Failed | undefined): Failed | undefined {
    const nowMs = this.#options.now();
    if (givenUp === undefined) {
      this.#givenUpSinceMs = undefined;
      return undefined;
    }
    this.#givenUpSinceMs ??= nowMs;
    const { degradedMs, stabilisationMs } = this.#options;
    return nowMs - this.#givenUpSinceMs >= (degradedMs ?? stabilisationMs) ? givenUp : undefined;
  }

  #expectation(application: Application | undefined, longestMs: number | undefined): SyncExpectation {
    const { wanted, repository, stabilisationMs, manualSync } = this.#options;
    const degradedMs =
      this.#options.degradedMs ?? (longestMs === undefined ? undefined : longestMs + stabilisationMs);
    const common = {
      revision: wanted.revision ?? '',
      containing: this.#containing,
      notBefore: this.#asked?.first ?? ANY_TIME,
      waitingSince: this.#waitingSince,
      stabilisationMs,
      errorPatienceMs: ERROR_PATIENCE_MS,
      syncedByOthers: manualSync,
      ...(degradedMs === undefined ? {} : { degradedMs }),
    };
    const parent = this.#parent;
    if (parent !== undefined && application !== undefined) {
      return { ...common, asSpecified: revisionsAsSpecified(application, parent.follows) };
    }
    return {
      ...common,
      ...(repository === undefined ? {} : { repository }),
      ...(wanted.chartVersion === undefined ? {} : { chartVersion: wanted.chartVersion }),
    };
  }

  /**
   * What was asked for and no source can show is refused; and of several repositories one is ours: a guess could take the
   * revision of another for ours.
   */
  #unclearSource(application: Application): Failed | undefined {
    if (this.#parent !== undefined) return undefined;
    const { wanted, repository } = this.#options;
    const { revision = '', chartVersion } = wanted;
    const unshown = unshownBy(application, {
      revision,
      ...(chartVersion === undefined ? {} : { chartVersion }),
    });
    if (unshown !== undefined) {
      return { ...unshown, state: 'failed', remedy: UNSHOWN_REMEDIES[unshown.clause] };
    }
    if (revision === '') return undefined;
    const repositories = repositoriesOf(application);
    if (
      repositories.length < 2 ||
      repositories.some((one) => repository && sameRepository(one, repository))
    ) {
      return undefined;
    }
    return {
      state: 'failed',
      clause: 'source-unclear',
      message: `it reads several repositories (${repositories.map(withoutUser).join(', ')}), and which one has our commit is not known`,
      remedy: 'Give the address of ours with --source.',
    };
  }

  async #askGit(application: Application, signal: AbortSignal): Promise<void> {
    for (const commit of [...commitsNamedBy(application), ...dryCommitsNamedBy(application)]) {
      const relation = await this.#options.history.relationOf(commit, signal);
      // the digest of a running image is a better proof of content than files, if it has to run at all
      const { wanted, imagesMayBeAbsent = false } = this.#options;
      const counts =
        relation === 'holds' || (relation === 'replaced' && wanted.images.length > 0 && !imagesMayBeAbsent);
      if (counts) this.#containing.add(commit);
      else if (relation === 'replaced') this.#replaced.add(commit);
    }
  }

  async #waiting(
    judgement: Extract<SyncJudgement, { state: 'waiting' }>,
    application: Application,
    expectation: SyncExpectation,
    now: string,
    signal: AbortSignal,
  ): Promise<Look> {
    const look = lookOf(judgement);
    if (judgement.clause === 'other-revision') {
      const replaced = comparedRevisions(application, expectation).find((one) => this.#replaced.has(one));
      if (replaced !== undefined) return superseded(replaced);
    }
    if (judgement.clause === 'out-of-sync' && !this.#options.manualSync) {
      return (await this.#blocked(application, now, signal)) ?? look;
    }
    return look;
  }

  /** Nothing on an Application says that a window holds its sync back. */
  async #blocked(application: Application, now: string, signal: AbortSignal): Promise<Look | undefined> {
    const project = await this.reader.project(application.spec.project ?? 'default', signal);
    const until = project === null ? null : blockedUntil(project.spec.syncWindows ?? [], application, now);
    if (until === null) return undefined;
    const ends = until === undefined ? 'for more than a week' : `until ${until}`;
    return {
      state: 'waiting',
      clause: 'sync-window',
      message: `it is OutOfSync, and a sync window of its project forbids automatic syncs ${ends}`,
      until: until ?? '9999-12-31T00:00:00Z',
    };
  }

  async #withWorkloads(
    application: Application,
    evidence: Readonly<Record<string, string | number | boolean>>,
    signal: AbortSignal,
  ): Promise<Look> {
    const { wanted, workloads, imagesMayBeAbsent = false } = this.#options;
    const named = this.#namedRefs(application);
    if (named.length > 0) return withEvidence(await workloads.look(named, true, signal), evidence);
    const running = application.status?.summary?.images ?? [];
    for (const image of wanted.images) {
      const problem = otherImage(image, running, imagesMayBeAbsent);
      if (problem !== undefined) return await this.#stillOther(application, problem, evidence, signal);
    }
    this.#otherImageSinceMs = undefined;
    return { state: 'proven', evidence: { ...evidence, ...this.#imagesRead } };
  }

  get #imagesRead(): Readonly<Record<string, string>> {
    const { images } = this.#options.wanted;
    return images.length === 0
      ? {}
      : { images: images.map(({ name, digest }) => `${name}@${digest}`).join(', ') };
  }

  /** Workloads that were named, each in its namespace. */
  #namedRefs(application: Application): readonly WorkloadRef[] {
    const namespace = application.spec.destination?.namespace ?? 'default';
    return this.#options.wanted.workloads.map((one) => ({ ...one, namespace: one.namespace ?? namespace }));
  }

  /**
   * Argo CD's summary follows the pods with a delay, and has those of yesterday's Jobs and of evicted pods too: after some
   * patience the workloads that it manages are asked themselves.
   */
  async #stillOther(
    application: Application,
    { message, runsOurs }: OtherImage,
    evidence: Readonly<Record<string, string | number | boolean>>,
    signal: AbortSignal,
  ): Promise<Look> {
    const nowMs = this.#options.now();
    this.#otherImageSinceMs ??= nowMs;
    if (nowMs - this.#otherImageSinceMs < ERROR_PATIENCE_MS) {
      const since = new Date(this.#otherImageSinceMs).toISOString();
      return { state: 'waiting', clause: 'other-image', message, since };
    }
    if (runsOurs) {
      const refs = workloadsOfApplication(application).workloads;
      const look = await this.#options.workloads.look(refs, false, signal, true);
      return withEvidence(look, { ...evidence, ...this.#imagesRead });
    }
    return {
      state: 'failed',
      clause: 'other-image',
      message,
      remedy:
        'Our revision is applied and something else runs: look at the images of the Application. Images by tag are proven by --workload only.',
    };
  }
}

interface OtherImage {
  readonly message: string;
  /** ours runs too */
  readonly runsOurs: boolean;
}

function otherImage(
  image: ImageByDigest,
  running: readonly string[],
  mayBeAbsent: boolean,
): OtherImage | undefined {
  const named = running.filter((one) => isOfImage(one, image));
  const other = named.find((one) => !isImage(one, image));
  if (other === undefined) {
    return named.length > 0 || mayBeAbsent
      ? undefined
      : { message: `it runs no image ${image.name}`, runsOurs: false };
  }
  return {
    message: `it runs ${other}, not only ${image.name}@${image.digest}`,
    runsOurs: named.some((one) => isImage(one, image)),
  };
}

/** Its hydrator pushes to a branch from which somebody else takes it on: the commit that arrives is not told by Argo CD. */
function hydratedElsewhere(
  application: Application,
  isOurs: (commit: string) => boolean,
): Failed | undefined {
  const branch = application.spec.sourceHydrator?.hydrateTo?.targetBranch;
  if (branch === undefined || !dryCommitsNamedBy(application).some(isOurs)) return undefined;
  return {
    state: 'failed',
    clause: 'hydrated-elsewhere',
    message: `our commit is hydrated to ${branch}, and which commit of the branch that it syncs holds that is not told`,
    remedy: `Merge ${branch}, and wait for the commit that this makes; or leave hydrateTo out.`,
  };
}

/** The newest commit changes the files that ours changed: ours no longer runs, and will not again. */
export function superseded(commit: string): Failed {
  return {
    state: 'failed',
    clause: 'superseded',
    message: `${commit.slice(0, 12)} contains our commit and changes the files that ours changed: what ours brought is replaced`,
    remedy:
      'Wait for the newer commit instead. If the image is what counts, give it with --image: then its digest is the proof.',
  };
}
