/** Objects that kustomize-controller and helm-controller put into a cluster, and whether they are well. */
import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import type { KubeObject, Loose } from '../objects.js';
import { RESOURCES, type Resource } from '../resources.js';
import { applied, imagesOf, metadataOf, type PulledImage, rolledOut, stuck } from '../rollout.js';
import { PullFailed, type PullingRegistry } from './registry.js';
import { conditionOf, isObserved, isReady, listAt, textAt, valueAt } from './status.js';

export interface ClusterOptions {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly registry: PullingRegistry;
  /** milliseconds until a Deployment has rolled out */
  readonly rolloutMs: () => number;
  /** true for an image that crashes when it starts */
  readonly crashes: (image: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** An object that the API server does not take: its words. */
export class ApplyRefused extends Error {
  override readonly name = 'ApplyRefused';
}

/** An entry of an inventory: `<namespace>_<name>_<group>_<kind>`. */
export interface InventoryEntry {
  readonly id: string;
  readonly v: string;
}

export class AppliedObjects {
  readonly #options: ClusterOptions;
  readonly #rollouts = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#rollouts.values()) clearTimeout(timer);
  }

  /**
   * Applies manifests. Kinds that the stand-in does not serve are in the inventory only, since nobody can read them.
   * @throws ApplyRefused
   */
  apply(cluster: string, namespace: string, manifests: readonly Loose[]): readonly InventoryEntry[] {
    return manifests.map((manifest) => {
      const { id, version, resource } = identityOf(manifest, namespace);
      if (resource !== undefined) this.#put(keyOf(cluster, id, resource), manifest);
      return { id, v: version };
    });
  }

  /** Removes what stands in the first inventory and no longer in the second. */
  prune(cluster: string, before: readonly InventoryEntry[], after: readonly InventoryEntry[]): void {
    const { store, record } = this.#options;
    const kept = new Set(after.map(({ id }) => id));
    for (const { id } of before) {
      const key = kept.has(id) ? undefined : keyOfEntry(cluster, id);
      if (key !== undefined) store.remove(key, record);
    }
  }

  /** The objects of an inventory as they are now. */
  read(cluster: string, inventory: readonly InventoryEntry[]): readonly KubeObject[] {
    return inventory.flatMap(({ id }) => {
      const key = keyOfEntry(cluster, id);
      const object = key === undefined ? null : this.#options.store.get(key);
      return object === null ? [] : [object];
    });
  }

  /** Puts objects back as they were; what came since is removed. */
  restore(cluster: string, before: readonly KubeObject[], inventory: readonly InventoryEntry[]): void {
    const { store, record } = this.#options;
    for (const { id } of inventory) {
      const key = keyOfEntry(cluster, id);
      if (key === undefined) continue;
      const old = before.find(
        ({ kind, metadata }) => kind === key.resource.kind && metadata.name === key.name,
      );
      if (old === undefined) store.remove(key, record);
      else this.#put(key, old);
    }
  }

  #put(key: ObjectKey, manifest: Loose): void {
    const { store, record } = this.#options;
    const meta = metadataOf(manifest);
    const { namespace: _, ...rest } = meta;
    const placed = {
      ...manifest,
      metadata: { ...rest, ...(key.namespace === '' ? {} : { namespace: key.namespace }) },
    };
    const live = store.get(key);
    try {
      if (live === null) store.create(key, withoutStatus(placed), record);
      else store.replace(key, applied(live, withoutStatus(placed)), record);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new ApplyRefused(
        `${key.resource.kind}/${key.namespace}/${key.name} dry-run failed (Invalid): ${words}`,
      );
    }
    if (key.resource.plural === 'deployments') this.#planRollout(key);
  }

  /** The workload controllers and kubelets at work, some time after an apply. */
  #planRollout(key: ObjectKey): void {
    const object = this.#options.store.get(key);
    if (object === null || healthOf(object) === 'Current' || this.#stopped) return;
    const id = `${key.cluster} ${key.namespace}/${key.name}`;
    clearTimeout(this.#rollouts.get(id));
    const timer = setTimeout(() => {
      this.#rollouts.delete(id);
      this.#rollOut(key).catch(this.#options.onError);
    }, this.#options.rolloutMs());
    this.#rollouts.set(id, timer);
  }

  async #rollOut(key: ObjectKey): Promise<void> {
    const object = this.#options.store.get(key);
    if (object === null) return;
    const wanted = imagesOf(object);
    const images = wanted.some(this.#options.crashes) ? null : await this.#pulled(wanted);
    // another spec came meanwhile, with a roll-out of its own
    const now = this.#options.store.get(key);
    if (this.#stopped || now?.metadata.generation !== object.metadata.generation) return;
    if (images === null) stuck(this.#options, key);
    else rolledOut(this.#options, key, images);
  }

  /** Null when an image cannot be pulled. */
  async #pulled(images: readonly string[]): Promise<readonly PulledImage[] | null> {
    const pulled: PulledImage[] = [];
    for (const image of images) {
      try {
        const digest = await this.#options.registry.digestOf(image);
        pulled.push({ image, imageId: `${image.replace(/(?::[^/:@]+)?(?:@.*)?$/, '')}@${digest}` });
      } catch (error) {
        if (error instanceof PullFailed) return null;
        throw error;
      }
    }
    return pulled;
  }
}

/** How an object is, as kstatus sees it (fluxcd/cli-utils pkg/kstatus/status). */
export function healthOf(object: KubeObject): 'Current' | 'InProgress' | 'Failed' {
  if (object.kind === 'Deployment') {
    const progressing = listAt(object, 'status', 'conditions').find(({ type }) => type === 'Progressing');
    if (!isObserved(object)) return 'InProgress';
    if (progressing?.reason === 'ProgressDeadlineExceeded') return 'Failed';
    const wanted = valueAt(object, 'spec', 'replicas') ?? 1;
    return valueAt(object, 'status', 'availableReplicas') === wanted &&
      valueAt(object, 'status', 'updatedReplicas') === wanted
      ? 'Current'
      : 'InProgress';
  }
  if (object.kind === 'HelmRelease' || object.kind === 'Kustomization') {
    if (conditionOf(object, 'Stalled')?.status === 'True') return 'Failed';
    return isReady(object) && conditionOf(object, 'Reconciling') === undefined ? 'Current' : 'InProgress';
  }
  return 'Current';
}

function withoutStatus(manifest: Loose): Loose {
  const { status: _, ...rest } = manifest;
  return rest;
}

function identityOf(manifest: Loose, fallback: string) {
  const apiVersion = textAt(manifest, 'apiVersion');
  const slash = apiVersion.lastIndexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const kind = textAt(manifest, 'kind');
  const name = textAt(manifest, 'metadata', 'name');
  const resource = RESOURCES.find((one) => one.group === group && one.kind === kind);
  const isGlobal = resource?.namespaced === false;
  const namespace = isGlobal ? '' : textAt(manifest, 'metadata', 'namespace') || fallback;
  return { id: [namespace, name, group, kind].join('_'), version, resource };
}

function keyOfEntry(cluster: string, id: string): ObjectKey | undefined {
  const [, , group = '', kind = ''] = id.split('_');
  const resource = RESOURCES.find((one) => one.group === group && one.kind === kind);
  return resource === undefined ? undefined : keyOf(cluster, id, resource);
}

function keyOf(cluster: string, id: string, resource: Resource): ObjectKey {
  const [namespace = '', name = ''] = id.split('_');
  return { cluster, resource, namespace, name };
}
