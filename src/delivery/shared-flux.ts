import type { Flux, FluxKind, FluxReading, FluxRef } from '../systems/flux/flux.js';
import type { FluxSource, HelmRelease, Kustomization } from '../systems/flux/objects.js';
import { SharedReading, type SharingTimes, type Shown } from './shared-reading.js';

/** What a watch asks of Flux. */
export type FluxReader = Pick<Flux, 'kustomization' | 'helmRelease' | 'source' | 'requestReconcile'>;
type FluxLists = Pick<Flux, 'kustomizations' | 'helmReleases' | 'sources'>;

/** Flux's objects of one cluster, each kind of a namespace read once for all who wait. */
export class SharedFlux implements FluxReader {
  readonly #flux: FluxReader & FluxLists;
  readonly #times: SharingTimes | undefined;
  readonly #kustomizations = new Map<string, SharedReading<Kustomization>>();
  readonly #helmReleases = new Map<string, SharedReading<HelmRelease>>();
  readonly #sources = new Map<string, SharedReading<FluxSource>>();

  constructor(flux: FluxReader & FluxLists, times?: SharingTimes) {
    this.#flux = flux;
    this.#times = times;
  }

  async kustomization(ref: Omit<FluxRef, 'kind'>, signal?: AbortSignal): Promise<FluxReading<Kustomization>> {
    return await this.#kustomizationsIn(ref.namespace).reading(ref.name, signal);
  }

  async helmRelease(ref: Omit<FluxRef, 'kind'>, signal?: AbortSignal): Promise<FluxReading<HelmRelease>> {
    return await this.#helmReleasesIn(ref.namespace).reading(ref.name, signal);
  }

  async source(ref: FluxRef, signal?: AbortSignal): Promise<FluxReading<FluxSource>> {
    return await this.#sourcesIn(ref.kind, ref.namespace).reading(ref.name, signal);
  }

  async requestReconcile(ref: FluxRef, token: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#flux.requestReconcile(ref, token, signal);
    } finally {
      this.#readingOf(ref).changed(ref.name);
    }
  }

  #readingOf({ kind, namespace }: FluxRef): { changed(name: string): void } {
    if (kind === 'Kustomization') return this.#kustomizationsIn(namespace);
    if (kind === 'HelmRelease') return this.#helmReleasesIn(namespace);
    return this.#sourcesIn(kind, namespace);
  }

  #kustomizationsIn(namespace: string): SharedReading<Kustomization> {
    return this.#kept(this.#kustomizations, namespace, {
      one: (name) => this.#flux.kustomization({ namespace, name }),
      all: () => this.#flux.kustomizations(namespace),
    });
  }

  #helmReleasesIn(namespace: string): SharedReading<HelmRelease> {
    return this.#kept(this.#helmReleases, namespace, {
      one: (name) => this.#flux.helmRelease({ namespace, name }),
      all: () => this.#flux.helmReleases(namespace),
    });
  }

  #sourcesIn(kind: FluxKind, namespace: string): SharedReading<FluxSource> {
    return this.#kept(this.#sources, `${kind} ${namespace}`, {
      one: (name) => this.#flux.source({ kind, namespace, name }),
      all: () => this.#flux.sources(kind, namespace),
    });
  }

  #kept<T>(
    kept: Map<string, SharedReading<T>>,
    key: string,
    source: {
      readonly one: (name: string) => Promise<Shown<T>>;
      readonly all: () => ReturnType<ConstructorParameters<typeof SharedReading<T>>[0]['all']>;
    },
  ): SharedReading<T> {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = new SharedReading<T>(source, this.#times);
    kept.set(key, made);
    return made;
  }
}
