import type { AlarmName } from '../domain/ledger.js';
import type { WorkerLedger } from '../ledger/ports.js';
import { effectRefused } from './errors.js';

/** Longest text of an alarm. */
const DETAIL_LENGTH = 500;

export interface Alarm {
  /** null: it belongs to no request that the ledger knows */
  readonly requestId: string | null;
  /** default `effect-refused` */
  readonly alarm?: AlarmName;
  /** for the ledger; cut where it is too long */
  readonly detail: string;
}

export interface Refusal extends Alarm {
  readonly object: string;
  /** for whoever asked; default: the detail */
  readonly message?: string;
  readonly remedy: string;
}

/** Notes something that should not happen. */
export async function raise(
  ledger: Pick<WorkerLedger, 'raiseAlarm'>,
  { requestId, alarm = 'effect-refused', detail }: Alarm,
): Promise<void> {
  await ledger.raiseAlarm(requestId, { alarm, detail: detail.slice(0, DETAIL_LENGTH), count: 1 });
}

/**
 * Refuses what the ledger does not permit, and notes it there.
 * @throws StepFailed `EffectRefused`, always
 */
export async function refuseWithAlarm(
  ledger: Pick<WorkerLedger, 'raiseAlarm'>,
  refusal: Refusal,
): Promise<never> {
  await raise(ledger, refusal);
  throw effectRefused(refusal.object, refusal.message ?? refusal.detail, refusal.remedy);
}
