/** One subscription to the ledger for all open streams of this process. */
import type { ApiLedger, Unlisten } from '../ledger/ports.js';

export type Listener = (seq: number, requestId: string | null) => void;

export class ProgressFeed {
  private readonly ledger: Pick<ApiLedger, 'listen'>;
  private readonly listeners = new Set<Listener>();
  private subscription: Promise<Unlisten> | undefined;

  constructor(ledger: Pick<ApiLedger, 'listen'>) {
    this.ledger = ledger;
  }

  /**
   * Calls back after every append to the ledger; a hint only. A null request id means: look again, something may be new.
   * @returns ends it
   */
  async subscribe(listener: Listener): Promise<() => void> {
    this.subscription ??= this.ledger.listen((seq, requestId) => {
      for (const each of this.listeners) each(seq, requestId);
    });
    this.listeners.add(listener);
    try {
      await this.subscription;
    } catch (error) {
      // the next one tries anew
      this.subscription = undefined;
      this.listeners.delete(listener);
      throw error;
    }
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Gives the connection back. */
  async close(): Promise<void> {
    this.listeners.clear();
    const subscription = this.subscription;
    this.subscription = undefined;
    if (subscription !== undefined) await (await subscription)();
  }
}
