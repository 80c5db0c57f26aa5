/**
 * The files that users write: `Fleet`, `Policy`, `Inventory` (design, section 9). These are the shapes after parsing and
 * validation; reading YAML, positions and faults are the business of `src/manifests`.
 */

import type { Exception } from './promotion/request.js';

export const API_VERSION = 'gatehouse/v1';

export interface Metadata {
  readonly name: string;
}

/** `key: value` labels of an environment at the vendor. */
export type Labels = Readonly<Record<string, string>>;

/** Who is invited to the organisation of a cluster. */
export interface InviteSpec {
  /** company domain that given.surname is put in front of, lower case */
  readonly domain: string;
  /** e-mail addresses, each looked up in the directory for given name and surname */
  readonly people: readonly string[];
  /** directory group ids, whose members' mail is used as it is */
  readonly groups: readonly string[];
}

/**
 * How the Helm values refer to the credentials:
 * `client-id` writes the client id into the values; `reference` writes only the name and keys of the Kubernetes secret.
 */
export type ValuesMode = 'client-id' | 'reference';

export interface ValuesSpec {
  /** GitLab project path, must be listed in the inventory */
  readonly project: string;
  /** path in the project, a template with `{cluster}`, `{stage}`, `{service}` */
  readonly file: string;
  readonly mode: ValuesMode;
  /** dotted path of the credentials block in the YAML file */
  readonly key: string;
}

export interface ClusterSpec {
  readonly name: string;
  readonly stage: string;
  readonly labels: Labels;
  readonly invite: InviteSpec;
  /** name of the secret store in the inventory, a template */
  readonly vault: string;
  readonly values: ValuesSpec;
  /** name of the Argo CD Application, a template */
  readonly application: string;
  /** the plan may adopt an organisation that exists and is not ours (import) */
  readonly adopt: boolean;
}

export interface RolloutSpec {
  /** clusters worked on at the same time */
  readonly maxInFlight: number;
}

/** A `Fleet` with defaults merged into each cluster, still with templates. */
export interface FleetManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Fleet';
  readonly metadata: Metadata;
  readonly spec: {
    readonly service: string;
    readonly clusters: readonly ClusterSpec[];
    readonly rollout: RolloutSpec;
  };
}

/** Evidence that an approver must give, by its kind. */
export type EvidenceName = 'contractNumber' | 'licences' | 'validUntil' | 'assessmentUrl' | 'link';

/** Durations are written `30m`, `12h`, `5d`; here in milliseconds. */
export interface GatePolicy {
  readonly name: string;
  readonly approvers: {
    readonly group: string;
    readonly need: number;
    /** how many must agree when the plan is of high risk; unset: as always */
    readonly needAtHighRisk?: number;
  };
  readonly evidence: readonly EvidenceName[];
  /** gates that must have passed before this one opens; none: opens at once, side by side with others */
  readonly after: readonly string[];
  readonly remindEveryMs?: number;
  readonly escalate?: { readonly afterMs: number; readonly toGroup: string };
  /** silence never approves: at the deadline the request is rejected */
  readonly deadline?: { readonly afterMs: number; readonly then: 'reject' };
  /** largest age of the approver's login in milliseconds; unset: any valid session */
  readonly freshLoginMs?: number;
  /** a review after the work is done: effects do not wait for it, the end of the request does */
  readonly afterwards?: boolean;
}

/** What a policy governs. Of a promotion, `*` stands for every application or environment; the most exact one counts. */
export type AppliesTo =
  | { readonly kind: 'Fleet'; readonly service: string }
  | {
      readonly kind: 'Promotion';
      readonly application: string;
      readonly environment: string;
      /** unset: the normal way */
      readonly exception?: Exception;
    };

export interface PolicyManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Policy';
  readonly metadata: Metadata;
  readonly spec: {
    readonly appliesTo: AppliesTo;
    readonly gates: readonly GatePolicy[];
    /** what a different content for a target with an open run means; only policies that were pinned long ago say `amend` */
    readonly whileOpen: 'amend' | 'refuse';
  };
}

export type SecretStoreKind = 'azure-key-vault' | 'vault';

/** Where a secret store's name leads; `name` may hold `{cluster}` and `{stage}`, `url` and `path` may hold `{name}` too. */
export interface SecretStoreEntry {
  readonly name: string;
  readonly kind: SecretStoreKind;
  readonly url: string;
  /** kind `vault`: mount of the kv v2 engine and path below it */
  readonly mount?: string;
  readonly path?: string;
}

/** Where a service may write the values of clusters. */
export interface ValuesPlace {
  readonly project: string;
  /** below it lie the files, a template with `{cluster}`, `{stage}`, `{service}`; the empty text: anywhere */
  readonly directory: string;
  /** dotted path of the only block that may be written */
  readonly key: string;
  /** `<cluster>/<stage>` that it is for; unset: every cluster of the inventory */
  readonly clusters?: readonly string[];
}

export interface InventoryManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Inventory';
  readonly metadata: Metadata;
  readonly spec: {
    readonly clusters: readonly {
      readonly name: string;
      readonly stage: string;
      /** name of the Kubernetes connection (configuration) of the cluster itself */
      readonly kubernetes: string;
      /** name of the Kubernetes connection that holds the Argo CD Applications */
      readonly argocd: string;
      readonly argocdNamespace: string;
      /** namespace of the service's workloads and its ExternalSecret */
      readonly namespace: string;
      readonly externalSecret: string;
    }[];
    readonly secretStores: readonly SecretStoreEntry[];
    readonly projects: readonly { readonly path: string; readonly branch: string }[];
    /** by service: where it may write. A service that is not in it is onboarded nowhere */
    readonly services: Readonly<Record<string, readonly ValuesPlace[]>>;
    /** group names used in policies to directory group ids */
    readonly groups: Readonly<Record<string, string>>;
    /** who may start, see and operate, by group name */
    readonly roles: {
      readonly requesters: readonly string[];
      readonly operators: readonly string[];
      readonly auditors: readonly string[];
    };
  };
}
