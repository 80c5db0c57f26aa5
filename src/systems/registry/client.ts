import type { TokenBucket } from '../http/token-bucket.js';
import type { Secret } from '../secret.js';
import type { ChartInIndex, ChartInRegistry, PlatformDigest, ResolvedManifest } from './types.js';

/** One host that may be asked, with what opens it. */
export interface RegistryHost {
  /** host and port as in image references, e.g. `registry.example.com`; `docker.io` stands for Docker Hub */
  readonly host: string;
  /** asked anew for each login; none: the registry is asked as anybody */
  readonly credential?: () => Promise<{ readonly username: string; readonly password: Secret }>;
  /** http instead of https */
  readonly insecure?: boolean;
  readonly bucket?: TokenBucket;
}

export interface RegistryOptions {
  /** the only hosts that are asked, token services and chart repositories too */
  readonly hosts: readonly RegistryHost[];
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
}

/** OCI registries, and classic chart repositories, by the hosts that are configured. All methods throw `SystemError`. */
export class RegistryClient {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** The manifest that an image reference names by digest or tag, or null when there is none. */
  async resolve(reference: string, signal?: AbortSignal): Promise<ResolvedManifest | null> {
    return this.#missing(reference, signal);
  }

  /** The manifests behind a reference: those that an index lists, or the one itself; null when there is none. */
  async platformDigests(reference: string, signal?: AbortSignal): Promise<readonly PlatformDigest[] | null> {
    return this.#missing(reference, signal);
  }

  /** All tags of `host/path`, or null when there is no such repository. */
  async tags(repository: string, signal?: AbortSignal): Promise<readonly string[] | null> {
    return this.#missing(repository, signal);
  }

  /** Puts a tag on a manifest that the repository has; a tag that is there is moved. */
  async putTag(
    wanted: { readonly repository: string; readonly digest: string; readonly tag: string },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#missing(wanted.repository, signal);
  }

  /** A chart version in an OCI registry (`oci://host/path` or `host/path`), or null. */
  async chartVersion(
    repository: string,
    version: string,
    signal?: AbortSignal,
  ): Promise<ChartInRegistry | null> {
    return this.#missing(`${repository}:${version}`, signal);
  }

  /** A chart version in a repository with an `index.yaml`, or null. */
  async classicChartVersion(
    repositoryUrl: string,
    chart: string,
    version: string,
    signal?: AbortSignal,
  ): Promise<ChartInIndex | null> {
    return this.#missing(`${repositoryUrl} ${chart} ${version}`, signal);
  }

  async #missing(what: string, signal?: AbortSignal): Promise<never> {
    signal?.throwIfAborted();
    throw new Error(`${what}: ${this.#options.hosts.length} hosts, not asked yet`);
  }
}
