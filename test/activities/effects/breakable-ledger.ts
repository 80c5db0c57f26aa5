/** A ledger whose connection is lost at one call: before the call reached the database, or after it did. */
import type { PgWorkerLedger } from '../../../src/ledger/pg-worker.js';

export type Moment = 'before' | 'after';

export class LedgerLost extends Error {
  override readonly name = 'LedgerLost';
}

export class BreakableLedger {
  /** what the activities are given */
  readonly worker: PgWorkerLedger;
  #break: { readonly call: string; readonly when: Moment } | undefined;

  constructor(ledger: PgWorkerLedger) {
    this.worker = new Proxy(ledger, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          const broken = this.#take(name);
          if (broken === 'before') throw new LedgerLost(`lost before ${String(name)}`);
          const answer: unknown = await Reflect.apply(value, target, args);
          if (broken === 'after') throw new LedgerLost(`lost after ${String(name)}`);
          return answer;
        };
      },
    });
  }

  /** The next call of this name is lost. */
  breakAt(call: 'reserveEffect' | 'completeEffect', when: Moment): void {
    this.#break = { call, when };
  }

  #take(name: string | symbol): Moment | undefined {
    if (this.#break?.call !== name) return undefined;
    const { when } = this.#break;
    this.#break = undefined;
    return when;
  }
}
