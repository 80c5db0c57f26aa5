import { randomUUID } from 'node:crypto';
import { type FluxReading, type FluxRef, sourceKindOf } from '../systems/flux/flux.js';
import { judgeHelmRelease } from '../systems/flux/helm-release-state.js';
import { hashesNamedBy, judgeKustomization, originsNamedBy } from '../systems/flux/kustomization-state.js';
import {
  type FluxObject,
  type FluxSource,
  type HelmRelease,
  type Kustomization,
  RECONCILE_ANNOTATION,
} from '../systems/flux/objects.js';
import { commitInOrigin, hashInRevision, ORIGIN_ANNOTATION } from '../systems/flux/revision.js';
import { isOurRevision } from '../systems/flux/source-state.js';
import type { Patience } from '../systems/flux/words.js';
import { superseded } from './application-watch.js';
import type { History } from './history.js';
import { type Look, lookOf, type Seen, type Watch } from './look.js';
import type { FluxReader } from './shared-flux.js';
import type { WaitTarget, Wanted } from './wanted.js';
import { type WorkloadCheck, withEvidence, workloadsIn } from './workload-check.js';

/** An error of a source or an apply may last this long, in milliseconds: three intervals of a common retry. */
const ERROR_PATIENCE_MS = 180_000;

type FluxTarget = Extract<WaitTarget, { kind: 'kustomization' | 'helmrelease' }>;

export interface FluxWatchOptions {
  readonly flux: FluxReader;
  readonly target: FluxTarget;
  readonly wanted: Wanted;
  readonly history: History;
  readonly workloads: WorkloadCheck;
  /** an image that no workload has is no fault; then only Git proves what the commit brought */
  readonly imagesMayBeAbsent?: boolean;
  /** ids of the inventory whose health somebody else proves, e.g. HelmReleases that are waited for themselves */
  readonly provenElsewhere?: ReadonlySet<string>;
  /** ask for reconciliations, which needs the right to patch */
  readonly refresh: boolean;
  readonly stabilisationMs: number;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

/** What both kinds of Flux's objects have in common while they are waited for. */
abstract class FluxWatch implements Watch {
  protected readonly options: FluxWatchOptions;
  readonly #waitingSince: string;
  readonly #asked = new Map<string, string>();

  constructor(options: FluxWatchOptions) {
    this.options = options;
    this.#waitingSince = new Date(options.now()).toISOString();
  }

  async look(signal: AbortSignal): Promise<readonly Seen[]> {
    const { kind, namespace, name } = this.options.target;
    return [{ target: `${kind} ${namespace}/${name}`, look: await this.judge(signal) }];
  }

  protected abstract judge(signal: AbortSignal): Promise<Look>;

  protected get patience(): Patience {
    const { stabilisationMs } = this.options;
    return { waitingSince: this.#waitingSince, errorPatienceMs: ERROR_PATIENCE_MS, stabilisationMs };
  }

  /**
   * Asks an object once to reconcile. The annotation holds one request only: where somebody else's has replaced ours it is
   * the newer one, and its answer is as good; where it was removed we ask again.
   * @param object as it was read before this call
   * @returns the token that it will have handled, undefined without the right to ask
   */
  protected async ask(ref: FluxRef, object: FluxObject, signal: AbortSignal): Promise<string | undefined> {
    if (!this.options.refresh) return undefined;
    const key = `${ref.kind} ${ref.namespace}/${ref.name}`;
    const current = object.metadata.annotations?.[RECONCILE_ANNOTATION];
    if (this.#asked.has(key) && current !== undefined) {
      this.#asked.set(key, current);
      return current;
    }
    const token = `gatehouse-${randomUUID()}`;
    await this.options.flux.requestReconcile(ref, token, signal);
    this.#asked.set(key, token);
    return token;
  }

  protected timeOf({ serverTime }: FluxReading<unknown>): string {
    return serverTime ?? new Date(this.options.now()).toISOString();
  }

  /** Workloads that were named, else those of the inventory when there is something to prove by them. */
  protected async withWorkloads(
    object: {
      readonly status?: { readonly inventory?: { readonly entries: readonly { readonly id: string }[] } };
    } | null,
    evidence: Readonly<Record<string, string | number | boolean>>,
    unproven: boolean,
    signal: AbortSignal,
  ): Promise<Look> {
    const { wanted, workloads, target, provenElsewhere } = this.options;
    if (wanted.workloads.length > 0) {
      const refs = wanted.workloads.map((one) => ({ ...one, namespace: one.namespace ?? target.namespace }));
      return withEvidence(await workloads.look(refs, true, signal), evidence);
    }
    const inventory = workloadsIn(object?.status?.inventory?.entries ?? []);
    const opaque = inventory.opaque.filter((id) => provenElsewhere?.has(id) !== true);
    if (unproven && opaque.length > 0) {
      return {
        state: 'failed',
        clause: 'health-unproven',
        message: `everything is applied, but nothing checks the health of ${opaque.slice(0, 3).join(', ')}`,
        remedy:
          'Set spec.wait: true or spec.healthChecks on the Kustomization, or name what to look at by --workload.',
      };
    }
    if (!unproven && wanted.images.length === 0) return { state: 'proven', evidence };
    return withEvidence(await workloads.look(inventory.workloads, false, signal), evidence);
  }
}

/** Waits for a Kustomization: its source, its own reconciliation, and what it applied. */
export class KustomizationWatch extends FluxWatch {
  readonly #containing = new Set<string>();
  readonly #replaced = new Set<string>();

  protected async judge(signal: AbortSignal): Promise<Look> {
    const { flux, target, wanted } = this.options;
    const reading = await flux.kustomization(target, signal);
    const kustomization = reading.object;
    const ref = kustomization === null ? undefined : sourceRefOf(kustomization, target.namespace);
    if (kustomization !== null && ref === undefined) return unknownSource(kustomization.spec.sourceRef.kind);
    const source = ref === undefined ? null : (await flux.source(ref, signal)).object;
    const originless = ref === undefined ? undefined : withoutOrigin(ref, source, wanted.revision ?? '');
    if (originless !== undefined) return originless;
    await this.#askGit(kustomization, source, signal);
    const expected = { revision: wanted.revision ?? '', containing: this.#containing };
    const token = await this.#kick(kustomization, source, ref, expected, signal);
    const judgement = judgeKustomization(
      kustomization,
      source,
      { ...expected, ...this.patience, ...(token === undefined ? {} : { token }) },
      this.timeOf(reading),
    );
    if (judgement.state === 'applied') {
      const unproven = judgement.readBack.health === 'unproven';
      return this.withWorkloads(kustomization, judgement.readBack, unproven, signal);
    }
    const replaced = hashInRevision(source?.status?.artifact?.revision);
    const isReplaced = replaced !== undefined && this.#replaced.has(replaced);
    return isReplaced && judgement.state === 'waiting' && judgement.clause === 'source-behind'
      ? superseded(replaced)
      : lookOf(judgement);
  }

  async #askGit(
    kustomization: Kustomization | null,
    source: FluxSource | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { history, wanted, imagesMayBeAbsent = false } = this.options;
    const origins = originsNamedBy(kustomization, source);
    for (const hash of hashesNamedBy(kustomization, source)) {
      // the digest itself may be what is waited for; else the commit that it was made of tells
      const isWanted = hash === wanted.revision;
      const relation = await history.relationOf(isWanted ? hash : (origins.get(hash) ?? hash), signal);
      // the digest of a running image is a better proof of content than files, if it has to run at all
      const provenByImage = relation === 'replaced' && wanted.images.length > 0 && !imagesMayBeAbsent;
      if (relation === 'holds' || provenByImage) this.#containing.add(hash);
      else if (relation === 'replaced') this.#replaced.add(hash);
    }
  }

  /** First the source; the Kustomization only once the source has ours, else it would work on what was there before. */
  async #kick(
    kustomization: Kustomization | null,
    source: FluxSource | null,
    ref: FluxRef | undefined,
    expected: { readonly revision: string; readonly containing: ReadonlySet<string> },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (kustomization === null || source === null || ref === undefined) return undefined;
    if (!isOurRevision(source.status?.artifact?.revision, expected)) {
      // nothing reconciles an ExternalArtifact: whoever makes it writes it
      if (ref.kind !== 'ExternalArtifact') await this.ask(ref, source, signal);
      return undefined;
    }
    return this.ask({ ...this.options.target, kind: 'Kustomization' }, kustomization, signal);
  }
}

/** Waits for a HelmRelease: its spec, its chart, and the release that it made. */
export class HelmReleaseWatch extends FluxWatch {
  protected async judge(signal: AbortSignal): Promise<Look> {
    const { flux, target, wanted } = this.options;
    const chartVersion = wanted.chartVersion ?? '';
    const ref: FluxRef = { ...target, kind: 'HelmRelease' };
    const reading = await flux.helmRelease(target, signal);
    const release = reading.object;
    const token = release === null ? undefined : await this.ask(ref, release, signal);
    const chart = release === null ? undefined : await this.#chartOf(release, signal);
    const expectation = { chartVersion, ...this.patience, ...(token === undefined ? {} : { token }) };
    const judgement = judgeHelmRelease(release, chart, expectation, this.timeOf(reading));
    return judgement.state === 'deployed'
      ? this.withWorkloads(release, judgement.readBack, false, signal)
      : lookOf(judgement);
  }

  /** The HelmChart that was made for it, or the source that it names itself. */
  async #chartOf(release: HelmRelease, signal: AbortSignal): Promise<FluxSource | undefined> {
    const named = release.spec.chartRef;
    const kind = named === undefined ? undefined : sourceKindOf(named.kind);
    if (named !== undefined && kind !== undefined) {
      const ref = { kind, name: named.name, namespace: named.namespace ?? this.options.target.namespace };
      return (await this.options.flux.source(ref, signal)).object ?? undefined;
    }
    const [namespace, name] = (release.status?.helmChart ?? '').split('/', 2);
    if (!namespace || !name) return undefined;
    return (
      (await this.options.flux.source({ kind: 'HelmChart', namespace, name }, signal)).object ?? undefined
    );
  }
}

function sourceRefOf({ spec, metadata }: Kustomization, fallback: string): FluxRef | undefined {
  const { kind: kindName, name, namespace } = spec.sourceRef;
  const kind = sourceKindOf(kindName);
  if (kind === undefined) return undefined;
  return { kind, name, namespace: namespace ?? metadata.namespace ?? fallback };
}

/** A commit can't be known by the digest of an artifact that does not say of what it was made. */
function withoutOrigin(
  { kind, namespace, name }: FluxRef,
  source: FluxSource | null,
  revision: string,
): Look | undefined {
  const artifact = source?.status?.artifact;
  const isCommit = revision.length === 40;
  if (!isCommit || (kind !== 'OCIRepository' && kind !== 'ExternalArtifact') || artifact === undefined) {
    return undefined;
  }
  if (commitInOrigin(artifact.metadata?.[ORIGIN_ANNOTATION]) !== undefined) return undefined;
  return {
    state: 'failed',
    clause: 'origin-unknown',
    message: `its source is the ${kind} ${namespace}/${name}, whose artifact ${artifact.revision ?? ''} does not say of which commit it was made`,
    remedy:
      kind === 'OCIRepository'
        ? `Push it with the whole commit id (flux push artifact --revision="main@sha1:<commit>", which becomes ${ORIGIN_ANNOTATION}), or wait for its digest: --revision sha256:….`
        : 'Set originRevision in the ArtifactGenerator, or wait for its digest: --revision sha256:….',
  };
}

function unknownSource(kind: string): Look {
  return {
    state: 'failed',
    clause: 'source-unknown',
    message: `its source is a ${kind}, whose revisions are neither commits nor digests`,
    remedy: 'Use a GitRepository, an OCIRepository or an ExternalArtifact as the source.',
  };
}
