/** A row of what waits for somebody: enough to know what it is about without opening it. */
import type { Static } from 'typebox';
import type { PersonalRef, RequestDocument } from '../../domain/request.js';
import { subjectOf } from '../../domain/subject.js';
import { gateOf } from '../decisions.js';
import type { InboxItem } from '../inbox.js';
import type { InboxSchema } from '../schemas/gates.js';
import { requesterOf } from './gate-view.js';

/** @param values personal values by reference */
export function inboxItemView(
  { gate, record }: InboxItem,
  values: ReadonlyMap<PersonalRef, string>,
): Static<typeof InboxSchema>['items'][number] {
  const { request } = record;
  const reason = request.reason === undefined ? undefined : values.get(request.reason);
  return {
    requestId: record.requestId,
    gate: gate.gate,
    group: gateOf(record, gate.gate).approvers.group,
    epoch: gate.epoch,
    ...subjectOf(request),
    targets: request.content.targets.length,
    requester: requesterOf(request, values),
    ...(request.requestedFor === undefined ? {} : { requestedFor: values.get(request.requestedFor) ?? '' }),
    ...(reason === undefined ? {} : { reason }),
    ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
    openedAt: gate.openedAt,
    ...(gate.due === null ? {} : { due: gate.due }),
  };
}

/** References of the personal values that a row shows. */
export function askedRefsOf({
  requestedFor,
  requesterName,
  reason,
}: RequestDocument): readonly PersonalRef[] {
  return [requestedFor, requesterName, reason].filter((ref) => ref !== undefined);
}
