/** Reads the rows that the API's functions answer. */
import { column, type Row } from './database.js';
import { isBodyOf } from './entry-shapes.js';
import { LedgerCorrupt } from './errors.js';
import type { AcceptResult, DecisionResult, OpenGate, RecordedCommand, RequestSummary } from './ports.js';

export function acceptResultOf(row: Row): AcceptResult {
  const state = column.text(row, 'state');
  switch (state) {
    case 'accepted':
    case 'key-reused':
      return { state };
    case 'repeated':
      return { state, requestId: column.text(row, 'request_id') };
    case 'open':
      return {
        state,
        requestId: column.text(row, 'request_id'),
        contentHash: column.text(row, 'content_hash'),
      };
    default:
      throw unknownState(state);
  }
}

export function decisionResultOf(row: Row): DecisionResult {
  const state = column.text(row, 'state');
  switch (state) {
    case 'recorded':
    case 'same':
      return { state, seq: column.whole(row, 'seq') };
    case 'already-voted':
    case 'closed':
    case 'superseded':
      return { state };
    default:
      throw unknownState(state);
  }
}

export function recordedOrSame(row: Row): { readonly state: 'recorded' | 'same' } {
  const state = column.text(row, 'state');
  if (state === 'recorded' || state === 'same') return { state };
  throw unknownState(state);
}

export function recordedCommandOf(row: Row): RecordedCommand {
  return {
    ...(row.state === 'ended' ? { state: row.state } : recordedOrSame(row)),
    outboxId: row.outbox_id === null ? null : column.whole(row, 'outbox_id'),
  };
}

export function openGateOf(row: Row): OpenGate {
  const due = column.textOrNull(row, 'due');
  const opened = {
    gate: row.gate,
    epoch: column.whole(row, 'epoch'),
    openedAt: row.opened_at,
    ...(due === null ? {} : { due }),
  };
  if (!isBodyOf('gate.opened', opened)) throw new LedgerCorrupt('an open gate is not of its shape');
  return {
    requestId: column.text(row, 'request_id'),
    workflowId: column.text(row, 'workflow_id'),
    ...opened,
    due,
  };
}

export function requestSummaryOf(row: Row): RequestSummary {
  const endedAt = column.textOrNull(row, 'ended_at');
  return {
    requestId: column.text(row, 'request_id'),
    workflowId: column.text(row, 'workflow_id'),
    kind: column.text(row, 'kind'),
    contentHash: column.text(row, 'content_hash'),
    seq: column.whole(row, 'seq'),
    acceptedAt: column.text(row, 'at'),
    epoch: column.whole(row, 'epoch'),
    started: column.boolean(row, 'started'),
    revoked: column.boolean(row, 'revoked'),
    ended: endedAt === null ? null : { at: endedAt, outcome: outcomeOf(row) },
  };
}

function outcomeOf(row: Row): NonNullable<RequestSummary['ended']>['outcome'] {
  const body: unknown = { outcome: row.outcome, message: '' };
  if (!isBodyOf('request.ended', body))
    throw new LedgerCorrupt('the outcome of a request is an unknown word');
  return body.outcome;
}

function unknownState(state: string): LedgerCorrupt {
  return new LedgerCorrupt(`the database answers the unknown state ${state}, perhaps of a newer version`);
}
