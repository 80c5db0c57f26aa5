/**
 * A promotion path: the environments of one application in order, what each needs, where its files are and what delivers
 * them. Written by administrators as a file of kind `Path`; requests name an environment of it, never a place.
 */
import type { API_VERSION, Metadata } from '../manifest.js';
import type { Window } from './windows.js';

/** A Helm chart by its name and the repository that holds it: `oci://host/folder` or `https://…` with an index. */
export interface ChartSource {
  readonly name: string;
  readonly repository: string;
}

/**
 * One place in the files that a release changes:
 * - `kustomize-image` an entry of `images` in a kustomization; the tag is the release's with another prefix, or the digest
 * - `manifest-image` every place below the directory where the image stands
 * - `chart-version` a scalar, e.g. `spec.chart.spec.version` of a HelmRelease
 * - `value` any value of any YAML or JSON file, and which part of the release it takes
 */
export type Edit =
  | {
      readonly kind: 'kustomize-image';
      readonly file: string;
      readonly image: string;
      /** `digest`, or the prefix that replaces that of the environment before, e.g. `prd-` */
      readonly by: { readonly digest: true } | { readonly tagPrefix: string };
    }
  | { readonly kind: 'manifest-image'; readonly image: string }
  | {
      readonly kind: 'chart-version';
      readonly file: string;
      readonly at: string;
      readonly chart: string;
    }
  | ValueEdit;

/** What a value may take of an image of the release. */
export const IMAGE_PARTS = ['tag', 'digest', 'repository:tag', 'repository@digest'] as const;
export type ImagePart = (typeof IMAGE_PARTS)[number];

/** `at` as `parseValuePath` reads it; `prefix` is the tag's here instead of that of the environment before, e.g. `prd-`. */
export type ValueEdit = { readonly kind: 'value'; readonly file: string; readonly at: string } & (
  | { readonly image: string; readonly take: ImagePart; readonly prefix?: string }
  | { readonly chart: string; readonly take: 'version'; readonly prefix?: string }
);

/**
 * How a release reaches the files of a place:
 * - `copy` the directory of the environment before, as it was at the release's commit; `keep` are the place's own files
 * - `edit` the named scalars, nothing else
 */
export type Change =
  | { readonly kind: 'copy'; readonly keep: readonly string[] }
  | { readonly kind: 'edit'; readonly edits: readonly Edit[] };

/** A workload whose pods must run the release's images. */
export interface WorkloadRef {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout';
  readonly namespace: string;
  readonly name: string;
}

export interface HelmReleaseRef {
  readonly name: string;
  readonly chart: string;
  /** unset: that of the delivery */
  readonly namespace?: string;
}

/** What brings a directory into one cluster. `connection` names a Kubernetes connection of the installation. */
export type Delivery = {
  readonly name: string;
  /** where the workloads run */
  readonly cluster: string;
  readonly workloads: readonly WorkloadRef[];
} & (
  | {
      readonly kind: 'argocd';
      readonly connection: string;
      readonly namespace: string;
      readonly application: string;
    }
  | {
      readonly kind: 'flux';
      readonly connection: string;
      readonly namespace: string;
      readonly kustomization: string;
      /** HelmReleases that must be ready with the release's chart */
      readonly helmReleases: readonly HelmReleaseRef[];
    }
);

/** What an Application says of a chart in its directory (`spec.source.helm`). */
export interface ChartSettings {
  /** relative to the directory; later ones win */
  readonly valueFiles: readonly string[];
  /** default: name of the Application */
  readonly releaseName?: string;
  /** default: that of the first workload */
  readonly namespace?: string;
}

/** A directory of a project and the deliveries that read it: the unit of a merge, and of a wave. */
export interface Place {
  readonly name: string;
  readonly project: string;
  readonly branch: string;
  readonly directory: string;
  /** Argo CD reads plain manifests below it too (`directory.recurse`). Unset: no */
  readonly recurse?: true;
  /** its files are values that something else reads, such as an ApplicationSet, and no manifests. Unset: no */
  readonly config?: true;
  /** how Argo CD renders a chart that stands in it */
  readonly helm?: ChartSettings;
  readonly change: Change;
  readonly deliveries: readonly Delivery[];
}

/** A check after the delivery. Times in milliseconds. */
export type Check = {
  readonly name: string;
  readonly timeoutMs: number;
} & (
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly expectStatus: number;
      readonly expectBodyContains?: string;
    }
  | {
      readonly kind: 'metric';
      readonly query: string;
      /** the value must be at most, or at least, this */
      readonly atMost?: number;
      readonly atLeast?: number;
    }
  | {
      /** the suspended CronJob whose template is run once as a Job */
      readonly kind: 'job';
      readonly connection: string;
      readonly namespace: string;
      readonly cronJob: string;
    }
);

/** Largest number of findings of a severity that may go on; a missing report never does. */
export interface ScanLimits {
  readonly critical: number;
  readonly high: number;
}

/** What promoting into an environment needs and does. Places are in it too: all of it is signed with the request. */
export interface EnvironmentRules {
  /** unset: reports are not asked for */
  readonly scan?: ScanLimits;
  /** whether a change record is opened, approved in its own system, and closed */
  readonly changeRecord: boolean;
  /** `refuse`: shared bases and charts that are not pinned to a commit, version or digest stop the plan */
  readonly unpinned: 'refuse' | 'warn';
  /** kinds without a namespace that may be changed */
  readonly clusterKinds: readonly string[];
  readonly namespaces: readonly string[];
  readonly windows: readonly Window[];
  readonly checks: readonly Check[];
  readonly soakMs: number;
  /** how long after success a regression is looked for */
  readonly watchMs: number;
  /** how long what was delivered may be Degraded; unset: as long as its workloads may take, and the stabilisation */
  readonly degradedMs?: number;
  readonly onFailure: 'rollback' | 'hold';
  /** what a different release for an open promotion means; `queue`: it waits for its turn */
  readonly whileOpen: 'refuse' | 'queue' | 'latest-wins';
  readonly rollout: {
    /** sizes of waves: counts of places or per cent of all, in order; the last one is repeated */
    readonly waves: readonly (number | `${number}%`)[];
    readonly maxInFlight: number;
    /** failed places that are borne before the rollout stops by itself */
    readonly maxFailures: number;
  };
}

export interface PathEnvironment extends EnvironmentRules {
  readonly name: string;
  /** every promotion into it is one in shadow: it only says what it would do. Unset: no */
  readonly shadow?: true;
  readonly places: readonly Place[];
}

export interface PathManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Path';
  readonly metadata: Metadata;
  readonly spec: {
    /** group that owns the application; a gate whose group is `owners` asks it */
    readonly owners: string;
    /** image repositories of the application, without tag or digest */
    readonly images: readonly string[];
    readonly charts: readonly ChartSource[];
    /** in order; the first one is where releases come from */
    readonly environments: readonly [PathEnvironment, PathEnvironment, ...PathEnvironment[]];
  };
}

/** In a policy, stands for the owners' group of the application. */
export const OWNERS = 'owners';
