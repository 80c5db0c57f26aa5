/** Gives checkpoints to a witness outside the database. What is not there yet is known to the ledger, so nothing gets lost. */
import type { ApiLedger } from '../ledger/ports.js';
import { CHECKPOINTS } from './limits.js';
import type { OutboxLog } from './outbox-dispatcher.js';
import type { Witness } from './ports.js';

export class CheckpointPublisher {
  private readonly ledger: Pick<ApiLedger, 'unpublished' | 'published'>;
  private readonly witness: Witness;
  private readonly log: OutboxLog;

  constructor(ledger: Pick<ApiLedger, 'unpublished' | 'published'>, witness: Witness, log: OutboxLog) {
    this.ledger = ledger;
    this.witness = witness;
    this.log = log;
  }

  /**
   * Publishes what is missing, oldest first, until all is there or the witness does not take it; never throws: the next
   * occasion tries again, and `behind` tells of it.
   */
  async publish(): Promise<void> {
    try {
      for (;;) {
        const { place } = this.witness;
        const { checkpoints } = await this.ledger.unpublished(place, CHECKPOINTS.publishedAtOnce);
        if (checkpoints.length === 0) return;
        const reference = await this.witness.keep(checkpoints);
        for (const { seq } of checkpoints) await this.ledger.published(place, seq, reference);
      }
    } catch (error) {
      this.log.warn({ err: error }, 'checkpoints: not published, trying again later');
    }
  }

  /** How many are not there yet. @throws LedgerUnavailable */
  async behind(): Promise<number> {
    return (await this.ledger.unpublished(this.witness.place, 1)).total;
  }
}
