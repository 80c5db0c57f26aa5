import type { TokenBucket } from '../http/token-bucket.js';
import type { Secret } from '../secret.js';
import type { ChangeOutcome, ChangeRecord, NewChange } from './types.js';

export type ServiceNowCredential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'bearer'; readonly token: Secret };

export interface ServiceNowOptions {
  /** the instance, e.g. `https://example.service-now.com` */
  readonly baseUrl: string;
  /** asked anew for each call */
  readonly credential: () => Promise<ServiceNowCredential>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/** Change requests by ServiceNow's Table API. All methods throw `SystemError`. */
export class ChangeRecords {
  readonly #options: ServiceNowOptions;

  constructor(options: ServiceNowOptions) {
    this.#options = options;
  }

  /** The change request with this correlation id, or null. @throws SystemError kind `conflict` when there are several */
  async find(correlationId: string, signal?: AbortSignal): Promise<ChangeRecord | null> {
    return this.#missing(correlationId, signal);
  }

  /** Finds the change request by its correlation id, or creates it. */
  async open(
    wanted: NewChange,
    signal?: AbortSignal,
  ): Promise<{ readonly record: ChangeRecord; readonly outcome: 'created' | 'adopted' }> {
    return this.#missing(wanted.correlationId, signal);
  }

  /** Asks for approval: moves a new change request on to Assess. Does nothing when it is further. */
  async requestApproval(sysId: string, signal?: AbortSignal): Promise<ChangeRecord> {
    return this.#missing(sysId, signal);
  }

  /** @throws SystemError kind `not-found` */
  async read(sysId: string, signal?: AbortSignal): Promise<ChangeRecord> {
    return this.#missing(sysId, signal);
  }

  /** Adds a work note, once: a note with the same text is left alone. */
  async addWorkNote(sysId: string, text: string, signal?: AbortSignal): Promise<'created' | 'unchanged'> {
    return this.#missing(`${sysId} ${text}`, signal);
  }

  /** Closes the change request with what came of it. */
  async close(
    sysId: string,
    end: { readonly outcome: ChangeOutcome; readonly notes: string },
    signal?: AbortSignal,
  ): Promise<ChangeRecord> {
    return this.#missing(`${sysId} ${end.outcome}`, signal);
  }

  /** Cancels a change request that was not carried out. */
  async cancel(sysId: string, reason: string, signal?: AbortSignal): Promise<ChangeRecord> {
    return this.#missing(`${sysId} ${reason}`, signal);
  }

  async #missing(what: string, signal?: AbortSignal): Promise<never> {
    signal?.throwIfAborted();
    throw new Error(`${this.#options.baseUrl} ${what}: not asked yet`);
  }
}
