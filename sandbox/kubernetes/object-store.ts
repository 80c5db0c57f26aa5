import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import Type, { type Static } from 'typebox';
import type { EffectKind } from '../framework/event-log.js';
import { isLoose, type KubeObject, kubeTime, type Loose } from './objects.js';
import { apiVersionOf, type Resource, resourceOf } from './resources.js';
import type { Schemas } from './schemas.js';

export interface ObjectKey {
  readonly cluster: string;
  readonly resource: Resource;
  /** empty for cluster-scoped kinds */
  readonly namespace: string;
  readonly name: string;
}

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ObjectKey;
  readonly object: KubeObject;
}

/** A write on an older version of the object. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
}

/** What is kept on disk of one object. */
export const KeptObject = Type.Object({
  cluster: Type.String(),
  plural: Type.String(),
  object: Type.Unknown(),
});

/** Does a change of state and logs it: `call.change` of a request, or the log of a controller. */
export type Recorder = (effect: EffectKind, object: string, apply: () => void) => void;

export interface KeptObjects {
  version: number;
  readonly objects: Record<string, Static<typeof KeptObject>>;
}

function idOf(key: ObjectKey): string {
  return [key.cluster, key.resource.plural, key.namespace, key.name].join('\n');
}

function sameBut(resource: Resource, a: Loose, b: Loose): boolean {
  const strip = (object: Loose): Loose => {
    const { metadata: _, ...rest } = object;
    if (!resource.statusSubresource) return rest;
    const { status: __, ...spec } = rest;
    return spec;
  };
  return JSON.stringify(strip(a)) === JSON.stringify(strip(b));
}

/** All objects of all clusters, with one counter of versions, and news of every change for watchers and controllers. */
export class ObjectStore {
  private readonly schemas: Schemas;
  private readonly objects = new Map<string, { readonly key: ObjectKey; readonly object: KubeObject }>();
  private readonly events = new EventEmitter();
  private readonly kept: KeptObjects;

  /** Takes over what was kept; objects that do not fit their schema any more are an error. */
  constructor(schemas: Schemas, kept: KeptObjects) {
    this.schemas = schemas;
    this.kept = kept;
    this.events.setMaxListeners(0);
    for (const { cluster, plural, object } of Object.values(kept.objects)) {
      const resource = resourceOf(plural);
      if (!this.schemas.fits(resource, object)) {
        throw new Error(`the kept state has a ${resource.kind} of a wrong shape`);
      }
      const { name, namespace = '' } = object.metadata;
      const key = { cluster, resource, namespace, name };
      this.objects.set(idOf(key), { key, object });
    }
  }

  get currentVersion(): string {
    return String(this.kept.version);
  }

  onChange(listener: (event: StoreEvent) => void): () => void {
    this.events.on('change', listener);
    return () => this.events.off('change', listener);
  }

  get(key: ObjectKey): KubeObject | null {
    return this.objects.get(idOf(key))?.object ?? null;
  }

  list(
    cluster: string,
    resource: Resource,
    namespace?: string,
  ): readonly { readonly key: ObjectKey; readonly object: KubeObject }[] {
    return [...this.objects.values()]
      .filter(
        ({ key }) =>
          key.cluster === cluster &&
          key.resource === resource &&
          (namespace === undefined || key.namespace === namespace),
      )
      .sort((a, b) => idOf(a.key).localeCompare(idOf(b.key)));
  }

  private put(
    key: ObjectKey,
    draft: Loose,
    base: KubeObject | null,
    record: Recorder,
    dryRun: boolean,
  ): KubeObject {
    const metadata = isLoose(draft.metadata) ? draft.metadata : {};
    const grown = base !== null && !sameBut(key.resource, base, draft) ? 1 : 0;
    const object: unknown = {
      ...draft,
      apiVersion: apiVersionOf(key.resource),
      kind: key.resource.kind,
      metadata: {
        ...metadata,
        name: key.name,
        ...(key.namespace === '' ? {} : { namespace: key.namespace }),
        uid: base?.metadata.uid ?? randomUUID(),
        creationTimestamp: base?.metadata.creationTimestamp ?? kubeTime(new Date()),
        generation: base === null ? 1 : base.metadata.generation + grown,
        resourceVersion: String(this.kept.version + 1),
      },
    };
    if (!this.schemas.fits(key.resource, object)) {
      const faults = this.schemas.faultsOf(key.resource, object).map((fault) => fault.message);
      throw new Error(`${key.resource.kind} ${key.name} does not fit its schema: ${faults.join('; ')}`);
    }
    if (dryRun) return object;
    record(base === null ? 'created' : 'changed', describe(key), () => {
      this.kept.version += 1;
      this.objects.set(idOf(key), { key, object });
      this.kept.objects[idOf(key)] = { cluster: key.cluster, plural: key.resource.plural, object };
    });
    const type = base === null ? 'ADDED' : 'MODIFIED';
    this.events.emit('change', { type, key, object } satisfies StoreEvent);
    return object;
  }

  /** Makes an object that is not there yet (the caller has looked). */
  create(key: ObjectKey, draft: Loose, record: Recorder, dryRun = false): KubeObject {
    return this.put(key, draft, null, record, dryRun);
  }

  /**
   * Writes an object that is there. `expected` is the resourceVersion that the change was made on; throws
   * `VersionConflict` when the object has changed since. A change of nothing keeps the version and makes no news.
   */
  replace(
    key: ObjectKey,
    draft: Loose,
    record: Recorder,
    options: { readonly expected?: string; readonly dryRun?: boolean } = {},
  ): KubeObject {
    const base = this.get(key);
    if (base === null) throw new VersionConflict(`${key.name} is gone`);
    if (options.expected !== undefined && options.expected !== base.metadata.resourceVersion) {
      throw new VersionConflict(`${key.name} has changed since version ${options.expected}`);
    }
    if (contentOf(draft) === contentOf(base)) return base;
    return this.put(key, draft, base, record, options.dryRun ?? false);
  }

  remove(key: ObjectKey, record: Recorder): KubeObject | null {
    const base = this.get(key);
    if (base === null) return null;
    record('deleted', describe(key), () => {
      this.kept.version += 1;
      this.objects.delete(idOf(key));
      delete this.kept.objects[idOf(key)];
    });
    this.events.emit('change', { type: 'DELETED', key, object: base } satisfies StoreEvent);
    return base;
  }
}

/** `Application management argocd/name`: how the event log names an object. */
function describe(key: ObjectKey): string {
  const name = key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
  return `${key.resource.kind} ${key.cluster} ${name}`;
}

/** Everything of an object that a writer can change, to see whether a write changes anything. */
function contentOf(object: Loose): string {
  const { metadata, apiVersion: _, kind: __, ...rest } = object;
  const meta = isLoose(metadata) ? metadata : {};
  return JSON.stringify([rest, meta.labels ?? {}, meta.annotations ?? {}]);
}
