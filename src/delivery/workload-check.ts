import type { ReadBack } from '../domain/ledger.js';
import {
  type ImageByDigest,
  judgeWorkload,
  usesImage,
  WORKLOAD_KINDS,
  type Workload,
  type WorkloadJudgement,
} from '../systems/kubernetes/workload-state.js';
import type { WorkloadRef } from '../systems/kubernetes/workloads.js';
import { type Failed, type Look, lookOf } from './look.js';
import type { WorkloadReader } from './shared-workloads.js';

/** Kinds that have a health of their own which nobody has checked. */
const OPAQUE = /_(?:(?:helm|kustomize)\.toolkit\.fluxcd\.io_|argoproj\.io_Rollout$|batch_Job$)/;

/** The workloads in an inventory of Flux (`<namespace>_<name>_<group>_<kind>`), and the other things that have a health. */
export function workloadsIn(inventory: readonly { readonly id: string }[]): {
  readonly workloads: readonly WorkloadRef[];
  readonly opaque: readonly string[];
} {
  const workloads: WorkloadRef[] = [];
  for (const { id } of inventory) {
    const [namespace, name, group, kindName] = id.split('_');
    const kind = WORKLOAD_KINDS.find((one) => one === kindName);
    if (kind !== undefined && group === 'apps' && namespace && name)
      workloads.push({ kind, namespace, name });
  }
  return { workloads, opaque: inventory.map(({ id }) => id).filter((id) => OPAQUE.test(id)) };
}

/**
 * Looks at workloads after the controller said that our revision is applied: have they rolled out, and does each image
 * run with its digest?
 */
export class WorkloadCheck {
  readonly #workloads: WorkloadReader;
  readonly #images: readonly ImageByDigest[];
  readonly #imagesMayBeAbsent: boolean;

  /** @param imagesMayBeAbsent an image that none of the workloads has is no fault: a CronJob may have it */
  constructor(workloads: WorkloadReader, images: readonly ImageByDigest[], imagesMayBeAbsent = false) {
    this.#workloads = workloads;
    this.#images = images;
    this.#imagesMayBeAbsent = imagesMayBeAbsent;
  }

  /** @param everywhere every workload must have an image of ours, as when they were named one by one */
  async look(refs: readonly WorkloadRef[], everywhere: boolean, signal: AbortSignal): Promise<Look> {
    const evidence: Record<string, string | number | boolean> = {};
    const found = new Set<ImageByDigest>();
    for (const ref of refs) {
      const workload = await this.#workloads.read(ref, signal);
      const images = this.#imagesOf(workload);
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
    return missing === undefined || this.#imagesMayBeAbsent
      ? { state: 'proven', evidence }
      : notThere(missing);
  }

  #imagesOf(workload: Workload | null): ImageByDigest[] {
    return workload === null ? [] : this.#images.filter((image) => usesImage(workload, image));
  }

  /** Pods are asked only where the spec leaves the digest open, and only once it has rolled out. */
  async #judge(
    ref: WorkloadRef,
    workload: Workload | null,
    image: ImageByDigest | undefined,
    signal: AbortSignal,
  ): Promise<WorkloadJudgement> {
    const withoutPods = judgeWorkload(ref.kind, workload, image, []);
    const asksPods = withoutPods.state === 'waiting' && withoutPods.clause === 'other-image';
    if (!asksPods || workload === null || image === undefined) return withoutPods;
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
