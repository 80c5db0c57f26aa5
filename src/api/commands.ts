/** Operators' commands: an entry in the ledger first, then an update to the workflow, which answers. */
import { actorOf, type Identity } from '../domain/identity.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { LedgerRefused } from '../ledger/errors.js';
import type { ApiLedger } from '../ledger/ports.js';
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

export class Commanding {
  private readonly ledger: ApiLedger;
  private readonly workflows: WorkflowPort;
  private readonly roles: Roles;

  constructor(ledger: ApiLedger, workflows: WorkflowPort, roles: Roles) {
    this.ledger = ledger;
    this.workflows = workflows;
    this.roles = roles;
  }

  /**
   * Records a command and tells the workflow.
   * @param record a request that the caller may see
   * @returns the workflow's own words
   * @throws Problem `forbidden`, `malformed` (no such target), `ended`, `command-refused`, `unavailable` (recorded; send
   *   it again with the same id)
   */
  async give(
    record: RequestRecord,
    identity: Identity,
    input: CommandInput,
  ): Promise<{ readonly commandId: string; readonly message: string }> {
    this.refuseUnlessAllowed(record, identity, input.command);
    refuseUnknownTargets(record, input.targets);
    if (entriesOfType(record.entries, 'request.ended').length > 0) {
      throw new Problem('ended', 'The request has ended: there is nothing left to command.');
    }
    await this.record(record, identity, input);
    const outcome = await this.workflows.command(record.request.workflowId, input.command, {
      commandId: input.commandId,
      targets: input.targets,
    });
    if (outcome.state === 'answered') {
      if (!outcome.answer.accepted) throw new Problem('command-refused', outcome.answer.message);
      return { commandId: input.commandId, message: outcome.answer.message };
    }
    throw new Problem(
      'unavailable',
      outcome.state === 'absent'
        ? 'The command is recorded, but its workflow does not run (yet).'
        : 'The command is recorded, but the workflow did not answer in time.',
      { remedy: `Send it again with Idempotency-Key: ${input.commandId}` },
    );
  }

  private refuseUnlessAllowed(record: RequestRecord, identity: Identity, command: CommandName): void {
    if (this.roles.has(identity, 'operator')) return;
    const { requester } = record.request;
    const isRequester = requester.kind === identity.kind && requester.id === identity.personId;
    // who asked may always take it back
    if (command === 'cancel' && isRequester) return;
    throw new Problem('forbidden', `Only operators may ${command} a request.`);
  }

  private async record(record: RequestRecord, identity: Identity, input: CommandInput): Promise<void> {
    try {
      await this.ledger.recordCommand(record.requestId, {
        commandId: input.commandId,
        command: input.command,
        targets: input.targets,
        by: actorOf(identity),
      });
    } catch (error) {
      if (!(error instanceof LedgerRefused)) throw error;
      if (error.reason === 'ended') throw new Problem('ended', 'The request has ended just now.');
      if (error.reason === 'contradiction') {
        throw new Problem('key-reused', 'The Idempotency-Key was sent before with another command.');
      }
      throw error;
    }
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
