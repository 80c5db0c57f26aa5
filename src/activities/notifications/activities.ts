/** Activities on the queue `notifications`: mail to people, signed webhooks to ticket systems and chats. */
import { cancellationSignal } from '@temporalio/activity';
import type { InventoryManifest } from '../../domain/manifest.js';
import { gateLetter, type Letter, requestLetter } from '../../domain/notices.js';
import { mapRecordTexts, referencesIn, withValues } from '../../domain/personal-text.js';
import { entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { DirectoryClient } from '../../systems/directory/client.js';
import type { MailSender } from '../../systems/notifications/mail.js';
import type { WebhookSender } from '../../systems/notifications/webhook.js';
import type { NotificationActivities } from '../contracts.js';

export interface NotificationActivityDeps {
  readonly ledger: WorkerLedger;
  readonly directory: DirectoryClient;
  readonly inventory: InventoryManifest;
  readonly mail: MailSender | undefined;
  readonly webhooks: WebhookSender;
  readonly webhookNames: readonly string[];
  /** address of the page; links open it and decide nothing */
  readonly publicUrl: string;
}

export function createNotificationActivities(deps: NotificationActivityDeps): NotificationActivities {
  const { ledger } = deps;
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
      await post(deps, id, `gate.${notice.kind}`, {
        requestId,
        gate: notice.gate,
        epoch: notice.epoch,
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      });
      if (group !== undefined) {
        await mailTo(
          deps,
          await mailsOf(deps, group),
          id,
          gateLetter(record, gate, notice, linkOf(deps, requestId)),
        );
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
      await post(deps, id, event.replace('-', '.'), {
        requestId,
        ...(target === undefined ? {} : { target }),
        ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
      });
      const { requestedFor } = record.request;
      const mail =
        requestedFor === undefined ? undefined : (await ledger.personal([requestedFor])).get(requestedFor);
      const letter = requestLetter(record, event, target, linkOf(deps, requestId));
      await mailTo(deps, mail === undefined ? [] : [mail], id, letter);
    },
  };
}

function linkOf(deps: NotificationActivityDeps, requestId: string): string {
  return `${deps.publicUrl.replace(/\/$/, '')}/r/${requestId}`;
}

async function mailsOf(deps: NotificationActivityDeps, group: string): Promise<readonly string[]> {
  const id = deps.inventory.spec.groups[group];
  if (id === undefined) return [];
  const members = await deps.directory.groupMembers(id, cancellationSignal());
  return members.flatMap((member) => (member.enabled ? (member.mail ?? []) : []));
}

async function mailTo(
  deps: NotificationActivityDeps,
  addresses: readonly string[],
  id: string,
  letter: Letter,
): Promise<void> {
  const [first, ...rest] = addresses;
  if (deps.mail === undefined || first === undefined) return;
  await deps.mail.send({ id, to: [first, ...rest], ...letter }, cancellationSignal());
}

async function post(
  deps: NotificationActivityDeps,
  id: string,
  type: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const name of deps.webhookNames) {
    await deps.webhooks.send(
      name,
      { id, type, timestamp: new Date().toISOString(), data },
      cancellationSignal(),
    );
  }
}
