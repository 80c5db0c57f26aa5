/** Activities on the queue `notifications`: mail to people, signed webhooks to ticket systems and chats. */
import { cancellationSignal } from '@temporalio/activity';
import { gateLetter, requestLetter } from '../../domain/notices.js';
import { mapRecordTexts, referencesIn, withValues } from '../../domain/personal-text.js';
import { entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { NotificationActivities } from '../contracts.js';
import type { Mailing } from './mailing.js';

export interface NotificationActivityDeps {
  readonly ledger: WorkerLedger;
  readonly mailing: Mailing;
  /** address of the page; links open it and decide nothing */
  readonly publicUrl: string;
}

export function createNotificationActivities(deps: NotificationActivityDeps): NotificationActivities {
  const { ledger, mailing } = deps;
  /** as people read it: letters go to people */
  const readRecord = async (requestId: string): Promise<RequestRecord | null> => {
    const record = recordOf(await ledger.entriesOf(requestId));
    if (record === null) return null;
    const values = await ledger.personal(referencesIn(record));
    return mapRecordTexts(record, (text) => withValues(text, values));
  };

  return {
    async notifyGate({ requestId, notice }) {
      const record = await readRecord(requestId);
      const gate = record?.policy.spec.gates.find((item) => item.name === notice.gate);
      if (record === null || gate === undefined) return;
      const group = notice.kind === 'escalation' ? gate.escalate?.toGroup : gate.approvers.group;
      const id = `${requestId}-${notice.gate}-${notice.epoch}-${notice.kind}-${notice.number}`;
      const data = {
        requestId,
        gate: notice.gate,
        epoch: notice.epoch,
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      };
      await mailing.post({ id, type: `gate.${notice.kind}`, data }, cancellationSignal());
      if (group !== undefined) {
        const letter = gateLetter(record, gate, notice, linkOf(deps, requestId));
        await mailing.mail([group], id, letter, cancellationSignal());
      }
      await ledger.remindGate(requestId, {
        gate: notice.gate,
        epoch: notice.epoch,
        kind: notice.kind,
        number: notice.number,
      });
    },

    async notifyRequest({ requestId, event, target }) {
      const record = await readRecord(requestId);
      if (record === null) return;
      if (event === 'request-ended' && entriesOfType(record.entries, 'request.ended').length === 0) {
        // nobody is told of an end that somebody made up
        await ledger.raiseAlarm(requestId, {
          alarm: 'result-contradicts-ledger',
          detail: 'a run reported the end of the request, but in the ledger it has not ended',
          count: 1,
        });
        return;
      }
      const id = `${requestId}-${event}${target === undefined ? '' : `-${target.replaceAll('/', '-')}`}`;
      const data = {
        requestId,
        ...(target === undefined ? {} : { target }),
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      };
      await mailing.post({ id, type: event.replace('-', '.'), data }, cancellationSignal());
      const { requestedFor } = record.request;
      const mail =
        requestedFor === undefined ? undefined : (await ledger.personal([requestedFor])).get(requestedFor);
      const letter = requestLetter(record, event, target, linkOf(deps, requestId));
      await mailing.mailTo(mail === undefined ? [] : [mail], id, letter, cancellationSignal());
    },
  };
}

function linkOf(deps: NotificationActivityDeps, requestId: string): string {
  return `${deps.publicUrl.replace(/\/$/, '')}/r/${requestId}`;
}
