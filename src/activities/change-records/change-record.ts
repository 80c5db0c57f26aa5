/** ensureChangeRecord: one change record for a promotion, with its approval asked for. */
import { changeRecordText } from '../../domain/promotion/change-record.js';
import type { RequestRecord } from '../../domain/record.js';
import type { PromotionRequest } from '../../domain/request.js';
import type { ChangeRecord } from '../../systems/servicenow/types.js';
import type { EffectResult } from '../contracts.js';
import type { PermittedEffect } from '../guard/effect-guard.js';
import type { ChangeRecordsPort } from './activities.js';

export interface ChangeRecordInput {
  readonly record: RequestRecord;
  readonly effect: PermittedEffect<PromotionRequest, null>;
  readonly publicUrl: string;
  readonly assignmentGroup?: string;
}

/**
 * Finds the record by the request's id or opens it, and asks for its approval. Under a later plan the same record goes on,
 * with what is asked now as a note.
 */
export async function openChangeRecord(
  changeRecords: Pick<ChangeRecordsPort, 'open' | 'requestApproval' | 'addWorkNote'>,
  input: ChangeRecordInput,
  signal: AbortSignal,
): Promise<EffectResult> {
  const { record, effect, assignmentGroup } = input;
  const text = changeRecordText(record, effect.request, linkOf(input));
  const opened = await changeRecords.open(
    {
      correlationId: effect.requestId,
      shortDescription: text.title,
      description: text.description,
      type: text.type,
      ...(assignmentGroup === undefined ? {} : { assignmentGroup }),
    },
    signal,
  );
  const isKnown = effect.history.some(
    ({ type, requestId }) => type === 'effect.completed' && requestId === effect.requestId,
  );
  if (isKnown && effect.epoch > 1) {
    const note = `Planned anew, and approved anew:\n${text.title}\n${text.description}`;
    await changeRecords.addWorkNote(opened.record.sysId, note, signal);
  }
  const asked = await changeRecords.requestApproval(opened.record.sysId, signal);
  return { outcome: outcomeOf(opened.outcome, isKnown, effect.resumed), readBack: readBackOf(asked) };
}

/** A record with our id that no completion names was opened by an attempt whose answer was lost. */
function outcomeOf(
  outcome: 'created' | 'adopted',
  isKnown: boolean,
  resumed: boolean,
): EffectResult['outcome'] {
  if (outcome === 'created') return 'created';
  if (isKnown) return 'unchanged';
  return resumed ? 'created' : 'adopted';
}

/** Ids and state only. */
export function readBackOf({ sysId, number, url, state, approval }: ChangeRecord): EffectResult['readBack'] {
  return { sysId, number, url, state, approval };
}

/** Link to the page of the request. */
export function linkOf({ publicUrl, effect }: Pick<ChangeRecordInput, 'publicUrl' | 'effect'>): string {
  return `${publicUrl.replace(/\/$/, '')}/r/${effect.requestId}`;
}
