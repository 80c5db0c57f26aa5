/**
 * A promotion in shadow: plans as always, says what it would have done, and when people bring the content by hand judges its
 * delivery. Nothing is changed and nobody is asked.
 */
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { RequestEnd } from '../../activities/contracts.js';
import type { ShadowStart } from '../../activities/shadow-contracts.js';
import type { RequestInput, TimingProfile } from '../../domain/messages.js';
import { SHADOW_PATIENCE_MS } from '../../domain/promotion/shadow.js';
import type { Activities } from '../activity-options.js';
import { isRequestInput, refuseInput } from '../inputs.js';
import { newsSignal } from '../messages.js';
import { type OpenRun, openRun } from '../requests/open-run.js';
import type { RequestRun } from '../requests/request-run.js';
import type { Rollout } from '../rollout/rollout.js';

type Place = ShadowStart['places'][number];

/** How often the branch is looked at for the content, in milliseconds: people take hours, and nobody waits for the report. */
const LOOK_EVERY_MS: Readonly<Record<TimingProfile, number>> = { standard: 2 * 60_000, brisk: 1_000 };

/**
 * @param input the request by its id; everything else is read from the ledger
 * @returns how the request ended, as the ledger says
 */
export async function shadowPromotion(input: RequestInput): Promise<RequestEnd> {
  if (!isRequestInput(input)) throw await refuseInput();
  const opened = openRun<Place>(input, 'Places', (next) => continueAsNew<typeof shadowPromotion>(next));
  const story = new ShadowStory(input, opened);
  opened.run.listen();
  story.listen();
  return await story.tell();
}

class ShadowStory {
  private news = 0;
  private readonly input: RequestInput;
  private readonly activities: Activities;
  private readonly rollout: Rollout<Place>;
  private readonly run: RequestRun<Place>;

  constructor(input: RequestInput, { activities, rollout, run }: OpenRun<Place>) {
    this.input = input;
    this.activities = activities;
    this.rollout = rollout;
    this.run = run;
  }

  listen(): void {
    setHandler(
      newsSignal,
      () => {
        this.news += 1;
      },
      { description: 'Something outside changed: look again.' },
    );
  }

  async tell(): Promise<RequestEnd> {
    const { run } = this;
    const { requestId } = this.input;
    run.show('planning', 'In shadow: looking at every system to see what would be done.');
    const plan = await run.persist(() => this.activities.plan.planPromotion({ requestId }));
    if (plan?.state === 'planned') await this.observe();
    return await run.end('the shadow ended');
  }

  private async observe(): Promise<void> {
    const { requestId } = this.input;
    const { shadow } = this.activities;
    const start = await this.run.persist(() => shadow.startShadow({ requestId }));
    if (start === undefined) return;
    for (const { key } of start.places) {
      await this.run.persist(() => shadow.forecast({ requestId, target: key, nowMs: Date.now() }));
    }
    const scope = new CancellationScope();
    const following: Promise<void>[] = [];
    let inFlight = 0;
    const follow = async (place: Place): Promise<void> => {
      inFlight += 1;
      try {
        await scope.run(() => this.follow(place));
      } catch (error) {
        if (!isCancellation(error) || !this.rollout.isCancelled) throw error;
      } finally {
        inFlight -= 1;
      }
    };
    const awaited = new Map(start.places.map((place) => [place.key, place]));
    while (awaited.size > 0 && !this.isOver(start)) {
      for (const place of [...awaited.values()]) {
        if (this.rollout.isCancelled || !(await this.hasArrived(place))) continue;
        awaited.delete(place.key);
        following.push(follow(place));
      }
      if (awaited.size === 0) break;
      this.run.show(
        'rollout',
        `In shadow: nobody has brought ${[...awaited.keys()].join(', ')} yet. Nothing is changed.`,
      );
      await this.sleep();
      if (inFlight === 0) await this.run.continueAsNewIfSuggested();
    }
    this.run.show('rollout', 'In shadow: following the deliveries. Nothing is changed.');
    const all = Promise.all(following);
    all.catch(() => undefined);
    await condition(() => this.rollout.isCancelled || inFlight === 0);
    if (this.rollout.isCancelled) scope.cancel();
    await all;
  }

  private async hasArrived({ key }: Place): Promise<boolean> {
    const { requestId } = this.input;
    const seen = await this.run.persist(() =>
      this.activities.shadow.lookForContent({ requestId, target: key }),
    );
    return seen?.hasArrived === true;
  }

  private async follow({ key, deliveries }: Place): Promise<void> {
    const { requestId } = this.input;
    await Promise.all(
      deliveries.map((delivery) =>
        this.run.persist(() => this.activities.shadow.followDelivery({ requestId, target: key, delivery })),
      ),
    );
  }

  private isOver({ plannedAtMs }: ShadowStart): boolean {
    return this.rollout.isCancelled || Date.now() - plannedAtMs > SHADOW_PATIENCE_MS;
  }

  private async sleep(): Promise<void> {
    const { news } = this;
    await condition(() => this.rollout.isCancelled || this.news !== news, LOOK_EVERY_MS[this.input.timing]);
  }
}
