/** Operators' commands: who may give which, and what becomes of them. */
import { actorOf, type Identity } from '../domain/identity.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { LedgerRefused } from '../ledger/errors.js';
import type { ApiLedger } from '../ledger/ports.js';
import type { Delivery } from './command-delivery.js';
import type { CommandGiving } from './command-giving.js';
import { revocationMessage } from './outbox-messages.js';
import type { CommandName } from './ports.js';
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
  private readonly giving: CommandGiving;
  private readonly roles: Roles;

  constructor(ledger: ApiLedger, giving: CommandGiving, roles: Roles) {
    this.ledger = ledger;
    this.giving = giving;
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
    if (entriesOfType(record.entries, 'request.ended').length > 0) throw afterEnd(record, input.command);
    refuseUnlessFitting(record, input.command);
    const delivery = await this.giving.give(
      {
        requestId: record.requestId,
        workflowId: record.request.workflowId,
        command: input.command,
        body: { commandId: input.commandId, targets: input.targets },
      },
      actorOf(identity),
    );
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
      if (error instanceof LedgerRefused && error.reason === 'ended') throw afterEnd(record, 'cancel');
      throw error;
    }
  }

  private refuseUnlessAllowed(record: RequestRecord, identity: Identity, command: CommandName): void {
    if (this.roles.has(identity, 'operator')) return;
    const { requester } = record.request;
    const isRequester = requester.kind === identity.kind && requester.id === identity.personId;
    // who asked may always take it back
    if (command === 'cancel' && isRequester) return;
    // whoever owns an application may always bring it back to what it ran before
    if (command === 'rollback' && this.roles.isOwner(identity, record)) return;
    throw new Problem(
      'forbidden',
      command === 'rollback'
        ? 'Only operators and the owners of the application may roll back.'
        : `Only operators may ${command} a request.`,
    );
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
    case 'withdrawn':
      return {
        commandId,
        message: 'it waited for its turn and has ended: nothing of it was begun',
        isTaken: true,
      };
    case 'unavailable':
      return {
        commandId,
        message: `recorded; the workflow did not answer in time, so it is told "${command}" again until it does: read the request to see when it is taken`,
        isTaken: false,
      };
  }
}

function afterEnd({ request }: RequestRecord, command: CommandName): Problem {
  if (command !== 'rollback' || request.kind !== 'Promotion') {
    return new Problem('ended', 'The request has ended: there is nothing left to command.');
  }
  const { application, environment } = request.content;
  return new Problem('ended', 'The promotion has ended, so there is nothing to stop.', {
    remedy: `Bring what ran before by a new request: gatehouse rollback ${application}/${environment} --reason …`,
  });
}

/** Fleets are not taken back, and of a promotion only what was begun. */
function refuseUnlessFitting(record: RequestRecord, command: CommandName): void {
  if (command !== 'rollback' && command !== 'accept') return;
  if (record.request.kind !== 'Promotion') {
    throw new Problem('command-refused', `Only a promotion can be told to ${command}.`);
  }
  if (command === 'rollback' && entriesOfType(record.entries, 'request.started').length === 0) {
    throw new Problem('command-refused', 'Nothing of it was begun, so there is nothing to take back.', {
      remedy: `Stop it: gatehouse cancel ${record.requestId}`,
    });
  }
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
