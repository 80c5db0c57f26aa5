/** Mail to groups of people and signed webhooks, for whoever has something to tell. */
import type { InventoryManifest } from '../../domain/manifest.js';
import type { Letter } from '../../domain/notices.js';
import type { DirectoryClient } from '../../systems/directory/client.js';
import type { MailSender } from '../../systems/notifications/mail.js';
import type { WebhookSender } from '../../systems/notifications/webhook.js';

export interface MailingDeps {
  readonly directory: Pick<DirectoryClient, 'groupMembers'>;
  readonly inventory: InventoryManifest;
  readonly mail: MailSender | undefined;
  readonly webhooks: WebhookSender;
  readonly webhookNames: readonly string[];
}

export class Mailing {
  private readonly deps: MailingDeps;

  constructor(deps: MailingDeps) {
    this.deps = deps;
  }

  /**
   * One mail to the members of groups of the inventory; nobody gets it twice. Groups that the inventory does not have, and
   * members without an address, are passed over.
   * @param id the same for every attempt at the same letter
   * @throws SystemError
   */
  async mail(groups: readonly string[], id: string, letter: Letter, signal: AbortSignal): Promise<void> {
    const { directory, inventory } = this.deps;
    if (this.deps.mail === undefined) return;
    const addresses = new Set<string>();
    for (const group of groups) {
      const groupId = inventory.spec.groups[group];
      if (groupId === undefined) continue;
      for (const member of await directory.groupMembers(groupId, signal)) {
        if (member.enabled && member.mail) addresses.add(member.mail);
      }
    }
    await this.mailTo([...addresses], id, letter, signal);
  }

  /** @throws SystemError */
  async mailTo(addresses: readonly string[], id: string, letter: Letter, signal: AbortSignal): Promise<void> {
    const [first, ...rest] = addresses;
    if (first !== undefined) await this.deps.mail?.send({ id, to: [first, ...rest], ...letter }, signal);
  }

  /** Every webhook of the installation gets it. @throws SystemError */
  async post(
    event: { readonly id: string; readonly type: string; readonly data: Readonly<Record<string, unknown>> },
    signal: AbortSignal,
  ): Promise<void> {
    for (const name of this.deps.webhookNames) {
      await this.deps.webhooks.send(name, { ...event, timestamp: new Date().toISOString() }, signal);
    }
  }
}
