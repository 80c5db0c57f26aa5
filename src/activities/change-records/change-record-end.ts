/** ensureChangeRecordEnd: the change record says what came of the promotion, with the evidence, and is closed. */
import { changeRecordEnd, changeRecordNote } from '../../domain/promotion/change-record-end.js';
import { PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import { CHANGE_STATE } from '../../systems/servicenow/types.js';
import type { EffectResult } from '../contracts.js';
import type { ChangeRecordsPort } from './activities.js';
import { type ChangeRecordInput, linkOf, readBackOf } from './change-record.js';

/**
 * Notes the evidence, then closes the record with the outcome that the ledger gives, or cancels it when nothing was changed.
 * @throws StepFailed `EffectRefused` when the ledger knows no record; SystemError kind `conflict` when somebody has closed it
 *   with another outcome
 */
export async function endChangeRecord(
  changeRecords: Pick<ChangeRecordsPort, 'read' | 'addWorkNote' | 'close' | 'cancel'>,
  input: ChangeRecordInput,
  signal: AbortSignal,
): Promise<EffectResult> {
  const { record, effect } = input;
  const sysId = String((await effect.readBackOf(PROMOTION_OBJECT.changeRecord)).sysId);
  const end = changeRecordEnd(record);
  const before = await changeRecords.read(sysId, signal);
  const isOver = before.state === CHANGE_STATE.closed || before.state === CHANGE_STATE.canceled;
  // what is closed takes no more notes
  if (!isOver) {
    await changeRecords.addWorkNote(
      sysId,
      changeRecordNote(record, linkOf(input), effect.reservedAtMs),
      signal,
    );
  }
  const after =
    end.kind === 'cancel'
      ? await changeRecords.cancel(sysId, end.why, signal)
      : await changeRecords.close(sysId, { outcome: end.outcome, notes: end.why }, signal);
  return {
    outcome: isOver && !effect.resumed ? 'unchanged' : 'changed',
    readBack: { ...readBackOf(after), outcome: end.kind === 'cancel' ? 'cancelled' : end.outcome },
  };
}
