/** Onboards a SaaS into a fleet of clusters: plan, gates, rollout. */
import { continueAsNew, executeChild, ParentClosePolicy, WorkflowIdReusePolicy } from '@temporalio/workflow';
import type { PlanResult, RequestEnd, RolloutStart } from '../../activities/contracts.js';
import type { RequestInput } from '../../domain/messages.js';
import { workflowIdOf } from '../../domain/request.js';
import type { Activities } from '../activity-options.js';
import { isRefused } from '../failure-report.js';
import type { GateKeeper } from '../gates/gate-keeper.js';
import { isRequestInput, refuseInput } from '../inputs.js';
import { type OpenRun, openRun } from '../requests/open-run.js';
import type { RequestRun } from '../requests/request-run.js';
import type { Rollout } from '../rollout/rollout.js';
import { clusterOnboarding } from './cluster.js';

type ClusterStart = RolloutStart['targets'][number];

/**
 * @param input the request by its id; everything else is read from the ledger, in every run again, so that a reset or
 * terminate and start again loses nothing
 * @returns how the request ended, as the ledger says
 */
export async function fleetOnboarding(input: RequestInput): Promise<RequestEnd> {
  if (!isRequestInput(input)) throw await refuseInput();
  const opened = openRun<ClusterStart>(input, 'Clusters', (next) =>
    continueAsNew<typeof fleetOnboarding>(next),
  );
  opened.run.listen();
  return await new FleetStory(input, opened).tell();
}

class FleetStory {
  private readonly input: RequestInput;
  private readonly activities: Activities;
  private readonly gates: GateKeeper;
  private readonly rollout: Rollout<ClusterStart>;
  private readonly run: RequestRun<ClusterStart>;

  constructor(input: RequestInput, { activities, gates, rollout, run }: OpenRun<ClusterStart>) {
    this.input = input;
    this.activities = activities;
    this.gates = gates;
    this.rollout = rollout;
    this.run = run;
  }

  async tell(): Promise<RequestEnd> {
    const { run, rollout } = this;
    const plan = await this.plan();
    if (plan?.state !== 'planned') return await run.end(plan?.message ?? 'cancelled by an operator');

    for (;;) {
      const agreement = await run.agree(() => this.plan());
      if (agreement.state !== 'passed') return await run.end(agreement.message);
      if ((await this.planStillHolds()) && (await this.start())) break;
    }

    await run.rollOut();
    return await run.end(rollout.isCancelled ? 'cancelled by an operator' : 'the rollout ended');
  }

  private async plan(): Promise<PlanResult | undefined> {
    this.run.show('planning', 'Looking at every system to see what is to be done.');
    const { requestId } = this.input;
    return await this.run.persist(() => this.activities.plan.planFleet({ requestId }));
  }

  /** What was agreed on months ago may differ from what would be done now: then people are asked again. */
  private async planStillHolds(): Promise<boolean> {
    const { requestId } = this.input;
    const plan = await this.run.persist(() => this.activities.plan.confirmPlan({ requestId }));
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
}
