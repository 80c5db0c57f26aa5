/** What is waited for, and what must run. */
import type { WorkloadKind } from '../systems/kubernetes/workload.js';
import type { ImageByDigest } from '../systems/kubernetes/workload-state.js';

export type WaitTarget =
  | { readonly kind: 'application'; readonly name: string; readonly namespace: string }
  | {
      readonly kind: 'applications';
      readonly selector: string;
      readonly expect: number;
      readonly namespace: string;
    }
  | { readonly kind: 'kustomization' | 'helmrelease'; readonly name: string; readonly namespace: string };

export interface WantedWorkload {
  readonly kind: WorkloadKind;
  readonly name: string;
  /** the namespace of the target's resources when left out */
  readonly namespace?: string;
}

/** What must run. */
export interface Wanted {
  readonly target: WaitTarget;
  /** 40 or 64 hexadecimal digits; undefined when only a chart version is wanted */
  readonly revision?: string;
  readonly chartVersion?: string;
  readonly images: readonly ImageByDigest[];
  readonly workloads: readonly WantedWorkload[];
}
