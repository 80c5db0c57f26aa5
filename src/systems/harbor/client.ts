import type { TokenBucket } from '../http/token-bucket.js';
import type { Secret } from '../secret.js';
import type { VulnerabilityReport } from './types.js';

export interface HarborOptions {
  /** the server, e.g. `https://harbor.example.com`; the API is below `/api/v2.0` */
  readonly baseUrl: string;
  /** a user or robot that may read artifacts; asked anew for each call */
  readonly credential: () => Promise<{ readonly username: string; readonly password: Secret }>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

export interface HarborArtifact {
  readonly project: string;
  /** path within the project, may have slashes */
  readonly repository: string;
  readonly digest: string;
}

/** Scan reports of Harbor v2. All methods throw `SystemError`. */
export class HarborClient {
  readonly #options: HarborOptions;

  constructor(options: HarborOptions) {
    this.#options = options;
  }

  /** What the last scan of an artifact found. @throws SystemError kind `not-found` when there is no such artifact */
  async vulnerabilities(artifact: HarborArtifact, signal?: AbortSignal): Promise<VulnerabilityReport> {
    signal?.throwIfAborted();
    throw new Error(`${this.#options.baseUrl} ${artifact.digest}: not asked yet`);
  }
}
