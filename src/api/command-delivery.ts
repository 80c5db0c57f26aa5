/** Brings commands to workflows: the one way, for the operator who waits for an answer and for the outbox. */
import { type CommandAnswer, type OperatorCommand, workflowTypeOf } from '../domain/messages.js';
import { entriesOfType } from '../domain/record.js';
import type { ApiLedger } from '../ledger/ports.js';
import type { CommandName, WorkflowPort } from './ports.js';

export interface CommandForWorkflow {
  readonly requestId: string;
  readonly workflowId: string;
  readonly command: CommandName;
  readonly body: OperatorCommand;
}

/**
 * - `answered` with the workflow's answer
 * - `restarted` it was a retry, the request was open and its workflow did not run (it had given up, or somebody terminated
 *   it): it was started again, was told what to retry, reads the ledger and goes on where it stopped
 * - `ended` the request has ended: there is nothing to tell anybody
 * - `withdrawn` it waited for its turn and has ended with the cancellation: it had no workflow yet
 * - `unavailable` no answer in time: whether it arrived is unknown, the same command may be sent again
 */
export type Delivery =
  | { readonly state: 'answered'; readonly answer: CommandAnswer }
  | { readonly state: 'restarted' | 'ended' | 'withdrawn' | 'unavailable' };

export class CommandDelivery {
  private readonly ledger: Pick<ApiLedger, 'entriesOf'>;
  private readonly workflows: WorkflowPort;

  constructor(ledger: Pick<ApiLedger, 'entriesOf'>, workflows: WorkflowPort) {
    this.ledger = ledger;
    this.workflows = workflows;
  }

  /** @throws LedgerUnavailable, WorkflowBusy, and what Temporal's client throws when a start does not come through */
  async deliver(item: CommandForWorkflow): Promise<Delivery> {
    const first = await this.tell(item);
    if (first !== undefined) return first;
    const workflowType = await this.typeOfOpen(item.requestId);
    if (workflowType === undefined) return { state: 'ended' };
    await this.workflows.start(item.workflowId, workflowType, item.requestId);
    const second = await this.tell(item);
    if (second === undefined) {
      return { state: (await this.typeOfOpen(item.requestId)) === undefined ? 'ended' : 'unavailable' };
    }
    // nothing that failed to retry: going on is what was wanted
    return second.state === 'answered' && item.command === 'retry' ? { state: 'restarted' } : second;
  }

  /** Undefined when there is no run to tell. */
  private async tell({ workflowId, command, body }: CommandForWorkflow): Promise<Delivery | undefined> {
    const outcome = await this.workflows.command(workflowId, command, body);
    if (outcome.state === 'absent') return undefined;
    return outcome.state === 'answered' ? outcome : { state: 'unavailable' };
  }

  /** The workflow that carries a request out; undefined when it has ended. */
  private async typeOfOpen(requestId: string): Promise<string | undefined> {
    const entries = await this.ledger.entriesOf(requestId);
    if (entries.some(({ type }) => type === 'request.ended')) return undefined;
    const accepted = entriesOfType(entries, 'request.accepted').at(0)?.body;
    return workflowTypeOf(accepted?.kind === 'Promotion' ? 'Promotion' : 'Fleet', accepted?.workflowId ?? '');
  }
}
