/** Tells the ledger what a wait sees, so that who watches a request reads it there (law 4). */
import { clauseName } from '../domain/waits.js';
import { LedgerUnavailable } from '../ledger/errors.js';
import type { WorkerLedger } from '../ledger/ports.js';

/** How often the same condition is noted again with what was seen since, in milliseconds: a message may count seconds. */
const SAME_CONDITION_MS = 10_000;

export interface NotedWait {
  readonly requestId: string;
  /** key of the cluster or place */
  readonly target: string;
  /** the check that it will become */
  readonly step: string;
}

export class WaitNotes {
  readonly #ledger: Pick<WorkerLedger, 'noteWait'>;
  readonly #wait: NotedWait;
  #clause: string | undefined;
  #since = '';
  #notedMs = 0;

  constructor(ledger: Pick<WorkerLedger, 'noteWait'>, wait: NotedWait) {
    this.#ledger = ledger;
    this.#wait = wait;
  }

  /**
   * Notes a condition that is not met. A ledger that does not answer is no reason to end a wait.
   * @param since ISO 8601, where the system says it; else from the first look that saw this condition
   */
  async note(clause: string, since?: string): Promise<void> {
    const nowMs = Date.now();
    const isSame = this.#clause !== undefined && clauseName(this.#clause) === clauseName(clause);
    if (isSame && (this.#clause === clause || nowMs - this.#notedMs < SAME_CONDITION_MS)) return;
    if (!isSame) this.#since = since ?? new Date(nowMs).toISOString();
    this.#clause = clause;
    this.#notedMs = nowMs;
    const { requestId, target, step } = this.#wait;
    try {
      await this.#ledger.noteWait(requestId, { target, step, clause, since: this.#since });
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }
}
