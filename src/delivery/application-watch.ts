import { type Application, commitsNamedBy } from '../systems/argocd/application.js';
import type { ApplicationReading } from '../systems/argocd/applications.js';
import { comparedRevisions, repositoriesOf, sameRepository } from '../systems/argocd/revisions.js';
import {
  ERROR_PATIENCE_MS,
  judgeSync,
  type SyncExpectation,
  type SyncJudgement,
} from '../systems/argocd/sync-state.js';
import { blockedUntil } from '../systems/argocd/sync-windows.js';
import { type ImageByDigest, imageName, isImage } from '../systems/kubernetes/workload-state.js';
import type { History } from './history.js';
import { type Failed, type Look, lookOf, type Seen, type Watch } from './look.js';
import type { ApplicationReader } from './shared-applications.js';
import type { WaitTarget, Wanted } from './wanted.js';
import { type WorkloadCheck, withEvidence } from './workload-check.js';

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
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/** Waits for one Application of Argo CD, or for all that a selector matches. */
export class ApplicationWatch implements Watch {
  readonly #options: ApplicationWatchOptions;
  readonly #each = new Map<string, OneApplication>();

  constructor(options: ApplicationWatchOptions) {
    this.#options = options;
  }

  async look(signal: AbortSignal): Promise<readonly Seen[]> {
    const { target, applications } = this.#options;
    if (target.kind === 'application') {
      const one = this.#one(target.name);
      await one.refreshIfDue(signal);
      return [await one.look(await applications.reading(target.name, signal), signal)];
    }
    const readings = await applications.matching(target.selector, signal);
    const seen: Seen[] = [];
    for (const reading of readings) {
      const name = reading.application?.metadata.name ?? '';
      const one = this.#one(name);
      const asked = await one.refreshIfDue(signal);
      seen.push(await one.look(asked ? await applications.reading(name, signal) : reading, signal));
    }
    return readings.length >= target.expect ? seen : [...seen, tooFew(target, readings.length)];
  }

  #one(name: string): OneApplication {
    const known = this.#each.get(name);
    if (known !== undefined) return known;
    const made = new OneApplication(name, this.#options);
    this.#each.set(name, made);
    return made;
  }
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
  readonly #name: string;
  readonly #options: ApplicationWatchOptions;
  readonly #containing = new Set<string>();
  readonly #replaced = new Set<string>();
  readonly #waitingSince: string;
  #asked: { readonly first: string; readonly atMs: number } | undefined;
  #clause: string | undefined;
  #otherImageSinceMs: number | undefined;

  constructor(name: string, options: ApplicationWatchOptions) {
    this.#name = name;
    this.#options = options;
    this.#waitingSince = new Date(options.now()).toISOString();
  }

  /** @returns true when a comparison was asked for just now */
  async refreshIfDue(signal: AbortSignal): Promise<boolean> {
    const { refresh, applications, now } = this.#options;
    if (!refresh) return false;
    const again = this.#clause === 'compared-too-early' ? COMPARE_AGAIN_MS : REFRESH_AGAIN_MS;
    // what happens after the comparison happens by itself, and each request would hide it for a moment
    const compares = this.#clause === undefined || COMPARING.has(this.#clause);
    if (this.#asked !== undefined && (!compares || now() - this.#asked.atMs <= again)) return false;
    if (this.#asked === undefined && (await applications.read(this.#name, signal)) === null) return false;
    const { requestedAt } = await applications.requestRefresh(this.#name, 'normal', signal);
    this.#asked = { first: this.#asked?.first ?? requestedAt, atMs: now() };
    return true;
  }

  async look({ application, serverTime }: ApplicationReading, signal: AbortSignal): Promise<Seen> {
    const target = `application ${this.#options.target.namespace}/${this.#name}`;
    const look = await this.#judge(
      application,
      serverTime ?? new Date(this.#options.now()).toISOString(),
      signal,
    );
    this.#clause = look.state === 'waiting' ? look.clause : undefined;
    return { target, look };
  }

  async #judge(application: Application | null, now: string, signal: AbortSignal): Promise<Look> {
    const unclear = application === null ? undefined : this.#unclearSource(application);
    if (unclear !== undefined) return unclear;
    if (application !== null) await this.#askGit(application, signal);
    const expectation = this.#expectation();
    const judgement = judgeSync(application, expectation, now);
    if (judgement.state === 'hopeless') return lookOf(judgement);
    if (judgement.state === 'waiting') return this.#waiting(judgement, application, expectation, now, signal);
    return this.#withWorkloads(application, judgement.readBack, signal);
  }

  #expectation(): SyncExpectation {
    const { wanted, repository, stabilisationMs, manualSync } = this.#options;
    return {
      revision: wanted.revision ?? '',
      containing: this.#containing,
      notBefore: this.#asked?.first ?? ANY_TIME,
      waitingSince: this.#waitingSince,
      stabilisationMs,
      errorPatienceMs: ERROR_PATIENCE_MS,
      syncedByOthers: manualSync,
      ...(repository === undefined ? {} : { repository }),
      ...(wanted.chartVersion === undefined ? {} : { chartVersion: wanted.chartVersion }),
    };
  }

  /** Of several repositories one is ours; a guess could take the revision of another for ours. */
  #unclearSource(application: Application): Failed | undefined {
    const { wanted, repository } = this.#options;
    if (wanted.revision === undefined) return undefined;
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
    for (const commit of commitsNamedBy(application)) {
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
    application: Application | null,
    expectation: SyncExpectation,
    now: string,
    signal: AbortSignal,
  ): Promise<Look> {
    const look = lookOf(judgement);
    if (application === null) return look;
    if (judgement.clause === 'other-revision') {
      const replaced = comparedRevisions(application, expectation).find((one) => this.#replaced.has(one));
      if (replaced !== undefined) return superseded(replaced);
    }
    if (judgement.clause === 'out-of-sync' && !this.#options.manualSync) {
      return (await this.#blocked(application, now, signal)) ?? look;
    }
    if (judgement.clause === 'not-healthy') {
      // a roll-out that Kubernetes has given up does not get well, whatever else Argo CD waits for
      const workloads = await this.#namedWorkloads(application, signal);
      if (workloads?.state === 'failed' && workloads.clause === 'progress-deadline-exceeded')
        return workloads;
    }
    return look;
  }

  /** Nothing on an Application says that a window holds its sync back. */
  async #blocked(application: Application, now: string, signal: AbortSignal): Promise<Look | undefined> {
    const project = await this.#options.applications.project(application.spec.project ?? 'default', signal);
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
    application: Application | null,
    evidence: Readonly<Record<string, string | number | boolean>>,
    signal: AbortSignal,
  ): Promise<Look> {
    const { wanted, imagesMayBeAbsent = false } = this.#options;
    const named = await this.#namedWorkloads(application, signal);
    if (named !== undefined) return withEvidence(named, evidence);
    const running = application?.status?.summary?.images ?? [];
    for (const image of wanted.images) {
      const problem = otherImage(image, running, imagesMayBeAbsent);
      if (problem !== undefined) return this.#stillOther(problem);
    }
    this.#otherImageSinceMs = undefined;
    const images = wanted.images.map(({ name, digest }) => `${name}@${digest}`).join(', ');
    return { state: 'proven', evidence: { ...evidence, ...(images === '' ? {} : { images }) } };
  }

  /** undefined when none was named */
  async #namedWorkloads(application: Application | null, signal: AbortSignal): Promise<Look | undefined> {
    const { wanted, workloads } = this.#options;
    if (wanted.workloads.length === 0) return undefined;
    const namespace = application?.spec.destination?.namespace ?? 'default';
    const refs = wanted.workloads.map((one) => ({ ...one, namespace: one.namespace ?? namespace }));
    return workloads.look(refs, true, signal);
  }

  /** Argo CD's summary follows the pods with a delay, so it gets some patience. */
  #stillOther(message: string): Look {
    const nowMs = this.#options.now();
    this.#otherImageSinceMs ??= nowMs;
    if (nowMs - this.#otherImageSinceMs < ERROR_PATIENCE_MS) {
      const since = new Date(this.#otherImageSinceMs).toISOString();
      return { state: 'waiting', clause: 'other-image', message, since };
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

function otherImage(
  image: ImageByDigest,
  running: readonly string[],
  mayBeAbsent: boolean,
): string | undefined {
  const named = running.filter((one) => imageName(one) === image.name);
  const other = named.find((one) => !isImage(one, image));
  if ((named.length > 0 || mayBeAbsent) && other === undefined) return undefined;
  return other === undefined
    ? `it runs no image ${image.name}`
    : `it runs ${other}, not only ${image.name}@${image.digest}`;
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

function withoutUser(address: string): string {
  return address.replace(/:\/\/[^\s/@]+@/, '://');
}
