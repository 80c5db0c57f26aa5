/** Activities on the queue `notifications`: mail to people, signed webhooks to ticket systems and chats. */
import { cancellationSignal } from '@temporalio/activity';
import { isSent, refuseGateNotice, refuseRequestNotice } from '../../domain/notice-proof.js';
import { gateLetter, requestLetter } from '../../domain/notices.js';
import { mapRecordTexts, referencesIn, withValues } from '../../domain/personal-text.js';
import type { RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { NotificationActivities } from '../contracts.js';
import { raise } from '../refusal.js';
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

  /** Nobody is told of what somebody made up. */
  const doubt = (requestId: string | null, what: string): Promise<void> =>
    raise(ledger, {
      requestId,
      alarm: 'result-contradicts-ledger',
      detail: `a notice was asked for that the ledger does not prove: ${what}`,
    });

  return {
    async notifyGate({ requestId, notice }) {
      const record = await readRecord(requestId);
      const gate = record?.policy.spec.gates.find((item) => item.name === notice.gate);
      if (record === null || gate === undefined) return await doubt(null, 'a gate that nobody knows');
      if (isSent(record, notice)) return;
      const untrue = refuseGateNotice(record, notice, await ledger.now());
      if (untrue !== undefined) return await doubt(requestId, `gate ${notice.gate}: ${untrue}`);
      const group = notice.kind === 'escalation' ? gate.escalate?.toGroup : gate.approvers.group;
      const id = `${requestId}-${notice.gate}-${notice.epoch}-${notice.kind}-${notice.number}`;
      const data = {
        requestId,
        gate: notice.gate,
        epoch: notice.epoch,
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      };
      await mailing.tell(
        {
          id,
          requestId,
          event: { type: `gate.${notice.kind}`, data },
          letter: gateLetter(record, gate, notice, linkOf(deps, requestId)),
          groups: group === undefined ? [] : [group],
        },
        cancellationSignal(),
      );
      await ledger.remindGate(requestId, {
        gate: notice.gate,
        epoch: notice.epoch,
        kind: notice.kind,
        number: notice.number,
      });
    },

    async notifyRequest({ requestId, event, target }) {
      const record = await readRecord(requestId);
      if (record === null) return await doubt(null, 'a request that nobody knows');
      const untrue = refuseRequestNotice(record, event, target);
      if (untrue !== undefined) return await doubt(requestId, `${event}: ${untrue}`);
      const id = `${requestId}-${event}${target === undefined ? '' : `-${target.replaceAll('/', '-')}`}`;
      const data = {
        requestId,
        ...(target === undefined ? {} : { target }),
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      };
      const { requestedFor } = record.request;
      const addresses = await ledger.personal(requestedFor === undefined ? [] : [requestedFor]);
      await mailing.tell(
        {
          id,
          requestId,
          event: { type: event.replace('-', '.'), data },
          letter: requestLetter(record, event, target, linkOf(deps, requestId)),
          addresses,
        },
        cancellationSignal(),
      );
    },
  };
}

function linkOf(deps: NotificationActivityDeps, requestId: string): string {
  return `${deps.publicUrl.replace(/\/$/, '')}/r/${requestId}`;
}
