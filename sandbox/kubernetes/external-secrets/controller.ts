import { createHash } from 'node:crypto';
import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import { resourceOf } from '../resources.js';
import {
  backoffMs,
  type ExternalSecret,
  isReady,
  nextRefresh,
  resourceVersionToSync,
  type SecretKeyRef,
  type SecretStore,
  targetName,
  withStoreReady,
  withSyncError,
  withSynced,
} from './external-secret.js';
import { Provider, ProviderError, StoreConfigError } from './providers.js';

export interface OperatorOptions {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly isExternalSecret: (object: unknown) => object is ExternalSecret;
  readonly isSecretStore: (object: unknown) => object is SecretStore;
  readonly entraOrigin: () => string | undefined;
  readonly ca: () => string | undefined;
  /** an error that is a mistake in the stand-in */
  readonly onError: (error: unknown) => void;
  /** the target Secret of an ExternalSecret was written */
  readonly onSynced: (cluster: string, namespace: string) => void;
}

interface Work {
  failures: number;
  /** labels, annotations and generation of the last try */
  tried: string;
  timer: NodeJS.Timeout | undefined;
  running: boolean;
  again: boolean;
}

/** setTimeout takes no longer delay */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * External Secrets Operator: validates stores, reads values, writes the target Secret and its own status. After a failure
 * it backs off up to fifteen minutes; a changed spec, label or annotation (force-sync) is taken up at once.
 */
export class ExternalSecretsOperator {
  readonly #options: OperatorOptions;
  readonly #work = new Map<string, Work>();
  readonly #unsubscribe: () => void;
  readonly #busy = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.onChange(({ key, type }) => {
      if (type === 'DELETED') return;
      if (key.resource.plural === 'externalsecrets') this.#consider(key);
      if (key.resource.plural === 'secretstores') this.#validateStore(key);
    });
  }

  start(cluster: string): void {
    const { store } = this.#options;
    for (const { key } of store.list(cluster, resourceOf('secretstores'))) this.#validateStore(key);
    for (const { key } of store.list(cluster, resourceOf('externalsecrets'))) this.#consider(key);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    for (const work of this.#work.values()) clearTimeout(work.timer);
    await Promise.allSettled([...this.#busy]);
  }

  #validateStore(key: ObjectKey): void {
    const object = this.#options.store.get(key);
    if (object === null || !this.#options.isSecretStore(object)) return;
    let problem: { reason: 'InvalidProviderConfig'; message: string } | null = null;
    try {
      this.#providerOf(key, object).validate();
    } catch (error) {
      if (!(error instanceof StoreConfigError)) throw error;
      problem = { reason: 'InvalidProviderConfig', message: `unable to create client: ${error.message}` };
    }
    this.#options.store.replace(key, withStoreReady(object, problem, new Date()), this.#options.record);
  }

  #providerOf(key: ObjectKey, store: SecretStore): Provider {
    return new Provider(store, {
      secretValue: (ref) => this.#secretValue(key, ref),
      entraOrigin: this.#options.entraOrigin,
      ca: this.#options.ca,
    });
  }

  #secretValue(beside: ObjectKey, ref: SecretKeyRef): string | null {
    const secret = this.#options.store.get({
      ...beside,
      resource: resourceOf('secrets'),
      name: ref.name ?? '',
    });
    const data: unknown = secret?.data;
    if (typeof data !== 'object' || data === null) return null;
    const value: unknown = Object.entries(data).find(([name]) => name === ref.key)?.[1];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : null;
  }

  #workOf(key: ObjectKey): Work {
    const id = `${key.cluster}/${key.namespace}/${key.name}`;
    const known = this.#work.get(id);
    if (known !== undefined) return known;
    const made: Work = { failures: 0, tried: '', timer: undefined, running: false, again: false };
    this.#work.set(id, made);
    return made;
  }

  #read(key: ObjectKey): ExternalSecret | null {
    const object = this.#options.store.get(key);
    return object !== null && this.#options.isExternalSecret(object) ? object : null;
  }

  /** Decides when the object is reconciled next; its own writes of status change nothing in that. */
  #consider(key: ObjectKey): void {
    const object = this.#read(key);
    if (object === null || this.#stopped) return;
    const work = this.#workOf(key);
    if (work.running) {
      work.again ||= work.tried !== resourceVersionToSync(object);
      return;
    }
    if (work.tried !== resourceVersionToSync(object)) {
      const due = work.tried === '' ? nextRefresh(object, new Date()) : new Date();
      if (due !== null) this.#schedule(key, due.getTime() - Date.now());
    }
  }

  #schedule(key: ObjectKey, delayMs: number): void {
    if (this.#stopped) return;
    const work = this.#workOf(key);
    clearTimeout(work.timer);
    work.timer = setTimeout(
      () => {
        const done = this.#reconcile(key, work)
          .catch(this.#options.onError)
          .finally(() => this.#busy.delete(done));
        this.#busy.add(done);
      },
      Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS),
    );
  }

  async #reconcile(key: ObjectKey, work: Work): Promise<void> {
    const object = this.#read(key);
    if (object === null || work.running) return;
    work.running = true;
    work.again = false;
    work.tried = resourceVersionToSync(object);
    try {
      const values = await this.#valuesOf(key, object);
      if (this.#stopped) return;
      work.failures = 0;
      this.#writeTarget(key, object, values);
      const synced = this.#write(key, (old) => withSynced(old, new Date(), work.tried));
      const next = synced === null ? null : nextRefresh(synced, new Date());
      if (next !== null) this.#schedule(key, next.getTime() - Date.now());
      this.#options.onSynced(key.cluster, key.namespace);
    } catch (error) {
      if (!(error instanceof ProviderError) && !(error instanceof StoreConfigError)) throw error;
      if (this.#stopped) return;
      work.failures += 1;
      const message = `could not get secret data from provider: ${error.message}`;
      this.#write(key, (old) => withSyncError(old, message, new Date()));
      this.#schedule(key, backoffMs(work.failures));
    } finally {
      work.running = false;
      if (work.again) this.#schedule(key, 0);
    }
  }

  async #valuesOf(key: ObjectKey, object: ExternalSecret): Promise<Readonly<Record<string, string>>> {
    const name = object.spec.secretStoreRef?.name ?? '';
    const store = this.#options.store.get({ ...key, resource: resourceOf('secretstores'), name });
    if (store === null || !this.#options.isSecretStore(store)) {
      throw new StoreConfigError(`could not get SecretStore "${name}"`);
    }
    if (!isReady(store)) throw new StoreConfigError(`SecretStore "${name}" is not ready`);
    const provider = this.#providerOf(key, store);
    const values: Record<string, string> = {};
    for (const { secretKey, remoteRef } of object.spec.data ?? []) {
      values[secretKey] = await provider.read({
        key: remoteRef.key,
        ...(remoteRef.property === undefined ? {} : { property: remoteRef.property }),
      });
    }
    return values;
  }

  #writeTarget(key: ObjectKey, object: ExternalSecret, values: Readonly<Record<string, string>>): void {
    const { store, record } = this.#options;
    const target: ObjectKey = { ...key, resource: resourceOf('secrets'), name: targetName(object) };
    const data = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    );
    const draft = {
      type: 'Opaque',
      metadata: {
        name: target.name,
        namespace: target.namespace,
        labels: { 'reconcile.external-secrets.io/managed': 'true' },
        annotations: {
          'reconcile.external-secrets.io/data-hash': createHash('sha3-224')
            .update(JSON.stringify(data))
            .digest('hex'),
        },
      },
      data,
    };
    if (store.get(target) === null) store.create(target, draft, record);
    else store.replace(target, draft, record);
  }

  #write(key: ObjectKey, change: (object: ExternalSecret) => ExternalSecret): ExternalSecret | null {
    const object = this.#read(key);
    if (object === null) return null;
    const written = this.#options.store.replace(key, change(object), this.#options.record);
    return this.#options.isExternalSecret(written) ? written : null;
  }
}
