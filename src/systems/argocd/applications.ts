import { KubernetesClient, type ObjectRef } from '../kubernetes/client.js';
import type { KubernetesConnection } from '../kubernetes/connection.js';
import { type AppProject, appProjectFrom } from './app-project.js';
import { type Application, applicationFrom, REFRESH_ANNOTATION } from './application.js';

export interface ApplicationReading {
  readonly application: Application | null;
  /** ISO 8601; undefined when the server does not say */
  readonly serverTime: string | undefined;
}

export interface ApplicationsOptions {
  /** the cluster in which Argo CD runs */
  readonly connection: KubernetesConnection;
  /** namespace of the Applications, `argocd` by default; the natural key is namespace and name */
  readonly namespace?: string;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
}

/** Argo CD's Applications, read and refreshed through the API of the cluster (Argo CD's own API is not needed). */
export class Applications {
  readonly #kubernetes: KubernetesClient;
  readonly #namespace: string;

  constructor(options: ApplicationsOptions) {
    this.#kubernetes = new KubernetesClient({
      system: 'argocd',
      connection: options.connection,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    this.#namespace = options.namespace ?? 'argocd';
  }

  /**
   * Reads one Application.
   * @returns null when it does not exist
   * @throws SystemError
   */
  async read(name: string, signal?: AbortSignal): Promise<Application | null> {
    const object = await this.#kubernetes.get(this.#ref(name), signal);
    return object === null ? null : applicationFrom(object, this.#subject('get applications', name));
  }

  /**
   * Reads one Application with the clock of the API server, in whole seconds, by which its times are to be judged.
   * @returns application null when it does not exist
   * @throws SystemError
   */
  async reading(name: string, signal?: AbortSignal): Promise<ApplicationReading> {
    const { object, serverTime } = await this.#kubernetes.read(this.#ref(name), signal);
    const application =
      object === null ? null : applicationFrom(object, this.#subject('get applications', name));
    return { application, serverTime };
  }

  /**
   * Reads the Applications that a label selector matches.
   * @throws SystemError
   */
  async matching(labelSelector: string, signal?: AbortSignal): Promise<readonly ApplicationReading[]> {
    const { name: _, ...kind } = this.#ref('all');
    const { objects, serverTime } = await this.#kubernetes.list(kind, labelSelector, signal);
    return objects.map((object) => ({
      application: applicationFrom(object, this.#subject('list applications', labelSelector)),
      serverTime,
    }));
  }

  /**
   * Reads the AppProject of an Application, for its sync windows.
   * @returns null when it does not exist
   * @throws SystemError
   */
  async project(name: string, signal?: AbortSignal): Promise<AppProject | null> {
    const ref = { ...this.#ref(name), plural: 'appprojects' };
    const object = await this.#kubernetes.get(ref, signal);
    return object === null ? null : appProjectFrom(object, this.#subject('get appprojects', name));
  }

  /**
   * Asks for a comparison with Git by the refresh annotation. Asking again is harmless; Argo CD up to 3.5.1 loses a
   * request made while it compares, so ask again when nothing happens.
   * @param kind `hard` also drops cached manifests
   * @returns `requestedAt` (ISO 8601, whole seconds, the API server's clock): comparisons that began after it count
   * @throws SystemError kind `not-found` when the Application does not exist
   */
  async requestRefresh(
    name: string,
    kind: 'normal' | 'hard',
    signal?: AbortSignal,
  ): Promise<{ readonly requestedAt: string }> {
    const patch = { metadata: { annotations: { [REFRESH_ANNOTATION]: kind } } };
    const { serverTime } = await this.#kubernetes.mergePatch(this.#ref(name), patch, signal);
    return { requestedAt: serverTime ?? new Date().toISOString() };
  }

  /** Version of the API server, to see that it answers. */
  async ping(signal?: AbortSignal): Promise<string> {
    return this.#kubernetes.version(signal);
  }

  #ref(name: string): ObjectRef & { readonly namespace: string } {
    return {
      group: 'argoproj.io',
      version: 'v1alpha1',
      plural: 'applications',
      namespace: this.#namespace,
      name,
    };
  }

  #subject(operation: string, name: string) {
    return { system: 'argocd', operation, object: `${this.#namespace}/${name}` } as const;
  }
}
