/**
 * Decides whether a workload has rolled out, with the image that we mean (reference: promotion, section 3.5, after
 * kubectl's rollout status). Pure: no clock, no calls.
 */
import { isSameRepository } from '../../domain/registry-reference.js';
import type { Judgement } from '../judgement.js';
import { judgeArgoRollout } from './argo-rollout.js';
import type { RunningPod } from './client.js';
import { containersOf, type Workload, type WorkloadKind } from './workload.js';
import { digestIn, podsOfWorkload, runningContainers } from './workload-pods.js';

export type WorkloadWait =
  | 'spec-not-observed'
  | 'rolling-out'
  | 'paused'
  | 'rollout-degraded'
  | 'other-image';
export type WorkloadHopeless =
  | 'workload-missing'
  | 'progress-deadline-exceeded'
  | 'rollout-aborted'
  | 'scaled-to-zero'
  | 'other-image';
export type WorkloadJudgement = Judgement<'rolled-out', WorkloadWait, WorkloadHopeless>;

/** An image by content: `registry.example.com/shop/web@sha256:…`. */
export interface ImageByDigest {
  /** without tag and digest */
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits */
  readonly digest: string;
  /** of an image for several platforms: the digests of each, of which a pod may report one instead */
  readonly platforms?: readonly string[];
}

/** Takes `name[:tag]@sha256:<64 digits>` apart; undefined for anything else. */
export function imageByDigest(text: string): ImageByDigest | undefined {
  const [, name, digest] = /^([a-z0-9][^\s@]*)@(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  return name === undefined || digest === undefined ? undefined : { name: imageName(name), digest };
}

/** The name of an image without tag and digest; a port is no tag. */
export function imageName(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

/** True for a name that ends with the image's digest, or with that of one of its platforms. */
export function isImage(name: string, { digest, platforms = [] }: ImageByDigest): boolean {
  const found = digestIn(name);
  return found !== undefined && (found === digest || platforms.includes(found));
}

/**
 * True when a name is one of an image: of its repository, whatever tag or digest it asks for, or of its content under
 * another name, as of a mirror.
 */
export function isOfImage(name: string, image: ImageByDigest): boolean {
  return isSameRepository(imageName(name), image.name) || isImage(name, image);
}

/** True when a workload has a container of an image, whatever tag or digest it asks for. */
export function usesImage(workload: Workload, image: ImageByDigest): boolean {
  return containersOf(workload).some((one) => isOfImage(one.image, image));
}

/** True when a workload's pods run the content of an image, under whatever name it is asked for. */
export function runsImage(
  kind: WorkloadKind,
  workload: Workload,
  image: ImageByDigest,
  pods: readonly RunningPod[],
): boolean {
  return runningContainers(podsOfWorkload(kind, workload, pods)).some(({ digest }) => isImage(digest, image));
}

/**
 * Judges one reading of a workload whose newest spec is applied.
 * @param workload null when it does not exist
 * @param image what must run; undefined when only the roll-out is asked about
 * @param pods those that its selector finds, wanted when the spec does not name the image by its digest; what they pulled
 *   tells then
 */
export function judgeWorkload(
  kind: WorkloadKind,
  workload: Workload | null,
  image: ImageByDigest | undefined,
  pods: readonly RunningPod[],
): WorkloadJudgement {
  if (workload === null) {
    return {
      state: 'hopeless',
      clause: 'workload-missing',
      message: `the ${kind} does not exist`,
      remedy: 'Correct its name, or let the commit create it, then retry.',
    };
  }
  return (
    judgeSpecImage(kind, workload, image) ??
    judgeRollout(kind, workload) ??
    judgeRunningImage(kind, workload, image, pods) ?? {
      state: 'rolled-out',
      readBack: {
        workload: `${kind}/${workload.metadata.name}`,
        generation: workload.metadata.generation ?? 0,
        ...(image === undefined ? {} : { image: `${image.name}@${image.digest}` }),
      },
    }
  );
}

/** The spec first: a roll-out that is complete may be that of the old spec. */
function judgeSpecImage(
  kind: WorkloadKind,
  workload: Workload,
  image: ImageByDigest | undefined,
): WorkloadJudgement | undefined {
  if (image === undefined) return undefined;
  const others = containersOf(workload).filter(
    (one) => isOfImage(one.image, image) && one.image.includes('@') && !isImage(one.image, image),
  );
  return others[0] === undefined ? undefined : asksForOther(kind, workload, image, others[0].image);
}

function asksForOther(
  kind: WorkloadKind,
  workload: Workload,
  image: ImageByDigest,
  asked: string,
): WorkloadJudgement {
  return {
    state: 'hopeless',
    clause: 'other-image',
    message: `${kind} ${workload.metadata.name} asks for ${asked}, not for ${image.name}@${image.digest}`,
    remedy:
      'Our revision is applied and does not set this image, or something changes it on the way (an images override, an admission webhook, another writer): correct that, then retry.',
  };
}

function judgeRollout(kind: WorkloadKind, workload: Workload): WorkloadJudgement | undefined {
  const { metadata, spec, status } = workload;
  const name = `${kind} ${metadata.name}`;
  if ((metadata.generation ?? 0) > Number(status?.observedGeneration ?? 0)) {
    return {
      state: 'waiting',
      clause: 'spec-not-observed',
      message: `${name}: its newest spec was not seen yet`,
    };
  }
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const hasDeadline = kind === 'Deployment' || kind === 'Rollout';
  if (hasDeadline && progressing?.reason === 'ProgressDeadlineExceeded') {
    return {
      state: 'hopeless',
      clause: 'progress-deadline-exceeded',
      message: `${name}: its new pods did not become available in time`,
      remedy: 'Look at the new pods; revert the commit or push a correction, then retry.',
    };
  }
  if (kind === 'Deployment' && spec.paused === true) {
    return {
      state: 'waiting',
      clause: 'paused',
      message: `${name} is paused and waits for somebody to resume it`,
    };
  }
  if (kind === 'Rollout') return judgeArgoRollout(workload);
  const missing = missingPods(kind, workload);
  return missing === undefined
    ? undefined
    : { state: 'waiting', clause: 'rolling-out', message: `${name}: ${missing}` };
}

/** What is taken where no deadline is named, in milliseconds (source: defaults of apps/v1; Argo Rollouts has the same). */
const USUAL_PROGRESS_DEADLINE_MS = 600_000;

/** How long new pods may make no progress, in milliseconds; undefined for kinds without a deadline. */
export function progressDeadlineMs(kind: WorkloadKind, { spec }: Workload): number | undefined {
  if (kind !== 'Deployment' && kind !== 'Rollout') return undefined;
  return spec.progressDeadlineSeconds === undefined
    ? USUAL_PROGRESS_DEADLINE_MS
    : spec.progressDeadlineSeconds * 1_000;
}

/** When the condition of its progress became what it is, in milliseconds since 1970; undefined where it does not say. */
export function progressChangedMs({ status }: Workload): number | undefined {
  const { lastUpdateTime = '' } = status?.conditions?.find(({ type }) => type === 'Progressing') ?? {};
  const ms = Date.parse(lastUpdateTime);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What is missing for a complete roll-out, in kubectl's order. */
function missingPods(
  kind: Exclude<WorkloadKind, 'Rollout'>,
  { spec, status = {} }: Workload,
): string | undefined {
  const { updatedReplicas: updated = 0, replicas: total = 0, availableReplicas: available = 0 } = status;
  const wanted = spec.replicas ?? 1;
  switch (kind) {
    case 'Deployment':
      if (updated < wanted) return `${updated} of ${wanted} new pods are there`;
      if (total > updated) return `${total - updated} old pods are still there`;
      return available < updated ? `${available} of ${updated} new pods are available` : undefined;
    case 'StatefulSet': {
      const { readyReplicas: ready = 0, currentRevision, updateRevision } = status;
      if (ready < wanted) return `${ready} of ${wanted} pods are ready`;
      const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
      if (partition > 0) {
        return updated < wanted - partition
          ? `${updated} of ${wanted - partition} new pods are there`
          : undefined;
      }
      return currentRevision === updateRevision ? undefined : `${updated} of ${wanted} pods are new`;
    }
    case 'DaemonSet': {
      const { desiredNumberScheduled: nodes = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
      if (updatedNumberScheduled < nodes) return `${updatedNumberScheduled} of ${nodes} new pods are there`;
      return numberAvailable < nodes ? `${numberAvailable} of ${nodes} new pods are available` : undefined;
    }
  }
}

function judgeRunningImage(
  kind: WorkloadKind,
  workload: Workload,
  image: ImageByDigest | undefined,
  pods: readonly RunningPod[],
): WorkloadJudgement | undefined {
  if (image === undefined) return undefined;
  const name = `${kind} ${workload.metadata.name}`;
  const wanted =
    kind === 'DaemonSet' ? (workload.status?.desiredNumberScheduled ?? 0) : (workload.spec.replicas ?? 1);
  if (wanted === 0) {
    return {
      state: 'hopeless',
      clause: 'scaled-to-zero',
      message: `${name} has no pods at all: nothing shows that the image runs`,
      remedy: 'Scale it up, or wait without an image, then retry.',
    };
  }
  const current = podsOfWorkload(kind, workload, pods);
  const named = containersOf(workload).filter((one) => isOfImage(one.image, image));
  // an image that the spec names in another way, as a mirror's, is known by its content only
  if (named.length === 0) {
    return runsImage(kind, workload, image, pods)
      ? undefined
      : asksForOther(kind, workload, image, 'no container of that name');
  }
  // a spec with the digest leaves the kubelet no choice
  const open = new Set(named.filter((one) => !isImage(one.image, image)).map((one) => one.name));
  if (open.size === 0) return undefined;
  // by the container's name: the kubelet may report any name that the node has for the content
  const containers = current.flatMap((pod) => pod.containers.filter((one) => open.has(one.name)));
  if (containers.length === 0) {
    return { state: 'waiting', clause: 'other-image', message: `${name}: no pod reports the image yet` };
  }
  const other = containers.find(({ imageID }) => imageID !== '' && !isImage(imageID, image));
  if (other !== undefined) {
    return {
      state: 'hopeless',
      clause: 'other-image',
      message: `${name} pulled ${other.imageID}, not ${image.digest}: the tag it asks for means something else`,
      remedy:
        'Name the image by digest in the manifests. If the digest given is that of an image for several platforms, give that of the platform, then retry.',
    };
  }
  return containers.every(({ imageID }) => imageID !== '')
    ? undefined
    : { state: 'waiting', clause: 'other-image', message: `${name}: not every pod has pulled its image yet` };
}
