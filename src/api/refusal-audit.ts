/** Refusals in the ledger, at most so many a minute: what is alike is counted, what is too much is counted together. */
import type { Actor } from '../domain/request.js';
import type { ApiLedger } from '../ledger/ports.js';
import { REFUSALS } from './limits.js';

export interface Refusal {
  /** method and route pattern, e.g. `POST /v1/requests`; never the address as it was sent */
  readonly route: string;
  readonly status: number;
  /** name of the problem */
  readonly reason: string;
  /** who, if he is known */
  readonly by?: Actor;
  /** the request concerned, if the ledger knows it */
  readonly requestId?: string;
}

export class RefusalAudit {
  private readonly ledger: Pick<ApiLedger, 'recordRefusal'>;
  private readonly now: () => number;
  private readonly onFailure: (error: unknown) => void;
  private windowStart = 0;
  private counted = new Map<string, { readonly refusal: Refusal; count: number }>();
  private overflow = 0;
  /** writes follow each other, so that a slow ledger is not asked by many connections at once */
  private tail: Promise<void> = Promise.resolve();

  /** @param onFailure told when the ledger could not take a refusal; the caller is refused all the same */
  constructor(
    ledger: Pick<ApiLedger, 'recordRefusal'>,
    now: () => number,
    onFailure: (error: unknown) => void,
  ) {
    this.ledger = ledger;
    this.now = now;
    this.onFailure = onFailure;
  }

  /**
   * Notes a refusal: the first of its kind in a minute is written at once, repeats when the minute is over.
   * @returns when what is to be written at once is written
   */
  async note(refusal: Refusal): Promise<void> {
    if (this.now() - this.windowStart >= REFUSALS.windowMs) this.closeWindow();
    const key = JSON.stringify([
      refusal.route,
      refusal.status,
      refusal.reason,
      refusal.by ?? null,
      refusal.requestId ?? null,
    ]);
    const known = this.counted.get(key);
    if (known !== undefined) {
      known.count += 1;
    } else if (this.counted.size < REFUSALS.maxPerWindow) {
      this.counted.set(key, { refusal, count: 0 });
      this.write(refusal, 1);
      await this.tail;
    } else {
      this.overflow += 1;
    }
  }

  /** Writes what is counted and waits until all is written. Call it every minute and at the end. */
  async flush(): Promise<void> {
    this.closeWindow();
    await this.tail;
  }

  private closeWindow(): void {
    for (const { refusal, count } of this.counted.values()) {
      if (count > 0) this.write(refusal, count);
    }
    if (this.overflow > 0) {
      this.write(
        { route: 'any', status: 0, reason: 'too many different refusals in a minute' },
        this.overflow,
      );
    }
    this.counted = new Map();
    this.overflow = 0;
    this.windowStart = this.now();
  }

  private write(refusal: Refusal, count: number): void {
    const { requestId, ...body } = refusal;
    this.tail = this.tail.then(async () => {
      try {
        await this.ledger.recordRefusal(requestId ?? null, { ...body, ...(count === 1 ? {} : { count }) });
      } catch (error) {
        this.onFailure(error);
      }
    });
  }
}
