/** Onboards a SaaS into a fleet of clusters: plan, gates, rollout. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setDefaultSignalHandler,
  setHandler,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { GatesResult, PlanResult, RequestEnd, RolloutStart } from '../../activities/contracts.js';
import type {
  CommandAnswer,
  CommandName,
  FleetInput,
  FleetProgress,
  OperatorCommand,
} from '../../domain/messages.js';
import { WHOLE_REQUEST } from '../../domain/plan.js';
import { workflowIdOf } from '../../domain/request.js';
import { type Activities, activitiesFor } from '../activity-options.js';
import { showDetails } from '../current-details.js';
import { isRefused, reportOf } from '../failure-report.js';
import { GateKeeper } from '../gates/gate-keeper.js';
import { isFleetInput, isOperatorCommand, refuseInput } from '../inputs.js';
import {
  cancelUpdate,
  decisionSignal,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  retryUpdate,
  skipUpdate,
} from '../messages.js';
import { Rollout } from '../rollout/rollout.js';
import { clusterOnboarding } from './cluster.js';

type ClusterStart = RolloutStart['targets'][number];

/**
 * @param input the request by its id; everything else is read from the ledger, in every run again, so that a reset or
 * terminate and start again loses nothing
 * @returns how the request ended, as the ledger says
 */
export async function fleetOnboarding(input: FleetInput): Promise<RequestEnd> {
  if (!isFleetInput(input)) throw await refuseInput();
  const activities = activitiesFor(input.timing);
  const gates = new GateKeeper(input.requestId, activities, input.carry);
  const rollout = new Rollout<ClusterStart>(input.requestId, activities, {
    paused: input.carry?.paused ?? false,
    cancelled: input.carry?.cancelled ?? false,
  });
  const run = new FleetRun(input, activities, gates, rollout);
  run.listen();
  return await run.story();
}

class FleetRun {
  private stage: FleetProgress['stage'] = 'planning';
  private readonly input: FleetInput;
  private readonly activities: Activities;
  private readonly gates: GateKeeper;
  private readonly rollout: Rollout<ClusterStart>;

  constructor(input: FleetInput, activities: Activities, gates: GateKeeper, rollout: Rollout<ClusterStart>) {
    this.input = input;
    this.activities = activities;
    this.gates = gates;
    this.rollout = rollout;
  }

  /** Handlers record, the story judges. */
  listen(): void {
    const { rollout, gates } = this;
    const commanded =
      (name: CommandName, act: (command: OperatorCommand) => CommandAnswer) =>
      (command: OperatorCommand): Promise<CommandAnswer> =>
        this.obey(name, command, act);
    setHandler(decisionSignal, (notice) => gates.noteDecision(notice), {
      description: 'News of a decision. The ledger is asked; the message decides nothing.',
    });
    setDefaultSignalHandler(() => gates.noteDecision(undefined));
    setHandler(
      pauseUpdate,
      commanded('pause', () => rollout.pause()),
      { description: 'Start no further cluster.' },
    );
    setHandler(
      resumeUpdate,
      commanded('resume', () => rollout.resume()),
      { description: 'Go on after a pause.' },
    );
    setHandler(
      retryUpdate,
      commanded('retry', (command) => rollout.retry(command)),
      { description: 'Retry failed clusters.' },
    );
    setHandler(
      skipUpdate,
      commanded('skip', (command) => rollout.skip(command)),
      { description: 'Give clusters up.' },
    );
    setHandler(
      cancelUpdate,
      commanded('cancel', () => {
        gates.cancel();
        return rollout.cancel();
      }),
      { description: 'Finish current effects, then stop.' },
    );
    setHandler(progressQuery, () => ({
      requestId: this.input.requestId,
      stage: this.stage,
      paused: rollout.isPaused,
      targets: rollout.targets,
    }));
  }

  /** Only what the ledger holds is obeyed: whoever may write to the namespace may send an update. */
  private async obey(
    name: CommandName,
    command: OperatorCommand,
    act: (command: OperatorCommand) => CommandAnswer,
  ): Promise<CommandAnswer> {
    if (!isOperatorCommand(command)) {
      this.gates.noteUnreadable();
      return { accepted: false, message: 'not a command of Gatehouse' };
    }
    const { confirmed } = await this.activities.ledger.confirmCommand({
      requestId: this.input.requestId,
      command: name,
      commandId: command.commandId,
      targets: command.targets,
    });
    return confirmed
      ? act(command)
      : { accepted: false, message: 'the ledger does not hold this command: give it through the API' };
  }

  async story(): Promise<RequestEnd> {
    const plan = await this.plan();
    if (plan?.state !== 'planned') return await this.end(plan?.message ?? 'cancelled by an operator');

    for (;;) {
      const agreement = await this.agree();
      if (agreement.state !== 'passed') return await this.end(agreement.message);
      if ((await this.planStillHolds()) && (await this.start())) break;
    }

    await this.rollOut();
    return await this.end(this.rollout.isCancelled ? 'cancelled by an operator' : 'the rollout ended');
  }

  private async plan(): Promise<PlanResult | undefined> {
    this.show('planning', 'Looking at every system to see what is to be done.');
    const { requestId } = this.input;
    return await this.look(() => this.activities.plan.planFleet({ requestId }));
  }

  /** Looks at the systems until it succeeds: when one says no for good, an operator mends it and retries. */
  private async look<T>(look: () => Promise<T>): Promise<T | undefined> {
    while (!this.rollout.isCancelled) {
      const asked = this.rollout.retriesAsked;
      try {
        return await look();
      } catch (error) {
        if (isCancellation(error)) throw error;
        const failure = reportOf(error, this.input.requestId);
        await this.activities.ledger.closeTarget({
          requestId: this.input.requestId,
          target: WHOLE_REQUEST,
          outcome: 'failed',
          failure,
        });
        this.show('attention', `${failure.message}\n\n${failure.remedy}, then \`retry\`.`);
        await condition(() => this.rollout.isCancelled || this.rollout.retriesAsked > asked);
      }
    }
    return undefined;
  }

  /** Waits for people, for months if need be: no slot, no polling. */
  private async agree(): Promise<GatesResult> {
    for (;;) {
      const result = await this.gates.judge();
      if (result.state === 'no-plan') {
        await this.plan();
        continue;
      }
      if (result.state !== 'waiting') return result;
      this.show('gates', result.message);
      if (this.rollout.isCancelled)
        return { ...result, state: 'closed', message: 'cancelled by an operator' };
      await this.gates.sleepUntilNews(result.wakeAtMs, () => workflowInfo().continueAsNewSuggested);
      await this.continueAsNewIfSuggested();
    }
  }

  /** What was agreed on months ago may differ from what would be done now: then people are asked again. */
  private async planStillHolds(): Promise<boolean> {
    const { requestId } = this.input;
    const plan = await this.look(() => this.activities.plan.confirmPlan({ requestId }));
    return plan?.state === 'confirmed';
  }

  /** False when the ledger refuses although the gates seemed passed: then somebody forged a result, and we wait on. */
  private async start(): Promise<boolean> {
    try {
      const start = await this.activities.ledger.startRollout({ requestId: this.input.requestId });
      this.rollout.load(start, (target) => this.onboard(start.service, target));
      return true;
    } catch (error) {
      if (!isRefused(error)) throw error;
      await this.gates.sleepUntilNews(undefined, () => false);
      return false;
    }
  }

  private onboard(service: string, target: ClusterStart): Promise<void> {
    const { requestId, timing } = this.input;
    return executeChild(clusterOnboarding, {
      workflowId: workflowIdOf.cluster(service, target),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `Onboard ${target.key}`,
      args: [{ requestId, target: target.key, service, timing }],
    });
  }

  private async rollOut(): Promise<void> {
    const interrupted = (): boolean => workflowInfo().continueAsNewSuggested;
    await this.rollout.run(() => this.showRollout(), interrupted);
    if (interrupted() && !this.rollout.isCancelled) await this.continueAsNewIfSuggested();
  }

  private async end(reason: string): Promise<RequestEnd> {
    const ended = await this.activities.ledger.closeRequest({ requestId: this.input.requestId, reason });
    // messages that came after the gates had passed: nothing is decided on them, alarms are raised
    if (this.gates.hasNews) await this.gates.judge();
    this.show('ended', `**${ended.outcome ?? 'open'}**: ${ended.message}`);
    if (ended.state === 'ended') await this.tellOfTheEnd(ended);
    await condition(allHandlersFinished);
    return ended;
  }

  private async tellOfTheEnd(ended: RequestEnd): Promise<void> {
    try {
      await this.activities.notifications.notifyRequest({
        requestId: this.input.requestId,
        event: 'request-ended',
      });
    } catch {
      this.show(
        'ended',
        `**${ended.outcome ?? 'open'}**: ${ended.message} (the notice of it could not be sent)`,
      );
    }
  }

  private async continueAsNewIfSuggested(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested || !this.rollout.isQuiet) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof fleetOnboarding>({
      requestId: this.input.requestId,
      timing: this.input.timing,
      carry: {
        paused: this.rollout.isPaused,
        cancelled: this.rollout.isCancelled,
        ...this.gates.unjudged,
      },
    });
  }

  private showRollout(): void {
    const counts = new Map<string, number>();
    for (const state of Object.values(this.rollout.targets)) counts.set(state, (counts.get(state) ?? 0) + 1);
    const line = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
    const waiting = this.rollout.isWaitingForPeople ? ' Failed clusters wait for `retry` or `skip`.' : '';
    this.show(this.rollout.isWaitingForPeople ? 'attention' : 'rollout', `Clusters: ${line}.${waiting}`);
  }

  private show(stage: FleetProgress['stage'], markdown: string): void {
    this.stage = stage;
    showDetails(`Request \`${this.input.requestId}\`, ${stage}\n\n${markdown}`);
  }
}
