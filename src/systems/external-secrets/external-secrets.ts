import { KubernetesClient, type ObjectRef } from '../kubernetes/client.js';
import type { KubernetesConnection } from '../kubernetes/connection.js';
import {
  type ExternalSecret,
  externalSecretFrom,
  FORCE_SYNC_ANNOTATION,
  type SecretStoreObject,
  secretStoreFrom,
} from './external-secret.js';

export interface ExternalSecretsOptions {
  /** the cluster in which the operator runs */
  readonly connection: KubernetesConnection;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
}

/** Objects of the External Secrets Operator in one cluster. Reads states only, never the Secret that they make. */
export class ExternalSecrets {
  readonly #kubernetes: KubernetesClient;

  constructor(options: ExternalSecretsOptions) {
    this.#kubernetes = new KubernetesClient({ system: 'external-secrets', ...options });
  }

  /**
   * Reads one ExternalSecret.
   * @returns null when it does not exist
   * @throws SystemError
   */
  async read(namespace: string, name: string, signal?: AbortSignal): Promise<ExternalSecret | null> {
    const object = await this.#kubernetes.get(refOf('externalsecrets', namespace, name), signal);
    return object === null
      ? null
      : externalSecretFrom(object, subjectOf('get externalsecrets', namespace, name));
  }

  /**
   * Reads the store that an ExternalSecret names, of its namespace or of the whole cluster.
   * @returns null when it does not exist; undefined when none is named for the whole object (each entry names its own)
   * @throws SystemError
   */
  async readStoreOf(
    secret: ExternalSecret,
    signal?: AbortSignal,
  ): Promise<SecretStoreObject | null | undefined> {
    const { name, kind } = secret.spec.secretStoreRef ?? {};
    const { namespace } = secret.metadata;
    if (name === undefined || name === '' || namespace === undefined) return undefined;
    const [plural, place] =
      kind === 'ClusterSecretStore' ? ['clustersecretstores', undefined] : ['secretstores', namespace];
    const object = await this.#kubernetes.get(refOf(plural, place, name), signal);
    return object === null ? null : secretStoreFrom(object, subjectOf(`get ${plural}`, namespace, name));
  }

  /**
   * Makes the operator read the source now instead of after its back-off, which reaches minutes.
   * @param token any text that differs from the last one
   * @throws SystemError kind `not-found` when the ExternalSecret does not exist
   */
  async forceSync(namespace: string, name: string, token: string, signal?: AbortSignal): Promise<void> {
    const patch = { metadata: { annotations: { [FORCE_SYNC_ANNOTATION]: token } } };
    await this.#kubernetes.mergePatch(refOf('externalsecrets', namespace, name), patch, signal);
  }

  /** Version of the API server, to see that it answers. */
  async ping(signal?: AbortSignal): Promise<string> {
    return this.#kubernetes.version(signal);
  }
}

function refOf(plural: string, namespace: string | undefined, name: string): ObjectRef {
  const ref = { group: 'external-secrets.io', version: 'v1', plural, name };
  return namespace === undefined ? ref : { ...ref, namespace };
}

function subjectOf(operation: string, namespace: string, name: string) {
  return { system: 'external-secrets', operation, object: `${namespace}/${name}` } as const;
}
