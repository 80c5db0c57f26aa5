/** What a plan asks of the ledger, for a plan that writes nothing: personal values stay in memory. */
import type { LedgerEntry } from '../../domain/ledger.js';
import { LedgerDatabase } from '../../ledger/database.js';
import { PgWorkerLedger } from '../../ledger/pg-worker.js';
import type { PlanningFacts } from '../../planning/fleet-plan.js';
import { digest } from '../../security/canonical.js';

export interface LocalFacts extends PlanningFacts {
  /** what was observed under a key in any request, newest first */
  readonly checks: (key: string) => Promise<readonly LedgerEntry<'check.passed'>[]>;
  /** a reference that stands for the value in this process only */
  readonly refOf: (value: string) => string;
  readonly hasLedger: boolean;
  close(): Promise<void>;
}

/** @param ledgerUrl a login that may read entries, the auditor's will do; undefined: nothing is known to be ours */
export function localFacts(ledgerUrl: string | undefined): LocalFacts {
  const values = new Map<string, string>();
  const refOf = (value: string): string => {
    const ref = `p_${digest(value).slice(0, 26)}`;
    values.set(ref, value);
    return ref;
  };
  const database =
    ledgerUrl === undefined
      ? undefined
      : new LedgerDatabase({ connectionString: ledgerUrl, applicationName: 'gatehouse-plan', poolSize: 2 });
  // of this class only reads are used: every login role may read entries, and no other right is needed
  const ledger: Pick<PgWorkerLedger, 'effectsByKey' | 'checksByKey'> | undefined =
    database === undefined ? undefined : new PgWorkerLedger(database);
  return {
    refOf,
    hasLedger: ledger !== undefined,
    checks: async (key) => (ledger === undefined ? [] : ledger.checksByKey(key)),
    history: async (key) => (ledger === undefined ? [] : ledger.effectsByKey(key)),
    personal: async (refs) =>
      new Map(
        refs.flatMap((ref) => {
          const value = values.get(ref);
          return value === undefined ? [] : [[ref, value] as const];
        }),
      ),
    keepPersonal: async (kept) => kept.map(refOf),
    close: async () => database?.close(),
  };
}
