/** Operators' commands: an entry in the ledger first, then an update to the workflow, which answers. */
import { actorOf, type Identity } from '../domain/identity.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { LedgerRefused, LedgerUnavailable } from '../ledger/errors.js';
import type { ApiLedger } from '../ledger/ports.js';
import { CommandDelivery, type CommandForWorkflow, type Delivery } from './command-delivery.js';
import { commandMessage, revocationMessage } from './outbox-messages.js';
import type { CommandName, WorkflowPort } from './ports.js';
import { Problem } from './problems.js';
import type { Roles } from './roles.js';

export interface CommandInput {
  readonly command: CommandName;
  /** keys of targets; empty: all that it can apply to */
  readonly targets: readonly string[];
  /** the same id is the same command */
  readonly commandId: string;
}

export interface CommandTaken {
  readonly commandId: string;
  readonly message: string;
  /** false: recorded, and not known to be taken; the outbox tells the workflow until it answers */
  readonly isTaken: boolean;
}

export class Commanding {
  private readonly ledger: ApiLedger;
  private readonly delivery: CommandDelivery;
  private readonly roles: Roles;

  constructor(ledger: ApiLedger, workflows: WorkflowPort, roles: Roles) {
    this.ledger = ledger;
    this.delivery = new CommandDelivery(ledger, workflows);
    this.roles = roles;
  }

  /**
   * Records a command and tells the workflow. What is recorded is never lost: when the workflow does not answer in time,
   * it is told again by the outbox.
   * @param record a request that the caller may see
   * @returns the workflow's own words, or what happens next
   * @throws Problem `forbidden`, `malformed` (no such target), `ended`, `command-refused`, `key-reused`
   */
  async give(record: RequestRecord, identity: Identity, input: CommandInput): Promise<CommandTaken> {
    this.refuseUnlessAllowed(record, identity, input.command);
    refuseUnknownTargets(record, input.targets);
    if (entriesOfType(record.entries, 'request.ended').length > 0) throw afterEnd();
    const item: CommandForWorkflow = {
      requestId: record.requestId,
      workflowId: record.request.workflowId,
      command: input.command,
      body: { commandId: input.commandId, targets: input.targets },
    };
    const outboxId = await this.record(item, identity);
    const delivery = await this.deliver(item);
    if (delivery.state !== 'unavailable' && outboxId !== null) await this.ledger.outboxDelivered(outboxId);
    return takenOrProblem(input, delivery);
  }

  /**
   * Revokes a request: from this entry of the ledger on no effect is made for it. The workflow is told by the outbox,
   * finishes the effects in hand and ends.
   * @throws Problem `forbidden`, `ended`
   */
  async revoke(record: RequestRecord, identity: Identity): Promise<void> {
    if (!this.roles.has(identity, 'operator')) {
      throw new Problem('forbidden', 'Only operators may revoke a request.');
    }
    const { requestId, request } = record;
    try {
      await this.ledger.revokeRequest(
        requestId,
        { by: actorOf(identity) },
        revocationMessage({ requestId, workflowId: request.workflowId }),
      );
    } catch (error) {
      if (error instanceof LedgerRefused && error.reason === 'ended') throw afterEnd();
      throw error;
    }
  }

  private refuseUnlessAllowed(record: RequestRecord, identity: Identity, command: CommandName): void {
    if (this.roles.has(identity, 'operator')) return;
    const { requester } = record.request;
    const isRequester = requester.kind === identity.kind && requester.id === identity.personId;
    // who asked may always take it back
    if (command === 'cancel' && isRequester) return;
    throw new Problem('forbidden', `Only operators may ${command} a request.`);
  }

  /** @returns the message of the outbox that waits in case the workflow cannot be told now */
  private async record(item: CommandForWorkflow, identity: Identity): Promise<number | null> {
    const { requestId, command, body } = item;
    try {
      const { outboxId } = await this.ledger.recordCommand(
        requestId,
        { ...body, command, by: actorOf(identity) },
        commandMessage(item),
      );
      return outboxId;
    } catch (error) {
      if (!(error instanceof LedgerRefused)) throw error;
      if (error.reason === 'ended') throw new Problem('ended', 'The request has ended just now.');
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

function takenOrProblem({ commandId, command }: CommandInput, delivery: Delivery): CommandTaken {
  switch (delivery.state) {
    case 'answered':
      if (!delivery.answer.accepted) throw new Problem('command-refused', delivery.answer.message);
      return { commandId, message: delivery.answer.message, isTaken: true };
    case 'restarted':
      return {
        commandId,
        message: 'its workflow did not run any more: it was started again and goes on where it stopped',
        isTaken: true,
      };
    case 'ended':
      throw new Problem('ended', 'The request has ended just now.');
    case 'unavailable':
      return {
        commandId,
        message: `recorded; the workflow did not answer in time, so it is told "${command}" again until it does: read the request to see when it is taken`,
        isTaken: false,
      };
  }
}

function afterEnd(): Problem {
  return new Problem('ended', 'The request has ended: there is nothing left to command.');
}

function refuseUnknownTargets(record: RequestRecord, targets: readonly string[]): void {
  const known = new Set(record.request.content.targets.map(({ key }) => key));
  const faults = targets.flatMap((target, index) =>
    known.has(target)
      ? []
      : [{ place: `targets[${index}]`, message: `"${target}" is not a target of this request` }],
  );
  if (faults.length > 0) throw new Problem('malformed', 'The request has no such target.', { faults });
}
