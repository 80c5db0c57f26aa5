import { KubernetesClient, type ObjectRef } from '../kubernetes/client.js';
import type { KubernetesConnection } from '../kubernetes/connection.js';
import {
  type FluxSource,
  type HelmRelease,
  helmReleaseFrom,
  type Kustomization,
  kustomizationFrom,
  RECONCILE_ANNOTATION,
  sourceFrom,
} from './objects.js';

export interface FluxOptions {
  /** the cluster in which Flux runs */
  readonly connection: KubernetesConnection;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
}

/** Kinds of Flux's objects that are read and asked to reconcile. */
export type FluxKind =
  | 'Kustomization'
  | 'HelmRelease'
  | 'GitRepository'
  | 'OCIRepository'
  | 'ExternalArtifact'
  | 'HelmChart';

const KINDS: Readonly<
  Record<FluxKind, { readonly group: string; readonly version: string; readonly plural: string }>
> = {
  Kustomization: { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations' },
  HelmRelease: { group: 'helm.toolkit.fluxcd.io', version: 'v2', plural: 'helmreleases' },
  GitRepository: { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'gitrepositories' },
  OCIRepository: { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'ocirepositories' },
  ExternalArtifact: { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'externalartifacts' },
  HelmChart: { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'helmcharts' },
};

/** One object of Flux by its natural key. */
export interface FluxRef {
  readonly kind: FluxKind;
  readonly namespace: string;
  readonly name: string;
}

/** A reading with the clock of the API server (ISO 8601, whole seconds), by which its times are to be judged. */
export interface FluxReading<T> {
  readonly object: T | null;
  readonly serverTime: string | undefined;
}

/** All objects of a kind in a namespace by name, with the clock of the API server. */
export interface FluxListing<T> {
  readonly objects: ReadonlyMap<string, T>;
  readonly serverTime: string | undefined;
}

/** The kind of a source as a reference names it; undefined for a kind that is not known. */
export function sourceKindOf(kind: string): FluxKind | undefined {
  return kind === 'GitRepository' ||
    kind === 'OCIRepository' ||
    kind === 'ExternalArtifact' ||
    kind === 'HelmChart'
    ? kind
    : undefined;
}

/** Flux's objects, read and asked to reconcile through the API of the cluster. */
export class Flux {
  readonly #kubernetes: KubernetesClient;

  constructor(options: FluxOptions) {
    this.#kubernetes = new KubernetesClient({
      system: 'flux',
      connection: options.connection,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  /** @throws SystemError */
  async kustomization(ref: Omit<FluxRef, 'kind'>, signal?: AbortSignal): Promise<FluxReading<Kustomization>> {
    return this.#read({ ...ref, kind: 'Kustomization' }, kustomizationFrom, signal);
  }

  /** @throws SystemError */
  async helmRelease(ref: Omit<FluxRef, 'kind'>, signal?: AbortSignal): Promise<FluxReading<HelmRelease>> {
    return this.#read({ ...ref, kind: 'HelmRelease' }, helmReleaseFrom, signal);
  }

  /** GitRepository, OCIRepository, ExternalArtifact or HelmChart. @throws SystemError */
  async source(ref: FluxRef, signal?: AbortSignal): Promise<FluxReading<FluxSource>> {
    return this.#read(ref, sourceFrom, signal);
  }

  /**
   * All objects of a kind in a namespace, by name.
   * @throws SystemError kind `malformed` when one of them is not of its shape
   */
  async kustomizations(namespace: string, signal?: AbortSignal): Promise<FluxListing<Kustomization>> {
    return this.#list('Kustomization', namespace, kustomizationFrom, signal);
  }

  /** @throws SystemError as `kustomizations` */
  async helmReleases(namespace: string, signal?: AbortSignal): Promise<FluxListing<HelmRelease>> {
    return this.#list('HelmRelease', namespace, helmReleaseFrom, signal);
  }

  /** @throws SystemError as `kustomizations` */
  async sources(kind: FluxKind, namespace: string, signal?: AbortSignal): Promise<FluxListing<FluxSource>> {
    return this.#list(kind, namespace, sourceFrom, signal);
  }

  /**
   * Asks for a reconciliation. `lastHandledReconcileAt` of the object becomes the token when one that began after this
   * call has ended; asking again with another token is harmless.
   * @throws SystemError kind `not-found` when the object does not exist
   */
  async requestReconcile(ref: FluxRef, token: string, signal?: AbortSignal): Promise<void> {
    await this.#kubernetes.mergePatch(
      objectRef(ref),
      { metadata: { annotations: { [RECONCILE_ANNOTATION]: token } } },
      signal,
    );
  }

  async #list<T extends { readonly metadata: { readonly name: string } }>(
    kind: FluxKind,
    namespace: string,
    take: (object: unknown, subject: { system: 'flux'; operation: string; object: string }) => T,
    signal: AbortSignal | undefined,
  ): Promise<FluxListing<T>> {
    const { objects, serverTime } = await this.#kubernetes.list({ ...KINDS[kind], namespace }, '', signal);
    const subject = { system: 'flux', operation: `list ${KINDS[kind].plural}`, object: namespace } as const;
    const taken = objects.map((object) => take(object, subject));
    return { objects: new Map(taken.map((object) => [object.metadata.name, object])), serverTime };
  }

  async #read<T>(
    ref: FluxRef,
    take: (object: unknown, subject: { system: 'flux'; operation: string; object: string }) => T,
    signal: AbortSignal | undefined,
  ): Promise<FluxReading<T>> {
    const { object, serverTime } = await this.#kubernetes.read(objectRef(ref), signal);
    const subject = {
      system: 'flux',
      operation: `get ${KINDS[ref.kind].plural}`,
      object: `${ref.namespace}/${ref.name}`,
    } as const;
    return { object: object === null ? null : take(object, subject), serverTime };
  }
}

function objectRef({ kind, namespace, name }: FluxRef): ObjectRef {
  return { ...KINDS[kind], namespace, name };
}
