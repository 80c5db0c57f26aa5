/**
 * Which pods say what a workload runs. A selector also finds what others made: pods of a Job that has the chart's labels,
 * pods that were evicted days ago. Pure.
 */
import type { RunningPod } from './client.js';
import type { Workload, WorkloadKind } from './workload.js';

/** Phases of pods that run no more; nobody takes them away for a while (source: kubernetes, pod garbage collection). */
const OVER: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/**
 * The pods that a workload runs now, of those that its selector finds. What nobody owns counts only where it owns none: it is
 * adopted as soon as its controller sees it.
 */
export function podsOfWorkload(
  kind: WorkloadKind,
  workload: Workload,
  pods: readonly RunningPod[],
): readonly RunningPod[] {
  const running = pods.filter(({ ends, phase }) => !ends && !OVER.has(phase));
  const owned = running.filter((pod) => isOwnedBy(kind, workload, pod));
  return owned.length > 0 ? owned : running.filter(({ owner }) => owner === undefined);
}

/**
 * A Deployment owns pods by its ReplicaSets, whose names are its own and the hash of the template (source: Kubernetes,
 * pkg/controller/deployment/sync.go; argo-rollouts, rollout/sync.go): no right to read these is needed.
 */
function isOwnedBy(kind: WorkloadKind, { metadata }: Workload, { owner, templateHash }: RunningPod): boolean {
  if (owner === undefined) return false;
  if (kind === 'Deployment' || kind === 'Rollout') {
    return (
      owner.kind === 'ReplicaSet' && templateHash !== '' && owner.name === `${metadata.name}-${templateHash}`
    );
  }
  const isNamed = owner.kind === kind && owner.name === metadata.name;
  return isNamed && (metadata.uid === undefined || owner.uid === metadata.uid);
}

/** What a container runs, by content. */
export interface RunningContainer {
  readonly container: string;
  /** `sha256:…` as it was pulled: of an image for several platforms the index, or the platform */
  readonly digest: string;
}

/** What runs in pods, each pair once; a container that has pulled nothing yet is left out. */
export function runningContainers(pods: readonly RunningPod[]): readonly RunningContainer[] {
  const found = new Map<string, RunningContainer>();
  for (const { containers } of pods) {
    for (const { name, imageID } of containers) {
      const digest = digestIn(imageID);
      if (digest !== undefined) found.set(`${name} ${digest}`, { container: name, digest });
    }
  }
  return [...found.values()];
}

/** The digest at the end of a name; runtimes write `name@sha256:…`, `docker-pullable://name@sha256:…` or the digest alone. */
export function digestIn(name: string): string | undefined {
  return /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(name)?.[1];
}
