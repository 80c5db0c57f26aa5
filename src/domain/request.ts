/**
 * A request: an immutable document with a random id and a hash, signed at intake. It holds opaque ids and references to
 * personal data, never the personal data itself, so that the chain and the bundles can be kept for ever.
 */
import type { Labels, SecretStoreKind, ValuesMode } from './manifest.js';
import type { PromotionContent } from './promotion/request.js';

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

/**
 * What every signed document says, whatever it asks for. Its canonical JSON text is kept as it is; nothing is ever
 * serialised again to verify it.
 */
interface SignedRequest {
  readonly version: 1;
  readonly requestId: string;
  readonly workflowId: string;
  readonly requester: Actor;
  /** how the requester is called, for those who decide */
  readonly requesterName?: PersonalRef;
  readonly ticket?: string;
  readonly reason?: PersonalRef;
  /** where the manifest came from, if from Git */
  readonly source?: { readonly project: string; readonly path: string; readonly commit: string };
  readonly policy: { readonly name: string; readonly digest: string };
  /** SHA-256 over `content`: what "the same" means, without request id, requester and times */
  readonly contentHash: string;
  readonly acceptedAt: string;
}

export interface FleetRequest extends SignedRequest {
  readonly kind: 'Fleet';
  /** who it is for, as given (an e-mail); resolved to a person when planning */
  readonly requestedFor: PersonalRef;
  readonly content: FleetContent;
}

export interface PromotionRequest extends SignedRequest {
  readonly kind: 'Promotion';
  readonly requestedFor?: PersonalRef;
  readonly content: PromotionContent;
}

export type RequestDocument = FleetRequest | PromotionRequest;

export const REQUEST_KINDS = ['Fleet', 'Promotion'] as const satisfies readonly RequestDocument['kind'][];
export type RequestKind = RequestDocument['kind'];

/** What a policy applies to: the subject of a request. */
export type PolicySubject =
  | { readonly kind: 'Fleet'; readonly service: string }
  | {
      readonly kind: 'Promotion';
      readonly application: string;
      readonly environment: string;
      readonly exception?: string;
      /** the group that a gate of `owners` asks */
      readonly owners: string;
    };

/** The subject by which the policy of a request is found. */
export function policySubjectOf(request: RequestDocument): PolicySubject {
  if (request.kind === 'Fleet') return { kind: 'Fleet', service: request.content.service };
  const { application, environment, exception, owners } = request.content;
  return {
    kind: 'Promotion',
    application,
    environment,
    owners,
    ...(exception === undefined ? {} : { exception }),
  };
}

/** Workflow ids are the mutual exclusion (design, section 4). */
export const workflowIdOf = {
  fleet: (service: string, fleet: string): string => `fleet/${service}/${fleet}`,
  cluster: (service: string, target: Pick<ClusterTarget, 'cluster' | 'stage'>): string =>
    `cluster/${service}/${target.cluster}-${target.stage}`,
  promotion: (application: string, environment: string): string => `promotion/${application}/${environment}`,
  /** one in shadow is in nobody's way, and is no promotion of the environment */
  shadow: (application: string, environment: string): string => `shadow/${application}/${environment}`,
  /** @param key of the place, `<application>/<environment>/<place>` */
  place: (key: string): string => `place/${key}`,
  endNotice: (requestId: string): string => `end/${requestId}`,
} as const;
