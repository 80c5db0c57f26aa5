/** Brings a release to one place: merge when it may, delivery, checks, soak. Or takes it back the same way. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setDefaultSignalHandler,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { TargetEnd } from '../../activities/contracts.js';
import type { PlaceStart } from '../../activities/promotion-contracts.js';
import { FAILURE, type FailureReport, type FailureType } from '../../domain/failure.js';
import type { PlaceInput } from '../../domain/messages.js';
import { type Activities, activitiesFor } from '../activity-options.js';
import { showDetails } from '../current-details.js';
import { reportOf } from '../failure-report.js';
import { isPlaceInput, refuseInput } from '../inputs.js';
import { newsSignal } from '../messages.js';

/**
 * @param input selectors of the place; what is done stands in the signed request and its plan in the ledger
 * @throws ApplicationFailure with a FailureReport: `ApprovalVoid` when people have to be asked again, `ProviderTrouble`,
 * `Inconclusive`, `NotVerified` after the merge, `TargetFailed` before it
 */
export async function placePromotion(input: PlaceInput): Promise<void> {
  if (!isPlaceInput(input)) throw await refuseInput();
  await new PlaceRun(input, activitiesFor(input.timing)).tell();
}

class PlaceRun {
  private news = 0;
  private merged = false;
  private readonly input: PlaceInput;
  private readonly activities: Activities;

  constructor(input: PlaceInput, activities: Activities) {
    this.input = input;
    this.activities = activities;
  }

  async tell(): Promise<void> {
    const look = (): void => {
      this.news += 1;
    };
    setHandler(newsSignal, look, { description: 'Something outside changed: look again.' });
    setDefaultSignalHandler(look);
    const { target, revert } = this.input;
    try {
      await this.bring();
      await this.end('done');
      showDetails(`**${target}** ${revert ? 'runs what it ran before' : 'runs the release, proven'}.`);
    } catch (error) {
      await this.fail(error);
    }
  }

  private async bring(): Promise<void> {
    const { ledger, gitlab, registry } = this.activities;
    const ref = this.ref;
    const place = await ledger.startPlace(ref);
    if (this.input.revert) {
      this.show('taking the change back');
      await gitlab.ensureRevert(ref);
    } else {
      await this.untilReady();
      this.show('merging');
      await registry.ensureTags(ref);
      await gitlab.ensureMerge(ref);
    }
    this.merged = true;
    await this.deliver(place);
    await this.verify(place);
    await this.soak(place);
  }

  /** A window may be closed for days, a freeze for weeks: a timer wakes when it opens, news at once. */
  private async untilReady(): Promise<void> {
    for (;;) {
      const seen = this.news;
      const readiness = await this.activities.delivery.readReadiness({ ...this.ref, nowMs: Date.now() });
      if (readiness.state === 'ready') return;
      this.show(`waiting: ${readiness.clause}`);
      const { wakeAtMs } = readiness;
      const newsCame = (): boolean => this.news !== seen;
      if (wakeAtMs === undefined) await condition(newsCame);
      else await condition(newsCame, Math.max(1, wakeAtMs - Date.now()));
    }
  }

  private async deliver(place: PlaceStart): Promise<void> {
    this.show(`waiting until it is proven on ${place.deliveries.join(', ')}`);
    const { revert } = this.input;
    await together(
      place.deliveries.map(
        (delivery) => () =>
          this.activities.delivery.waitForDelivery({
            ...this.ref,
            delivery,
            revert,
          }),
      ),
    );
  }

  private async verify(place: PlaceStart): Promise<void> {
    if (place.checks === 0) return;
    this.show('checking');
    const { state, message } = await this.activities.verification.runChecks({
      ...this.ref,
      revert: this.input.revert,
    });
    if (state === 'passed') return;
    throw this.failure(
      state === 'failed' ? FAILURE.unverified : FAILURE.inconclusive,
      state === 'failed'
        ? ['the checks failed', message, 'Roll back, or mend the cause and retry']
        : [
            'the checks could not say',
            message,
            'Look yourself, then: gatehouse accept, gatehouse retry or gatehouse rollback',
          ],
    );
  }

  private async soak({ soakMs, deliveries }: PlaceStart): Promise<void> {
    if (soakMs > 0 && !this.input.revert) {
      this.show(`soaking for ${Math.round(soakMs / 60_000)} min`);
      await sleep(soakMs);
      for (const delivery of deliveries) {
        const { state, message } = await this.activities.delivery.confirmDelivery({
          ...this.ref,
          delivery,
          revert: false,
        });
        if (state === 'holds') continue;
        throw this.failure(FAILURE.unverified, [
          'it did not last',
          message,
          'Roll back, or mend the cause and retry',
        ]);
      }
    }
    await this.activities.ledger.passSoak({ ...this.ref, revert: this.input.revert });
  }

  private failure(type: FailureType, [operation, message, remedy]: readonly [string, string, string]) {
    const report: FailureReport = {
      step: 'placePromotion',
      system: 'gatehouse',
      operation,
      object: this.input.target,
      message: `${operation}: ${message}`,
      remedy,
      scope: 'target',
    };
    return ApplicationFailure.create({
      type,
      message: report.message,
      nonRetryable: true,
      details: [report],
    });
  }

  private async fail(error: unknown): Promise<never> {
    if (isCancellation(error)) {
      await this.end('cancelled');
      throw error;
    }
    const { target } = this.input;
    const report = reportOf(error, target);
    showDetails(`**${target}** failed at \`${report.step}\`: ${report.message}\n\n${report.remedy}`);
    const type = this.typeOf(error, report);
    // what has to be approved again has not failed: it starts anew under the next plan
    if (type !== FAILURE.void) await this.end('failed', report);
    throw ApplicationFailure.create({
      type,
      message: `${target}: ${report.system}: ${report.message} ${report.remedy}`,
      nonRetryable: true,
      details: [report],
    });
  }

  private typeOf(error: unknown, report: FailureReport): FailureType {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const type = cause instanceof ApplicationFailure ? cause.type : undefined;
    if (type === FAILURE.void) return FAILURE.void;
    if (type === FAILURE.inconclusive) return FAILURE.inconclusive;
    if (report.scope === 'provider') return FAILURE.provider;
    const isDisproved = type === FAILURE.unverified || type === FAILURE.hopeless || type === FAILURE.overdue;
    return this.merged && isDisproved ? FAILURE.unverified : FAILURE.target;
  }

  private async end(outcome: TargetEnd['outcome'], failure?: FailureReport): Promise<void> {
    await CancellationScope.nonCancellable(() =>
      this.activities.ledger.closeTarget({
        ...this.ref,
        outcome,
        ...(failure === undefined ? {} : { failure }),
      }),
    );
  }

  private get ref(): { readonly requestId: string; readonly target: string } {
    const { requestId, target } = this.input;
    return { requestId, target };
  }

  private show(what: string): void {
    showDetails(`**${this.input.target}**: ${what}`);
  }
}

/** Waits side by side; when one fails for good the others stop, since nothing that they could see would help. */
async function together(begin: readonly (() => Promise<unknown>)[]): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const steps = begin.map((step) => step());
    try {
      await Promise.all(steps);
    } catch (error) {
      CancellationScope.current().cancel();
      await Promise.allSettled(steps);
      throw error;
    }
  });
}
