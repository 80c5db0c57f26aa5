import { effectKey } from '../../domain/plan.js';
import { disproved } from '../../domain/promotion/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';

/** Longest reason in an entry. */
const REASON_LENGTH = 500;

/** Notes that a check of what was promoted failed. What a rollback shows is not judged: nothing takes a rollback back. */
export async function noteDisproved(
  ledger: Pick<WorkerLedger, 'passCheck'>,
  {
    requestId,
    target,
    revert,
  }: { readonly requestId: string; readonly target: string; readonly revert: boolean },
  check: string,
  system: string,
  message: string,
): Promise<void> {
  if (revert) return;
  await ledger.passCheck(requestId, {
    key: effectKey(target, disproved(check)),
    system,
    readBack: { message: message.slice(0, REASON_LENGTH), at: new Date().toISOString() },
  });
}
