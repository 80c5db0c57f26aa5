/** Signatures of the last minutes, so that a copied call is refused. */

/** Enough for many a ticket a second over the window; more are told apart by the ledger's idempotency keys. */
const MAX_KEPT = 50_000;

export class SeenSignatures {
  private readonly seen = new Map<string, number>();
  private readonly windowMs: number;
  private readonly now: () => number;

  /** @param windowMs how long a signature could still be valid */
  constructor(windowMs: number, now: () => number) {
    this.windowMs = windowMs;
    this.now = now;
  }

  /** True the first time. */
  isNew(signature: string): boolean {
    this.forget();
    if (this.seen.has(signature)) return false;
    this.seen.set(signature, this.now());
    return true;
  }

  /** Entries are in the order of their times. */
  private forget(): void {
    for (const [signature, at] of this.seen) {
      if (this.now() - at <= this.windowMs && this.seen.size <= MAX_KEPT) return;
      this.seen.delete(signature);
    }
  }
}
