/**
 * What the runs of all requests have in common: commands that the ledger holds are obeyed, systems are looked at until they
 * answer, people are waited for, and the end is what the ledger says.
 */
import {
  allHandlersFinished,
  condition,
  isCancellation,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { GatesResult, RequestEnd } from '../../activities/contracts.js';
import type {
  CommandAnswer,
  CommandName,
  FleetProgress,
  OperatorCommand,
  RunCarry,
} from '../../domain/messages.js';
import { WHOLE_REQUEST } from '../../domain/plan.js';
import type { Activities } from '../activity-options.js';
import { showDetails } from '../current-details.js';
import { reportOf } from '../failure-report.js';
import type { GateKeeper } from '../gates/gate-keeper.js';
import { isOperatorCommand } from '../inputs.js';
import {
  cancelUpdate,
  decisionSignal,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  retryUpdate,
  skipUpdate,
} from '../messages.js';
import type { Rollout } from '../rollout/rollout.js';

export interface RequestRunParts<T extends { readonly key: string }> {
  readonly requestId: string;
  readonly activities: Pick<Activities, 'ledger' | 'notifications'>;
  readonly gates: GateKeeper;
  readonly rollout: Rollout<T>;
  /** what is rolled out, in the plural, e.g. `Clusters` */
  readonly noun: string;
  /** continues as new with what has to be carried over; never returns */
  readonly continueAsNew: (carry: RunCarry) => Promise<void>;
}

export class RequestRun<T extends { readonly key: string }> {
  private stage: FleetProgress['stage'] = 'planning';
  private readonly parts: RequestRunParts<T>;

  constructor(parts: RequestRunParts<T>) {
    this.parts = parts;
  }

  /** Handlers record, the story judges. */
  listen(): void {
    const { rollout, gates, noun } = this.parts;
    const things = noun.toLowerCase();
    setHandler(decisionSignal, (notice) => gates.noteDecision(notice), {
      description: 'News of a decision. The ledger is asked; the message decides nothing.',
    });
    setDefaultSignalHandler(() => gates.noteDecision(undefined));
    setHandler(
      pauseUpdate,
      this.commanded('pause', () => rollout.pause()),
      { description: `Start no further ${things}.` },
    );
    setHandler(
      resumeUpdate,
      this.commanded('resume', () => rollout.resume()),
      { description: 'Go on after a pause.' },
    );
    setHandler(
      retryUpdate,
      this.commanded('retry', (command) => rollout.retry(command)),
      { description: `Retry failed ${things}.` },
    );
    setHandler(
      skipUpdate,
      this.commanded('skip', (command) => rollout.skip(command)),
      { description: `Give ${things} up.` },
    );
    setHandler(
      cancelUpdate,
      this.commanded('cancel', () => {
        gates.cancel();
        return rollout.cancel();
      }),
      { description: 'Finish current effects, then stop.' },
    );
    setHandler(progressQuery, () => ({
      requestId: this.parts.requestId,
      stage: this.stage,
      paused: rollout.isPaused,
      targets: rollout.targets,
    }));
  }

  /** A handler that obeys only what the ledger holds: whoever may write to the namespace may send an update. */
  commanded(
    name: CommandName,
    act: (command: OperatorCommand) => CommandAnswer,
  ): (command: OperatorCommand) => Promise<CommandAnswer> {
    const { activities, gates, requestId } = this.parts;
    return async (command) => {
      if (!isOperatorCommand(command)) {
        gates.noteUnreadable();
        return { accepted: false, message: 'not a command of Gatehouse' };
      }
      const { confirmed } = await activities.ledger.confirmCommand({
        requestId,
        command: name,
        commandId: command.commandId,
        targets: command.targets,
      });
      return confirmed
        ? act(command)
        : { accepted: false, message: 'the ledger does not hold this command: give it through the API' };
    };
  }

  /** Tries until it succeeds: when a system says no for good, an operator mends it and retries. Undefined: cancelled. */
  async persist<R>(attempt: () => Promise<R>): Promise<R | undefined> {
    const { activities, requestId, rollout } = this.parts;
    while (!rollout.isCancelled) {
      const asked = rollout.retriesAsked;
      try {
        return await attempt();
      } catch (error) {
        if (isCancellation(error)) throw error;
        const failure = reportOf(error, requestId);
        await activities.ledger.closeTarget({ requestId, target: WHOLE_REQUEST, outcome: 'failed', failure });
        this.show('attention', `${failure.message}\n\n${failure.remedy}, then \`retry\`.`);
        await condition(() => rollout.isCancelled || rollout.retriesAsked > asked);
      }
    }
    return undefined;
  }

  /**
   * Waits for people, for months if need be: no slot, no polling.
   * @param plan plans what is not planned yet
   */
  async agree(plan: () => Promise<unknown>): Promise<GatesResult> {
    const { gates, rollout } = this.parts;
    for (;;) {
      const result = await gates.judge();
      if (result.state === 'no-plan') {
        await plan();
        continue;
      }
      if (result.state !== 'waiting') return result;
      this.show('gates', result.message);
      if (rollout.isCancelled) return { ...result, state: 'closed', message: 'cancelled by an operator' };
      await gates.sleepUntilNews(result.wakeAtMs, () => workflowInfo().continueAsNewSuggested);
      await this.continueAsNewIfSuggested();
    }
  }

  /**
   * Runs the targets; what failed keeps it open.
   * @param stopped further reasons to stop once nothing is in flight
   */
  async rollOut(stopped: () => boolean = () => false): Promise<void> {
    const suggested = (): boolean => workflowInfo().continueAsNewSuggested;
    await this.parts.rollout.run(
      () => this.showRollout(),
      () => suggested() || stopped(),
    );
    if (suggested() && !this.parts.rollout.isCancelled) await this.continueAsNewIfSuggested();
  }

  async end(reason: string): Promise<RequestEnd> {
    const { activities, gates, requestId } = this.parts;
    const ended = await activities.ledger.closeRequest({ requestId, reason });
    // messages that came after the gates had passed: nothing is decided on them, alarms are raised
    if (gates.hasNews) await gates.judge();
    this.show('ended', `**${ended.outcome ?? 'open'}**: ${ended.message}`);
    if (ended.state === 'ended') await this.tellOfTheEnd(ended);
    await condition(allHandlersFinished);
    return ended;
  }

  async continueAsNewIfSuggested(): Promise<void> {
    const { gates, rollout, continueAsNew } = this.parts;
    if (!workflowInfo().continueAsNewSuggested || !rollout.isQuiet) return;
    await condition(allHandlersFinished);
    await continueAsNew({
      cancelled: rollout.isCancelled,
      ...gates.unjudged,
    });
  }

  show(stage: FleetProgress['stage'], markdown: string): void {
    this.stage = stage;
    showDetails(`Request \`${this.parts.requestId}\`, ${stage}\n\n${markdown}`);
  }

  private async tellOfTheEnd(ended: RequestEnd): Promise<void> {
    const { activities, requestId } = this.parts;
    try {
      await activities.notifications.notifyRequest({ requestId, event: 'request-ended' });
    } catch {
      this.show(
        'ended',
        `**${ended.outcome ?? 'open'}**: ${ended.message} (the notice of it could not be sent)`,
      );
    }
  }

  private showRollout(): void {
    const { rollout, noun } = this.parts;
    const counts = new Map<string, number>();
    for (const state of Object.values(rollout.targets)) counts.set(state, (counts.get(state) ?? 0) + 1);
    const line = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
    const waiting = rollout.isWaitingForPeople
      ? ` Failed ${noun.toLowerCase()} wait for \`retry\` or \`skip\`.`
      : '';
    this.show(rollout.isWaitingForPeople ? 'attention' : 'rollout', `${noun}: ${line}.${waiting}`);
  }
}
