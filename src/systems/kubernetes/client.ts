import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  type HttpInfo,
  PatchStrategy,
  ServerConfiguration,
  setHeaderOptions,
  VersionApi,
} from '@kubernetes/client-node';
import { SystemError, type SystemName } from '../../domain/failure.js';
import { DEFAULT_TIMEOUT_MS, deadline } from '../http/deadline.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import { refusalOf, saysThatObjectIsMissing, troubleOfFailure } from './api-trouble.js';
import type { KubernetesConnection } from './connection.js';
import { singleAttempt } from './single-attempt.js';

/** Name under which our writes appear in an object's `managedFields`. */
export const FIELD_MANAGER = 'gatehouse';

export interface KubernetesClientOptions {
  /** the product whose objects are read, named in errors: `argocd`, `external-secrets` or `kubernetes` */
  readonly system: SystemName;
  readonly connection: KubernetesConnection;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
}

/** A custom object by its natural key; without a namespace for kinds of the whole cluster. */
export interface ObjectRef {
  readonly group: string;
  readonly version: string;
  /** plural name of the kind in lower case, e.g. `applications` */
  readonly plural: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface PatchAnswer {
  readonly object: unknown;
  /** ISO 8601, the server's clock when it answered, in whole seconds; undefined when it does not say */
  readonly serverTime: string | undefined;
}

export interface Reading {
  /** null when the object does not exist */
  readonly object: unknown;
  /** ISO 8601, the server's clock when it answered, in whole seconds; undefined when it does not say */
  readonly serverTime: string | undefined;
}

/** A pod, and what runs in it as the kubelet reports it. */
export interface RunningPod {
  readonly name: string;
  /** it is being deleted */
  readonly ends: boolean;
  /** Pending, Running, Unknown; Succeeded and Failed (evicted ones too) run no more, and may lie there for days */
  readonly phase: string;
  /** the controller that made it; undefined: none */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  /** label `pod-template-hash` (of a Rollout: `rollouts-…`), which ReplicaSets have in their name; empty for other pods */
  readonly templateHash: string;
  /** `imageID` ends with the digest that was pulled, e.g. `registry.example.com/shop@sha256:…` */
  readonly containers: readonly { readonly name: string; readonly image: string; readonly imageID: string }[];
}

/**
 * Reads and patches custom objects. One HTTP attempt per call; throws nothing but `SystemError` (an `ApiException` has the
 * whole body in its message, which may be a Secret) and the caller's own abort reason.
 */
export class KubernetesClient {
  readonly #options: KubernetesClientOptions;

  constructor(options: KubernetesClientOptions) {
    this.#options = options;
  }

  /**
   * Reads one object.
   * @returns null when the object does not exist; the caller validates its shape
   * @throws SystemError also when the kind itself does not exist (its definition is not installed)
   */
  async get(ref: ObjectRef, signal?: AbortSignal): Promise<unknown> {
    return (await this.read(ref, signal)).object;
  }

  /**
   * Reads one object, and the server's clock: what is judged by times in the object must not depend on our own.
   * @returns object null when it does not exist
   * @throws SystemError as `get`
   */
  async read(ref: ObjectRef, signal?: AbortSignal): Promise<Reading> {
    const subject = this.#subject(`get ${ref.plural}`, ref);
    try {
      const answer = await this.#call(subject, ref, signal, (api) =>
        ref.namespace === undefined
          ? api.getClusterCustomObjectWithHttpInfo(ref)
          : api.getNamespacedCustomObjectWithHttpInfo({ ...ref, namespace: ref.namespace }),
      );
      return { object: answer.data, serverTime: clockIn(answer.headers) };
    } catch (error) {
      if (error instanceof ObjectMissing) return { object: null, serverTime: undefined };
      throw error;
    }
  }

  /**
   * Reads the objects of one kind in a namespace.
   * @param labelSelector as the API server reads it, e.g. `team=shop,stage in (prod)`
   * @throws SystemError also when the kind itself does not exist
   */
  async list(
    kind: Omit<ObjectRef, 'name' | 'namespace'> & { readonly namespace: string },
    labelSelector: string,
    signal?: AbortSignal,
  ): Promise<{ readonly objects: readonly unknown[]; readonly serverTime: string | undefined }> {
    const subject = this.#subject(`list ${kind.plural}`, { ...kind, name: kind.namespace });
    const answer = await this.#exchange(subject, undefined, signal, (configuration) =>
      new CustomObjectsApi(configuration).listNamespacedCustomObjectWithHttpInfo({ ...kind, labelSelector }),
    );
    const data: unknown = answer.data;
    const items = typeof data === 'object' && data !== null && 'items' in data ? data.items : undefined;
    if (!Array.isArray(items))
      throw new SystemError(troubleOf(subject, 'malformed', 'the answer is no list'));
    return { objects: items, serverTime: clockIn(answer.headers) };
  }

  /**
   * Reads the pods that a selector matches, whoever made them.
   * @param labelSelector as the API server reads it
   * @throws SystemError
   */
  async pods(namespace: string, labelSelector: string, signal?: AbortSignal): Promise<readonly RunningPod[]> {
    const subject = this.#subject('list pods', {
      group: '',
      version: 'v1',
      plural: 'pods',
      namespace,
      name: namespace,
    });
    const list = await this.#exchange(subject, undefined, signal, (configuration) =>
      new CoreV1Api(configuration).listNamespacedPod({ namespace, labelSelector }),
    );
    return list.items.map(({ metadata, status }) => ({
      name: metadata?.name ?? '',
      ends: metadata?.deletionTimestamp !== undefined,
      phase: status?.phase ?? '',
      owner: metadata?.ownerReferences?.find(({ controller }) => controller === true),
      templateHash:
        metadata?.labels?.['pod-template-hash'] ?? metadata?.labels?.['rollouts-pod-template-hash'] ?? '',
      containers: [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map(
        ({ name, image, imageID }) => ({ name, image, imageID }),
      ),
    }));
  }

  /**
   * Creates one object.
   * @param object its body; kind, version and name are those of the reference
   * @throws SystemError kind `conflict` when there is one of this name
   */
  async create(
    ref: ObjectRef & { readonly namespace: string },
    object: object,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const subject = this.#subject(`create ${ref.plural}`, ref);
    const answer = await this.#exchange(subject, undefined, signal, (configuration) =>
      new CustomObjectsApi(configuration).createNamespacedCustomObject({
        ...ref,
        body: object,
        fieldManager: FIELD_MANAGER,
      }),
    );
    return answer;
  }

  /**
   * Changes the given fields of one object (RFC 7386: null removes a field). Never a whole update: Application keeps spec,
   * status and running operation in one object, and a stale copy would erase them.
   * @throws SystemError kind `not-found` when the object does not exist
   */
  async mergePatch(ref: ObjectRef, patch: object, signal?: AbortSignal): Promise<PatchAnswer> {
    const subject = this.#subject(`patch ${ref.plural}`, ref);
    // without the header the client announces a JSON Patch, and the server refuses the object
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const body = { ...ref, body: patch, fieldManager: FIELD_MANAGER };
    try {
      const answer = await this.#call(subject, ref, signal, (api) =>
        ref.namespace === undefined
          ? api.patchClusterCustomObjectWithHttpInfo(body, options)
          : api.patchNamespacedCustomObjectWithHttpInfo({ ...body, namespace: ref.namespace }, options),
      );
      return { object: answer.data, serverTime: clockIn(answer.headers) };
    } catch (error) {
      if (!(error instanceof ObjectMissing)) throw error;
      throw new SystemError(troubleOf(subject, 'not-found', 'the object does not exist', { status: 404 }));
    }
  }

  /** The server's version, e.g. `v1.36.3`: a call that needs no right beyond being known. */
  async version(signal?: AbortSignal): Promise<string> {
    const subject = {
      system: this.#options.system,
      operation: 'get version',
      object: this.#options.connection.server,
    };
    const info = await this.#exchange(subject, undefined, signal, (configuration) =>
      new VersionApi(configuration).getCode(),
    );
    return info.gitVersion;
  }

  async #call(
    subject: CallSubject,
    ref: ObjectRef,
    signal: AbortSignal | undefined,
    send: (api: CustomObjectsApi) => Promise<HttpInfo<unknown>>,
  ): Promise<HttpInfo<unknown>> {
    const answer = await this.#exchange(subject, ref.name, signal, (configuration) =>
      send(new CustomObjectsApi(configuration)),
    );
    if (typeof answer.data !== 'object' || answer.data === null) {
      throw new SystemError(troubleOf(subject, 'malformed', 'the answer is not an object'));
    }
    return answer;
  }

  /** `missable`: the name of the object that a 404 may be about */
  async #exchange<T>(
    subject: CallSubject,
    missable: string | undefined,
    signal: AbortSignal | undefined,
    send: (configuration: ReturnType<typeof createConfiguration>) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const { connection, timeoutMs } = this.#options;
    const time = deadline(timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
    const sent: Secret[] = [];
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(connection.server, {}),
      httpApi: singleAttempt(time.signal, (header) => sent.push(new Secret(header.replace(/^\w+ /, '')))),
      authMethods: { default: connection.authentication },
    });
    try {
      return await send(configuration);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SystemError) throw error;
      if (error instanceof ApiException) {
        if (missable !== undefined && saysThatObjectIsMissing(error.code, error.body, missable)) {
          throw new ObjectMissing();
        }
        throw new SystemError(refusalOf(subject, error.code, error.body, error.headers, sent));
      }
      throw new SystemError(troubleOfFailure(subject, error, time.timedOut()));
    }
  }

  #subject(operation: string, ref: ObjectRef): CallSubject {
    const place = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
    const subject = { system: this.#options.system, operation, object: place };
    for (const name of [ref.name, ...(ref.namespace === undefined ? [] : [ref.namespace])]) {
      if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
        throw new SystemError(
          troubleOf(subject, 'invalid', 'this cannot be the name of a Kubernetes object', {
            remedy: 'Names have lower-case letters, digits, dots and hyphens only: correct the name.',
          }),
        );
      }
    }
    return subject;
  }
}

function clockIn(headers: Readonly<Record<string, string>>): string | undefined {
  const date = Date.parse(headers.date ?? '');
  return Number.isNaN(date) ? undefined : new Date(date).toISOString();
}

/** Inside this file only: lets a read answer null where a write is an error. */
class ObjectMissing extends Error {}
