import { SystemError } from '../domain/failure.js';
import type { ReadBack } from '../domain/ledger.js';
import { type Workload, workloadKindOf } from '../systems/kubernetes/workload.js';
import {
  type ImageByDigest,
  judgeWorkload,
  progressChangedMs,
  progressDeadlineMs,
  runsImage,
  usesImage,
  type WorkloadJudgement,
} from '../systems/kubernetes/workload-state.js';
import type { WorkloadRef } from '../systems/kubernetes/workloads.js';
import { type Failed, type Look, lookOf } from './look.js';
import type { WorkloadReader } from './shared-workloads.js';

/** Kinds that have a health of their own which nobody has checked. */
const OPAQUE = /_(?:(?:helm|kustomize)\.toolkit\.fluxcd\.io_|batch_Job$)/;

/** What a roll-out does not come back from without somebody. */
const GIVEN_UP: ReadonlySet<string> = new Set(['progress-deadline-exceeded', 'rollout-aborted']);

/** The workloads in an inventory of Flux (`<namespace>_<name>_<group>_<kind>`), and the other things that have a health. */
export function workloadsIn(inventory: readonly { readonly id: string }[]): {
  readonly workloads: readonly WorkloadRef[];
  readonly opaque: readonly string[];
} {
  const workloads: WorkloadRef[] = [];
  for (const { id } of inventory) {
    const [namespace, name, group, kindName] = id.split('_');
    const kind = workloadKindOf(group, kindName);
    if (kind !== undefined && namespace && name) workloads.push({ kind, namespace, name });
  }
  return { workloads, opaque: inventory.map(({ id }) => id).filter((id) => OPAQUE.test(id)) };
}

/** A roll-out that was given up. */
export interface GivenUp {
  readonly look: Failed;
  /** milliseconds since 1970; undefined where the workload does not say */
  readonly atMs: number | undefined;
}

/** How roll-outs stand. */
export interface RollOuts {
  /** the longest progress deadline among them, in milliseconds; undefined when none has one */
  readonly longestMs: number | undefined;
  /** one that has passed its deadline, or was aborted */
  readonly givenUp: GivenUp | undefined;
}

/**
 * Looks at workloads after the controller said that our revision is applied: have they rolled out, and does each image
 * run with its digest?
 */
export class WorkloadCheck {
  readonly #workloads: WorkloadReader;
  readonly #images: readonly ImageByDigest[];
  readonly #imagesMayBeAbsent: boolean | 'some';

  /**
   * @param imagesMayBeAbsent an image that none of the workloads has is no fault: a CronJob may have it; `some`: but one of the
   *   images must be there
   */
  constructor(
    workloads: WorkloadReader,
    images: readonly ImageByDigest[],
    imagesMayBeAbsent: boolean | 'some' = false,
  ) {
    this.#workloads = workloads;
    this.#images = images;
    this.#imagesMayBeAbsent = imagesMayBeAbsent;
  }

  /**
   * @param everywhere every workload must have an image of ours, as when they were named one by one
   * @param mayBeAbsent an image that none of them has is no fault, as something else has shown it
   */
  async look(
    refs: readonly WorkloadRef[],
    everywhere: boolean,
    signal: AbortSignal,
    mayBeAbsent: boolean | 'some' = this.#imagesMayBeAbsent,
  ): Promise<Look> {
    const evidence: Record<string, string | number | boolean> = {};
    const found = new Set<ImageByDigest>();
    for (const ref of refs) {
      const workload = await this.#workloads.read(ref, signal);
      const images = await this.#imagesOf(ref, workload, signal);
      for (const image of images) found.add(image);
      if (everywhere && images.length === 0 && this.#images[0] !== undefined && workload !== null) {
        images.push(this.#images[0]);
      }
      for (const image of images.length === 0 ? [undefined] : images) {
        const judgement = await this.#judge(ref, workload, image, signal);
        if (judgement.state !== 'rolled-out') {
          const look = lookOf(judgement);
          return { ...look, message: `${ref.namespace}: ${look.message}` };
        }
        evidence[`${ref.kind.toLowerCase()}/${ref.name}`] =
          image === undefined ? 'rolled out' : `rolled out with ${image.digest}`;
      }
    }
    const missing = this.#images.find((image) => !found.has(image));
    const isEnough = mayBeAbsent === 'some' ? found.size > 0 || refs.length === 0 : mayBeAbsent;
    return missing === undefined || isEnough ? { state: 'proven', evidence } : notThere(missing);
  }

  /**
   * Whether Kubernetes has given a roll-out up, and how long it may take until it does; what is gone or cannot be read says
   * nothing.
   */
  async rollOuts(refs: readonly WorkloadRef[], signal: AbortSignal): Promise<RollOuts> {
    let longestMs: number | undefined;
    for (const ref of refs) {
      const workload = await this.#readIfAllowed(ref, signal);
      if (workload === null) continue;
      const used = this.#images.filter((image) => usesImage(workload, image));
      const judgements = (used.length === 0 ? [undefined] : used).map((image) =>
        judgeWorkload(ref.kind, workload, image, []),
      );
      // a spec that asks for another image is that of before: its roll-out says nothing of ours
      const judgement = judgements.find((one) => one.state === 'hopeless' && one.clause === 'other-image');
      const [first] = judgement === undefined ? judgements : [];
      const look = first?.state === 'hopeless' ? lookOf(first) : undefined;
      if (look?.state === 'failed' && GIVEN_UP.has(look.clause)) {
        const named = { ...look, message: `${ref.namespace}: ${look.message}` };
        return { longestMs, givenUp: { look: named, atMs: progressChangedMs(workload) } };
      }
      const deadlineMs = progressDeadlineMs(ref.kind, workload);
      if (deadlineMs !== undefined) longestMs = Math.max(longestMs ?? 0, deadlineMs);
    }
    return { longestMs, givenUp: undefined };
  }

  async #readIfAllowed(ref: WorkloadRef, signal: AbortSignal): Promise<Workload | null> {
    try {
      return await this.#workloads.read(ref, signal);
    } catch (error) {
      if (error instanceof SystemError && error.trouble.kind === 'forbidden') return null;
      throw error;
    }
  }

  /** Those that its spec names; else those that its pods run, as of a mirror that the spec names instead. */
  async #imagesOf(
    { kind, namespace }: WorkloadRef,
    workload: Workload | null,
    signal: AbortSignal,
  ): Promise<ImageByDigest[]> {
    if (workload === null || this.#images.length === 0) return [];
    const named = this.#images.filter((image) => usesImage(workload, image));
    if (named.length > 0) return named;
    const pods = await this.#workloads.podsOf(workload, namespace, signal);
    return this.#images.filter((image) => runsImage(kind, workload, image, pods));
  }

  /** Pods are asked only where the spec leaves the digest open, and only once it has rolled out. */
  async #judge(
    ref: WorkloadRef,
    workload: Workload | null,
    image: ImageByDigest | undefined,
    signal: AbortSignal,
  ): Promise<WorkloadJudgement> {
    const withoutPods = judgeWorkload(ref.kind, workload, image, []);
    const isOpen = withoutPods.state !== 'rolled-out' && withoutPods.clause === 'other-image';
    if (!isOpen || workload === null || image === undefined) return withoutPods;
    const pods = await this.#workloads.podsOf(workload, ref.namespace, signal);
    return judgeWorkload(ref.kind, workload, image, pods);
  }
}

function notThere(image: ImageByDigest): Failed {
  return {
    state: 'failed',
    clause: 'other-image',
    message: `no workload of it has an image ${image.name}`,
    remedy: 'Correct the name of the image, or name the workload by --workload.',
  };
}

/** Puts what the controller showed and what the workloads show together. */
export function withEvidence(look: Look, evidence: ReadBack): Look {
  return look.state === 'proven' ? { state: 'proven', evidence: { ...evidence, ...look.evidence } } : look;
}
