import { setTimeout as sleep } from 'node:timers/promises';
import {
  backoffMs,
  type ExternalSecret,
  isReady,
  nextRefresh,
  resourceVersionToSync,
  type SecretStore,
  targetName,
  withStoreReady,
  withSyncError,
  withSynced,
} from '../kubernetes/external-secrets/external-secret.js';
import { Provider, ProviderError, StoreConfigError } from '../kubernetes/external-secrets/providers.js';
import { isLoose, type Loose } from '../kubernetes/objects.js';
import { resourceOf } from '../kubernetes/resources.js';
import { Schemas } from '../kubernetes/schemas.js';
import type { KubeClient } from './kube-client.js';

/** Milliseconds between looks. */
const LOOK_MS = 300;
const API = 'external-secrets.io/v1';

interface Tried {
  readonly version: string;
  readonly failures: number;
  /** milliseconds since the epoch */
  readonly notBefore: number;
}

/**
 * The stand-in of External Secrets Operator at work in a real cluster: the real one can't be had from the module proxy. It
 * reads real stores and writes what the real one would write, but looks instead of watching.
 */
export class ExternalSecretsLoop {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #schemas = new Schemas();
  readonly #tried = new Map<string, Tried>();
  readonly #end = new AbortController();
  readonly #done: Promise<void>;

  /** Begins to work in one namespace. */
  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#done = this.#run();
  }

  /** @throws the error that ended it before */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#look();
      await sleep(LOOK_MS, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const secrets = await this.#client.list('v1', 'Secret', this.#namespace);
    const stores = new Map<string, SecretStore>();
    for (const object of await this.#client.list(API, 'SecretStore', this.#namespace)) {
      if (!this.#isStore(object)) continue;
      stores.set(object.metadata.name, await this.#validated(object, secrets));
    }
    for (const object of await this.#client.list(API, 'ExternalSecret', this.#namespace)) {
      if (this.#isSecret(object)) await this.#reconcileIfDue(object, stores, secrets);
    }
  }

  #isStore(object: unknown): object is SecretStore {
    return this.#schemas.fits(resourceOf('secretstores'), object);
  }

  #isSecret(object: unknown): object is ExternalSecret {
    return this.#schemas.fits(resourceOf('externalsecrets'), object);
  }

  async #validated(store: SecretStore, secrets: readonly Loose[]): Promise<SecretStore> {
    let problem: { readonly reason: 'InvalidProviderConfig'; readonly message: string } | null = null;
    try {
      providerOf(store, secrets).validate();
    } catch (error) {
      if (!(error instanceof StoreConfigError)) throw error;
      problem = { reason: 'InvalidProviderConfig', message: `unable to create client: ${error.message}` };
    }
    const judged = withStoreReady(store, problem, new Date());
    if (isReady(judged) !== isReady(store) || store.status === undefined) {
      await this.#client.mergeStatus(store, judged.status);
    }
    return judged;
  }

  async #reconcileIfDue(
    object: ExternalSecret,
    stores: ReadonlyMap<string, SecretStore>,
    secrets: readonly Loose[],
  ): Promise<void> {
    const { uid } = object.metadata;
    const version = resourceVersionToSync(object);
    const before = this.#tried.get(uid);
    const now = new Date();
    const due = nextRefresh(object, now);
    if (due === null || due > now) return;
    if (before?.version === version && now.getTime() < before.notBefore) return;
    try {
      const values = await valuesOf(object, stores, secrets);
      await this.#writeTarget(object, values);
      await this.#client.mergeStatus(object, withSynced(object, new Date(), version).status);
      this.#tried.set(uid, { version, failures: 0, notBefore: 0 });
    } catch (error) {
      if (!(error instanceof ProviderError) && !(error instanceof StoreConfigError)) throw error;
      const failures = (before?.failures ?? 0) + 1;
      this.#tried.set(uid, { version, failures, notBefore: now.getTime() + backoffMs(failures) });
      const message = `could not get secret data from provider: ${error.message}`;
      await this.#client.mergeStatus(object, withSyncError(object, message, new Date()).status);
    }
  }

  async #writeTarget(
    { apiVersion, kind, metadata, ...rest }: ExternalSecret,
    stringData: Loose,
  ): Promise<void> {
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
    await this.#client.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name: targetName({ apiVersion, kind, metadata, ...rest }),
        namespace: this.#namespace,
        labels: { 'reconcile.external-secrets.io/managed': 'true' },
        ownerReferences: [owner],
      },
      stringData,
    });
  }
}

async function valuesOf(
  object: ExternalSecret,
  stores: ReadonlyMap<string, SecretStore>,
  secrets: readonly Loose[],
): Promise<Loose> {
  const name = object.spec.secretStoreRef?.name ?? '';
  const store = stores.get(name);
  if (store === undefined) throw new StoreConfigError(`could not get SecretStore "${name}"`);
  if (!isReady(store)) throw new StoreConfigError(`SecretStore "${name}" is not ready`);
  const provider = providerOf(store, secrets);
  const values: Record<string, string> = {};
  for (const { secretKey, remoteRef } of object.spec.data ?? []) {
    const { key, property } = remoteRef;
    values[secretKey] = await provider.read(property === undefined ? { key } : { key, property });
  }
  return values;
}

function providerOf(store: SecretStore, secrets: readonly Loose[]): Provider {
  return new Provider(store, {
    secretValue: ({ name, key }) => secretValue(secrets, name ?? '', key ?? ''),
    // stores of Azure are not used here
    entraOrigin: () => undefined,
    ca: () => undefined,
  });
}

/** The value of a key of a Secret among those that were read; null where there is none. */
export function secretValue(secrets: readonly Loose[], name: string, key: string): string | null {
  const secret = secrets.find(({ metadata }) => isLoose(metadata) && metadata.name === name);
  const value = isLoose(secret?.data) ? secret.data[key] : undefined;
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : null;
}
