/** Gives commands: an entry in the ledger first, then the workflow is told; what cannot be told now, the outbox tells. */
import type { Actor } from '../domain/request.js';
import { LedgerRefused, LedgerUnavailable } from '../ledger/errors.js';
import type { ApiLedger, RecordedCommand } from '../ledger/ports.js';
import { CommandDelivery, type CommandForWorkflow, type Delivery } from './command-delivery.js';
import { commandMessage } from './outbox-messages.js';
import type { WorkflowPort } from './ports.js';
import { Problem } from './problems.js';

export class CommandGiving {
  private readonly ledger: ApiLedger;
  private readonly delivery: CommandDelivery;

  constructor(ledger: ApiLedger, workflows: WorkflowPort) {
    this.ledger = ledger;
    this.delivery = new CommandDelivery(ledger, workflows);
  }

  /**
   * Whether the caller may give it is judged before.
   * @throws Problem `ended`, `key-reused`, `command-refused` (before its turn); LedgerUnavailable
   */
  async give(item: CommandForWorkflow, by: Actor): Promise<Delivery> {
    const { state, outboxId } = await this.record(item, by);
    // the run of its name is that of another request
    if (state === 'ended') return { state: 'withdrawn' };
    const delivery = await this.deliver(item);
    if (delivery.state !== 'unavailable' && outboxId !== null) await this.ledger.outboxDelivered(outboxId);
    return delivery;
  }

  /** @returns with the message of the outbox that waits in case the workflow cannot be told now */
  private async record(item: CommandForWorkflow, by: Actor): Promise<RecordedCommand> {
    const { requestId, command, body } = item;
    try {
      return await this.ledger.recordCommand(requestId, { ...body, command, by }, commandMessage(item));
    } catch (error) {
      if (!(error instanceof LedgerRefused)) throw error;
      if (error.reason === 'ended') throw new Problem('ended', 'The request has ended just now.');
      if (error.reason === 'waits') {
        throw new Problem('command-refused', 'The request waits for its turn: nothing of it was begun.', {
          remedy: `It can only be cancelled: gatehouse cancel ${requestId}`,
        });
      }
      if (error.reason === 'contradiction') {
        throw new Problem('key-reused', 'The Idempotency-Key was sent before with another command.');
      }
      throw error;
    }
  }

  /** It is recorded by now, so whatever hinders the telling is the outbox's business. */
  private async deliver(item: CommandForWorkflow): Promise<Delivery> {
    try {
      return await this.delivery.deliver(item);
    } catch (error) {
      if (error instanceof LedgerUnavailable) throw error;
      return { state: 'unavailable' };
    }
  }
}
