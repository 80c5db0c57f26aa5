/** Records what the API tells workflows. The real Temporal is met in temporal-commands.test.ts and end to end. */

import type { CommandName, CommandOutcome, WorkflowPort } from '../../src/api/ports.js';
import type { Fitness } from '../../src/config/temporal-fitness.js';
import type { DecisionNotice } from '../../src/domain/decision.js';
import type { OperatorCommand } from '../../src/domain/messages.js';
import type { RunLook } from '../../src/domain/status/attempts.js';

export class WorkflowRecorder implements WorkflowPort {
  readonly started: { workflowId: string; workflowType: string; requestId: string }[] = [];
  readonly notified: { workflowId: string; notice: DecisionNotice }[] = [];
  readonly toldNews: string[] = [];
  readonly commands: { workflowId: string; command: CommandName; body: OperatorCommand }[] = [];
  /** what the next commands answer; `absent` counts until something is started */
  outcome: CommandOutcome = { state: 'answered', answer: { accepted: true, message: 'noted' } };
  /** what commands answer when they find none and start it again */
  afterStart: CommandOutcome = { state: 'absent' };
  /** what a look at any run sees */
  run: RunLook = { state: 'running', attempts: [] };
  /** what the namespace is fit for */
  fit: readonly Fitness[] = [];
  /** while set, nothing can be reached */
  down: Error | undefined;

  async start(workflowId: string, workflowType: string, requestId: string): Promise<void> {
    this.reach();
    this.started.push({ workflowId, workflowType, requestId });
  }

  async notify(workflowId: string, notice: DecisionNotice): Promise<void> {
    this.reach();
    this.notified.push({ workflowId, notice });
  }

  async tellNews(workflowId: string): Promise<void> {
    this.reach();
    this.toldNews.push(workflowId);
  }

  async command(workflowId: string, command: CommandName, body: OperatorCommand): Promise<CommandOutcome> {
    this.reach();
    this.commands.push({ workflowId, command, body });
    return this.outcome.state === 'absent' && this.started.some((run) => run.workflowId === workflowId)
      ? this.afterStart
      : this.outcome;
  }

  async look(): Promise<RunLook> {
    return this.run;
  }

  async fitness(): Promise<readonly Fitness[]> {
    this.reach();
    return this.fit;
  }

  private reach(): void {
    if (this.down !== undefined) throw this.down;
  }
}
