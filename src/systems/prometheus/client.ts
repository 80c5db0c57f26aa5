import type { TokenBucket } from '../http/token-bucket.js';
import type { Secret } from '../secret.js';

export interface PrometheusOptions {
  /** address below which `api/v1/query` is */
  readonly baseUrl: string;
  /** bearer token, asked anew for each call; none: the server is open */
  readonly token?: () => Promise<Secret>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** may be NaN or infinite */
  readonly value: number;
}

/** What an instant query gives: one number, or one sample for each series. */
export type MetricAnswer =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'vector'; readonly samples: readonly MetricSample[] };

/** At least one of both; the values themselves are allowed. */
export interface Threshold {
  readonly min?: number;
  readonly max?: number;
}

export interface MetricResult {
  /** `inconclusive`: no data, or none that is a number */
  readonly state: 'passed' | 'failed' | 'inconclusive';
  /** one line for people */
  readonly detail: string;
}

/** Instant queries to Prometheus and what speaks its API. All methods throw `SystemError`. */
export class PrometheusClient {
  readonly #options: PrometheusOptions;

  constructor(options: PrometheusOptions) {
    this.#options = options;
  }

  /** One instant query, evaluated now. */
  async query(expression: string, signal?: AbortSignal): Promise<MetricAnswer> {
    signal?.throwIfAborted();
    throw new Error(`${this.#options.baseUrl} ${expression}: not asked yet`);
  }

  /** Asks and judges: every sample must lie within the threshold. */
  async check(
    wanted: { readonly query: string; readonly threshold: Threshold },
    signal?: AbortSignal,
  ): Promise<MetricResult> {
    await this.query(wanted.query, signal);
    return { state: 'inconclusive', detail: 'not judged' };
  }
}
