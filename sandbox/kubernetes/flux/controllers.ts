/**
 * Flux at work in the clusters of the stand-in: source-, kustomize- and helm-controller on the real commits of the GitLab
 * stand-in and the real artifacts of the Harbor stand-in. They run where the settings say so: elsewhere a test writes what
 * they would write.
 */
import type { RepositoryMirror } from '../argocd/repository-mirror.js';
import type { ObjectKey, ObjectStore, Recorder, StoreEvent } from '../object-store.js';
import type { KubeObject } from '../objects.js';
import { resourceOf } from '../resources.js';
import type { FluxSettings } from '../state.js';
import { AppliedObjects } from './applied-objects.js';
import type { ControllerTools } from './controller-tools.js';
import { reconcileHelmRelease } from './helm-release.js';
import { reconcileKustomization } from './kustomization.js';
import { ReconcileQueue } from './reconcile-queue.js';
import { PullingRegistry, type RegistryOptions } from './registry.js';
import { reconcileSource } from './sources.js';
import { RECONCILE_ANNOTATION, textAt } from './status.js';

export interface FluxOptions {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly settings: () => FluxSettings;
  /** milliseconds until a Deployment has rolled out */
  readonly rolloutMs: () => number;
  readonly mirrorOf: (url: string) => RepositoryMirror;
  readonly registryLogin: RegistryOptions['login'];
  /** an error that is a mistake in the stand-in */
  readonly onError: (error: unknown) => void;
}

/** Which controller reconciles a kind. */
const CONTROLLER_OF: ReadonlyMap<string, FluxSettings['down'][number]> = new Map([
  ['gitrepositories', 'source'],
  ['ocirepositories', 'source'],
  ['helmcharts', 'source'],
  ['kustomizations', 'kustomize'],
  ['helmreleases', 'helm'],
]);

export class FluxControllers {
  readonly #options: FluxOptions;
  readonly #queue: ReconcileQueue;
  readonly #objects: AppliedObjects;
  readonly #tools: ControllerTools & {
    readonly mirrorOf: FluxOptions['mirrorOf'];
    readonly registry: PullingRegistry;
    readonly objects: AppliedObjects;
  };
  /** what of an object led to its last reconciliation: its spec and the request */
  readonly #causes = new Map<string, string>();
  readonly #artifacts = new Map<string, string>();
  readonly #unsubscribe: () => void;
  #stopped = false;

  constructor(options: FluxOptions) {
    this.#options = options;
    const { store, record, onError } = options;
    const registry = new PullingRegistry({ login: options.registryLogin });
    this.#objects = new AppliedObjects({
      store,
      record,
      registry,
      onError,
      rolloutMs: options.rolloutMs,
      crashes: (image) => options.settings().crashing.includes(image),
    });
    this.#tools = {
      store,
      record,
      registry,
      objects: this.#objects,
      mirrorOf: options.mirrorOf,
      isStopped: () => this.#stopped,
      retryMs: () => options.settings().retryMs,
    };
    this.#queue = new ReconcileQueue({
      isUp: (plural) => this.#isUp(plural),
      reconcile: (key) => this.#reconcile(key),
      onError,
    });
    this.#unsubscribe = store.onChange((event) => this.#changed(event));
  }

  /** Takes up what is in a cluster, as controllers do that start. */
  start(cluster: string): void {
    for (const plural of CONTROLLER_OF.keys()) {
      for (const { key } of this.#options.store.list(cluster, resourceOf(plural))) this.#queue.wake(key);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#objects.stop();
    await this.#queue.stop();
  }

  #isUp(plural: string): boolean {
    const { running, down } = this.#options.settings();
    const controller = CONTROLLER_OF.get(plural);
    return running && controller !== undefined && !down.includes(controller);
  }

  #reconcile(key: ObjectKey): Promise<number | undefined> {
    if (key.resource.plural === 'kustomizations') return reconcileKustomization(key, this.#tools);
    return key.resource.plural === 'helmreleases'
      ? reconcileHelmRelease(key, this.#tools)
      : reconcileSource(key, this.#tools);
  }

  /** A spec or a request leads to a reconciliation; so does another artifact, for all that are made of it. */
  #changed({ key, object, type }: StoreEvent): void {
    if (!CONTROLLER_OF.has(key.resource.plural) || type === 'DELETED') return;
    const id = [key.cluster, key.resource.plural, key.namespace, key.name].join('\n');
    const cause = `${object.metadata.generation} ${object.metadata.annotations?.[RECONCILE_ANNOTATION] ?? ''}`;
    if (this.#causes.get(id) !== cause) {
      this.#causes.set(id, cause);
      this.#queue.wake(key);
    }
    const revision = textAt(object, 'status', 'artifact', 'revision');
    if (revision === '' || this.#artifacts.get(id) === revision) return;
    this.#artifacts.set(id, revision);
    for (const dependant of this.#dependantsOf(key, object)) this.#queue.wake(dependant);
  }

  #dependantsOf(key: ObjectKey, source: KubeObject): readonly ObjectKey[] {
    const all = (plural: string) => this.#options.store.list(key.cluster, resourceOf(plural));
    const names = (object: KubeObject, at: ObjectKey, ...path: readonly string[]): boolean =>
      textAt(object, ...path, 'kind') === source.kind &&
      textAt(object, ...path, 'name') === key.name &&
      (textAt(object, ...path, 'namespace') || at.namespace) === key.namespace;
    return [
      ...all('kustomizations').filter((one) => names(one.object, one.key, 'spec', 'sourceRef')),
      ...all('helmreleases').filter(
        (one) =>
          textAt(one.object, 'status', 'helmChart') === `${key.namespace}/${key.name}` ||
          names(one.object, one.key, 'spec', 'chartRef'),
      ),
    ].map((one) => one.key);
  }
}
