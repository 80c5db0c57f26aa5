/**
 * Letters and signed calls to recipients, each apart: one that cannot be reached holds nobody else up, nobody gets anything
 * twice, and who was not reached stands in the ledger.
 */
import type { InventoryManifest } from '../../domain/manifest.js';
import type { Letter } from '../../domain/notices.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { DirectoryClient } from '../../systems/directory/client.js';
import type { DirectoryUser } from '../../systems/directory/types.js';
import type { MailSender } from '../../systems/notifications/mail.js';
import type { WebhookSender } from '../../systems/notifications/webhook.js';
import { DeliveryAttempt } from './delivery-attempt.js';

export interface MailingDeps {
  readonly ledger: Pick<WorkerLedger, 'noteDelivery' | 'deliveriesOf'>;
  readonly directory: Pick<DirectoryClient, 'groupMembers'>;
  readonly inventory: { readonly spec: Pick<InventoryManifest['spec'], 'groups'> };
  readonly mail: Pick<MailSender, 'send'> | undefined;
  readonly webhooks: Pick<WebhookSender, 'send'>;
  readonly webhookNames: readonly string[];
}

export interface Notice {
  /** the same for every attempt at the same notice */
  readonly id: string;
  /** unset: it is about no request */
  readonly requestId?: string;
  /** what webhooks get */
  readonly event: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
  /** what people get */
  readonly letter: Letter;
  /** groups of the inventory whose members get the letter; those that it does not have are passed over */
  readonly groups?: readonly string[];
  /** addresses that get the letter, by the reference of each */
  readonly addresses?: ReadonlyMap<string, string>;
}

export class Mailing {
  private readonly deps: MailingDeps;

  constructor(deps: MailingDeps) {
    this.deps = deps;
  }

  /**
   * Makes one attempt for every recipient that is neither reached nor given up.
   * @throws SystemError the first trouble that passes by itself, after all others have had their attempt
   */
  async tell(notice: Notice, signal: AbortSignal): Promise<void> {
    const settled = await this.deps.ledger.deliveriesOf(notice.id);
    const attempt = new DeliveryAttempt(this.deps.ledger, notice, settled, signal);
    const event = { id: notice.id, ...notice.event, timestamp: new Date().toISOString() };
    await Promise.all([
      ...this.deps.webhookNames.map((name) =>
        attempt.reach(`webhook:${name}`, () => this.deps.webhooks.send(name, event, signal)),
      ),
      this.mailAll(notice, attempt, signal),
    ]);
    if (attempt.trouble !== undefined) throw attempt.trouble;
  }

  private async mailAll(notice: Notice, attempt: DeliveryAttempt, signal: AbortSignal): Promise<void> {
    const { mail } = this.deps;
    if (mail === undefined) return;
    const letterTo = (address: string): Promise<unknown> =>
      mail.send({ id: notice.id, to: [address], ...notice.letter }, signal);
    const mailboxes = await this.mailboxesOf(notice, attempt, signal);
    for (const [recipient, addresses] of mailboxes) {
      await attempt.reachBy(recipient, addresses, letterTo);
    }
  }

  /** Addresses by recipient: one person may have several accounts. */
  private async mailboxesOf(
    { groups = [], addresses = new Map() }: Notice,
    attempt: DeliveryAttempt,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const mailboxes = new Map<string, Set<string>>();
    for (const group of groups) {
      const groupId = this.deps.inventory.spec.groups[group];
      if (groupId === undefined) continue;
      const members = await attempt.look(`group:${group}`, () =>
        this.deps.directory.groupMembers(groupId, signal),
      );
      for (const member of members.filter(({ enabled }) => enabled)) {
        const known = mailboxes.get(recipientOf(member)) ?? new Set();
        mailboxes.set(recipientOf(member), known);
        if (member.mail) known.add(member.mail);
      }
    }
    for (const [reference, address] of addresses) mailboxes.set(`address:${reference}`, new Set([address]));
    return mailboxes;
  }
}

function recipientOf({ personId, id }: DirectoryUser): string {
  return `person:${personId === '' ? id : personId}`;
}
