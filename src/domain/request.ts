/**
 * A request: an immutable document with a random id and a hash, signed at intake. It holds opaque ids and references to
 * personal data, never the personal data itself, so that the chain and the bundles can be kept for ever.
 */
import type { Labels, SecretStoreKind, ValuesMode } from './manifest.js';

/** Reference to a value in the ledger's erasable table, `p_` and 26 base32 characters of a salted hash. */
export type PersonalRef = string;

/** A person by the directory's person id (aliases share it), or a machine by its client id. */
export interface Actor {
  readonly kind: 'person' | 'machine';
  /** opaque id: the directory's person id, or the OIDC client id */
  readonly id: string;
}

export interface SecretStoreTarget {
  readonly kind: SecretStoreKind;
  readonly name: string;
  readonly url: string;
  readonly mount?: string;
  readonly path?: string;
}

/** One cluster of a fleet with every template filled in and every name looked up in the inventory. */
export interface ClusterTarget {
  /** `<cluster>/<stage>`: how people name it */
  readonly key: string;
  readonly cluster: string;
  readonly stage: string;
  /** name of the organisation, `<cluster>-<stage>` */
  readonly organisation: string;
  readonly environment: { readonly name: string; readonly labels: Labels };
  readonly integration: string;
  readonly invite: {
    readonly domain: string;
    readonly people: readonly PersonalRef[];
    readonly groups: readonly string[];
  };
  readonly secretStore: SecretStoreTarget;
  readonly values: {
    readonly project: string;
    readonly branch: string;
    readonly file: string;
    readonly mode: ValuesMode;
    readonly key: string;
  };
  readonly application: { readonly connection: string; readonly namespace: string; readonly name: string };
  readonly externalSecret: { readonly connection: string; readonly namespace: string; readonly name: string };
  readonly adopt: boolean;
}

export interface FleetContent {
  readonly service: string;
  readonly fleet: string;
  readonly maxInFlight: number;
  readonly targets: readonly ClusterTarget[];
}

/** The signed document. Its canonical JSON text is kept as it is; nothing is ever serialised again to verify it. */
export interface FleetRequest {
  readonly version: 1;
  readonly kind: 'Fleet';
  readonly requestId: string;
  readonly workflowId: string;
  readonly requester: Actor;
  /** how the requester is called, for those who decide */
  readonly requesterName?: PersonalRef;
  /** who it is for, as given (an e-mail); resolved to a person when planning */
  readonly requestedFor: PersonalRef;
  readonly ticket?: string;
  readonly reason?: PersonalRef;
  /** where the manifest came from, if from Git */
  readonly source?: { readonly project: string; readonly path: string; readonly commit: string };
  readonly policy: { readonly name: string; readonly digest: string };
  /** SHA-256 over `content`: what "the same" means, without request id, requester and times */
  readonly contentHash: string;
  readonly content: FleetContent;
  readonly acceptedAt: string;
}

export type RequestDocument = FleetRequest;

/** Workflow ids are the mutual exclusion (design, section 4). */
export const workflowIdOf = {
  fleet: (service: string, fleet: string): string => `fleet/${service}/${fleet}`,
  cluster: (service: string, target: Pick<ClusterTarget, 'cluster' | 'stage'>): string =>
    `cluster/${service}/${target.cluster}-${target.stage}`,
} as const;
