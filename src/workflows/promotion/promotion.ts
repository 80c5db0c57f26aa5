/** Promotes a release into an environment: plan, proposal, gates, the places in waves; or takes it back. */
import {
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { PlanResult, RequestEnd } from '../../activities/contracts.js';
import type { PromotionStart, Proposals } from '../../activities/promotion-contracts.js';
import { withShortTexts } from '../../domain/failure.js';
import type { CommandAnswer, RequestInput } from '../../domain/messages.js';
import { workflowIdOf } from '../../domain/request.js';
import type { Activities } from '../activity-options.js';
import { isRefused, isVoid } from '../failure-report.js';
import type { GateKeeper } from '../gates/gate-keeper.js';
import { isRequestInput, refuseInput } from '../inputs.js';
import { acceptUpdate, newsSignal, rollbackUpdate } from '../messages.js';
import { type OpenRun, openRun } from '../requests/open-run.js';
import type { RequestRun } from '../requests/request-run.js';
import type { Rollout } from '../rollout/rollout.js';
import { placePromotion } from './place.js';

type Place = PromotionStart['targets'][number];

/** While it is watched after success, it is looked at this often. */
const WATCH_LOOKS = 5;

/**
 * @param input the request by its id; everything else is read from the ledger, in every run again
 * @returns how the request ended, as the ledger says
 */
export async function promotion(input: RequestInput): Promise<RequestEnd> {
  if (!isRequestInput(input)) throw await refuseInput();
  const opened = openRun<Place>(input, 'Places', (next) => continueAsNew<typeof promotion>(next));
  const story = new PromotionStory(input, opened);
  opened.run.listen();
  story.listen();
  return await story.tell();
}

class PromotionStory {
  private rollbackAsked = false;
  private proposals: Proposals | undefined;
  private readonly input: RequestInput;
  private readonly activities: Activities;
  private readonly gates: GateKeeper;
  private readonly rollout: Rollout<Place>;
  private readonly run: RequestRun<Place>;

  constructor(input: RequestInput, { activities, gates, rollout, run }: OpenRun<Place>) {
    this.input = input;
    this.activities = activities;
    this.gates = gates;
    this.rollout = rollout;
    this.run = run;
  }

  listen(): void {
    const { run } = this;
    setHandler(newsSignal, () => undefined, { description: 'Something outside changed: look again.' });
    setHandler(
      rollbackUpdate,
      run.commanded('rollback', () => this.noteRollback()),
      { description: 'Take it back, also while it is waited for.' },
    );
    setHandler(
      acceptUpdate,
      run.commanded('accept', (command) => this.rollout.retry(command)),
      { description: 'Count a check that could not be judged as passed.' },
    );
  }

  async tell(): Promise<RequestEnd> {
    const { run } = this;
    const plan = await this.plan();
    if (plan === undefined) return await this.withdraw('cancelled by an operator');
    if (plan.state !== 'planned') return await run.end(plan.message);

    for (;;) {
      const start = await this.agreedStart();
      if (typeof start === 'string') return await this.withdraw(start);
      await this.bring(start);
      if (!this.rollout.mustAskAgain) break;
      await this.planAgain();
    }

    if (this.mustTakeBack) await this.takeBack();
    else if (!this.rollout.isCancelled && (await this.watch()) === 'regressed') await this.takeBack();
    await this.reviewAfterwards();
    if (this.leavesSomethingOpen) await this.closeMergeRequests();
    await this.closeChangeRecord();
    return await run.end(this.rollout.isCancelled ? 'cancelled by an operator' : 'the promotion ended');
  }

  private async plan(): Promise<PlanResult | undefined> {
    this.run.show('planning', 'Looking at every system to see what is to be done.');
    const { requestId } = this.input;
    return await this.run.persist(() => this.activities.plan.planPromotion({ requestId }));
  }

  /** Proposes, waits for people, and makes sure that what they agreed on is still what would be done. */
  private async agreedStart(): Promise<PromotionStart | string> {
    for (;;) {
      const inTheWay = await this.propose();
      if (inTheWay !== undefined) return inTheWay;
      const agreement = await this.run.agree(() => this.plan());
      if (agreement.state !== 'passed') return agreement.message;
      const confirmed = await this.planAgain();
      const start = confirmed === 'confirmed' ? await this.start() : undefined;
      if (start !== undefined) return start;
      const plan = await this.plan();
      if (plan?.state !== 'planned') return plan?.message ?? 'cancelled by an operator';
      if (this.rollout.isCancelled) return 'cancelled by an operator';
    }
  }

  private async planAgain(): Promise<'confirmed' | 'changed' | undefined> {
    const { requestId } = this.input;
    const plan = await this.run.persist(() => this.activities.plan.confirmPromotion({ requestId }));
    return plan?.state;
  }

  /**
   * The change record and the merge requests, for people to look at while the gates are open.
   * @returns why nothing will come of it, if so
   */
  private async propose(): Promise<string | undefined> {
    for (;;) {
      const proposed = await this.run.persist(() => this.proposeOnce());
      if (proposed === 'proposed') return undefined;
      if (proposed === undefined) return 'cancelled by an operator';
      await this.planAgain();
      const plan = await this.plan();
      if (plan?.state !== 'planned') return plan?.message ?? 'cancelled by an operator';
    }
  }

  private async proposeOnce(): Promise<'proposed' | 'outdated'> {
    const { requestId } = this.input;
    const { ledger, changeRecords, gitlab } = this.activities;
    const proposals = await ledger.readProposals({ requestId });
    this.proposals = proposals;
    if (proposals.changeRecord) {
      await changeRecords.ensureChangeRecord({ requestId, target: proposals.environment });
    }
    try {
      for (const target of proposals.places) await gitlab.ensureMergeRequest({ requestId, target });
    } catch (error) {
      if (!isVoid(error)) throw error;
      return 'outdated';
    }
    return 'proposed';
  }

  /** Undefined when the ledger refuses although the gates seemed passed: somebody forged a result, and we wait on. */
  private async start(): Promise<PromotionStart | undefined> {
    try {
      return await this.activities.ledger.startPromotion({ requestId: this.input.requestId });
    } catch (error) {
      if (!isRefused(error)) throw error;
      await this.gates.sleepUntilNews(undefined, () => false);
      return undefined;
    }
  }

  private async bring(start: PromotionStart): Promise<void> {
    if (start.rollingBack) this.rollbackAsked = true;
    this.rollout.load(start, (place) => this.runPlace(place, false));
    const byPolicy = start.onFailure === 'rollback';
    await this.run.rollOut(
      () => this.rollbackAsked || this.rollout.mustAskAgain || (byPolicy && this.rollout.hasDisproved),
    );
    if (byPolicy && this.rollout.hasDisproved) this.rollbackAsked = true;
  }

  private get mustTakeBack(): boolean {
    return this.rollbackAsked && !this.rollout.isCancelled;
  }

  /** Pre-empts what is waited for: its places stop, then are taken back. */
  private noteRollback(): CommandAnswer {
    this.rollbackAsked = true;
    this.rollout.preempt();
    return { accepted: true, message: 'taking it back: current effects finish, then the change is reverted' };
  }

  /** Reverts Git, proves the version before as strictly as the new one, and holds the environment. */
  private async takeBack(): Promise<void> {
    const { requestId } = this.input;
    const { ledger } = this.activities;
    const held = await this.run.persist(async () => {
      await ledger.holdEnvironment({ requestId });
      return 'held';
    });
    if (held === undefined) return;
    const start = await ledger.startPromotion({ requestId });
    const { merged, maxInFlight } = start;
    // whatever paused it, a provider's trouble too, does not hold the way back
    this.rollout.preempt();
    this.rollout.load({ maxInFlight, targets: merged, ended: {}, paused: false, held: [] }, (place) =>
      this.runPlace(place, true),
    );
    await this.run.rollOut(() => false);
  }

  private runPlace({ key }: Place, revert: boolean): Promise<void> {
    const { requestId, timing } = this.input;
    return executeChild(placePromotion, {
      workflowId: workflowIdOf.place(key),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `${revert ? 'Take back' : 'Promote'} ${key}`,
      args: [{ requestId, target: key, timing, revert }],
    });
  }

  /** A regression can come after success: a controller that falls back, a release that dies slowly. */
  private async watch(): Promise<'held' | 'regressed'> {
    const { requestId } = this.input;
    const start = await this.activities.ledger.startPromotion({ requestId });
    if (start.watchMs === 0) return 'held';
    for (let look = 1; look <= WATCH_LOOKS; look += 1) {
      this.run.show('rollout', 'Everything is proven. Watching for a while.');
      await condition(
        () => this.rollbackAsked || this.rollout.isCancelled,
        Math.ceil(start.watchMs / WATCH_LOOKS),
      );
      if (this.rollbackAsked) return 'regressed';
      if (this.rollout.isCancelled) return 'held';
      for (const [target, deliveries] of Object.entries(start.deliveries)) {
        for (const delivery of deliveries) {
          const seen = await this.look(target, delivery);
          if (seen === 'holds') continue;
          if (start.onFailure === 'rollback') return 'regressed';
          await this.askAboutRegression(target, seen);
          return this.rollbackAsked ? 'regressed' : 'held';
        }
      }
    }
    return 'held';
  }

  private async look(target: string, delivery: string): Promise<string> {
    const { requestId } = this.input;
    const { state, message } = await this.activities.delivery.confirmDelivery({
      requestId,
      target,
      delivery,
      revert: false,
    });
    return state === 'holds' ? 'holds' : message;
  }

  /** Policy says that a person decides: roll back, or retry, which looks again. */
  private async askAboutRegression(target: string, message: string): Promise<void> {
    const asked = this.rollout.retriesAsked;
    await this.activities.ledger.closeTarget({
      requestId: this.input.requestId,
      target,
      outcome: 'failed',
      failure: withShortTexts({
        step: 'watch',
        system: 'gatehouse',
        operation: 'watch after success',
        object: target,
        message: `it did not last: ${message}`,
        remedy: 'gatehouse rollback takes it back; gatehouse retry proves it again',
        scope: 'target',
      }),
    });
    this.run.show('attention', `${target} did not last: ${message}`);
    await condition(
      () => this.rollbackAsked || this.rollout.isCancelled || this.rollout.retriesAsked > asked,
    );
    if (this.rollbackAsked || this.rollout.isCancelled) return;
    await this.bring(await this.activities.ledger.startPromotion({ requestId: this.input.requestId }));
  }

  /** What went round the normal way is looked at by people afterwards; the request stays open until they have. */
  private async reviewAfterwards(): Promise<void> {
    if (this.rollout.isCancelled) return;
    await this.run.agree(() => Promise.resolve());
  }

  /** Nothing will come of it: its merge requests are closed, its change record too. */
  private async withdraw(reason: string): Promise<RequestEnd> {
    // a run that was started again may not have got as far as to propose
    this.proposals ??= await this.proposalsMadeBefore();
    await this.closeMergeRequests();
    await this.closeChangeRecord();
    return await this.run.end(reason);
  }

  private async proposalsMadeBefore(): Promise<Proposals | undefined> {
    try {
      return await this.activities.ledger.readProposals({ requestId: this.input.requestId });
    } catch (error) {
      if (!isRefused(error)) throw error;
      return undefined;
    }
  }

  /** Some places may have been merged, and others not. */
  private get leavesSomethingOpen(): boolean {
    const { rollout } = this;
    return rollout.isCancelled || this.rollbackAsked || Object.values(rollout.targets).includes('skipped');
  }

  /** Those that are merged are left alone. */
  private async closeMergeRequests(): Promise<void> {
    const { requestId } = this.input;
    for (const target of this.proposals?.places ?? []) {
      await this.tidy(() => this.activities.gitlab.closeMergeRequest({ requestId, target }));
    }
  }

  private async closeChangeRecord(): Promise<void> {
    const { requestId } = this.input;
    const { proposals } = this;
    if (proposals?.changeRecord !== true) return;
    await this.tidy(() =>
      this.activities.changeRecords.ensureChangeRecordEnd({ requestId, target: proposals.environment }),
    );
  }

  /** What is left over elsewhere never keeps a request from ending. */
  private async tidy(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.run.show('attention', 'Something could not be tidied up; the request ends all the same.');
    }
  }
}
