import type { CheckResult, HttpCheck } from './types.js';

export interface HttpChecksOptions {
  /** origins that may be asked, e.g. `https://shop.example.com`; a check of any other is refused */
  readonly hosts: readonly string[];
}

/** Single requests by which a delivered service is looked at. */
export class HttpChecks {
  readonly #options: HttpChecksOptions;

  constructor(options: HttpChecksOptions) {
    this.#options = options;
  }

  /**
   * Makes one request, without credential, and judges the answer.
   * @throws SystemError kind `invalid` when the check itself cannot be made: another host, a wrong pointer
   */
  async run(check: HttpCheck, signal?: AbortSignal): Promise<CheckResult> {
    signal?.throwIfAborted();
    throw new Error(`${check.url}: ${this.#options.hosts.length} hosts, not asked yet`);
  }
}
