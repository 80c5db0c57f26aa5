/** Runs the targets of a request from a bounded pool; stays open while failures are undecided. */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  sleep,
} from '@temporalio/workflow';
import type { RolloutStart } from '../../activities/contracts.js';
import { FAILURE } from '../../domain/failure.js';
import type { CommandAnswer, OperatorCommand, TargetState } from '../../domain/messages.js';
import { TargetPool } from '../../domain/pool.js';
import type { WaveSize } from '../../domain/promotion/waves.js';
import type { Activities } from '../activity-options.js';

/** How long to wait before looking again at a target's run that somebody else started. */
const ADOPT_INTERVAL = '5 s';

/** What the ledger says at the start of a rollout; how it runs a target is the family's business. */
export type RolloutState<T extends { readonly key: string }> = Pick<
  RolloutStart,
  'maxInFlight' | 'ended' | 'paused' | 'held'
> & {
  readonly targets: readonly T[];
  readonly waves?: readonly WaveSize[];
  readonly maxFailures?: number;
};

export class Rollout<T extends { readonly key: string }> {
  private pool = new TargetPool([], {}, 1);
  private readonly byKey = new Map<string, T>();
  private runTargetOnce: (target: T) => Promise<void> = () => Promise.resolve();
  private readonly heldByProvider = new Set<string>();
  /** commands that came before the rollout started, in their order; the ledger may have been read before they came */
  private readonly early: (() => void)[] = [];
  private retries = 0;
  private changes = 0;
  private children = new CancellationScope();
  /** types of the failures of targets in this run */
  private readonly failureTypes = new Map<string, string>();
  private loaded = false;
  private paused = false;
  private cancelled: boolean;
  private readonly requestId: string;
  private readonly activities: Pick<Activities, 'ledger'>;

  constructor(requestId: string, activities: Pick<Activities, 'ledger'>, cancelled: boolean) {
    this.requestId = requestId;
    this.activities = activities;
    this.cancelled = cancelled;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  get isCancelled(): boolean {
    return this.cancelled;
  }

  /** How often a retry was asked for; planning waits for the next one after it failed. */
  get retriesAsked(): number {
    return this.retries;
  }

  get targets(): Readonly<Record<string, TargetState>> {
    return this.pool.snapshot;
  }

  get isWaitingForPeople(): boolean {
    return this.loaded && this.pool.waitsForPeople;
  }

  /** What was approved is not what would be done: people have to be asked again. */
  get mustAskAgain(): boolean {
    return [...this.failureTypes.values()].includes(FAILURE.void);
  }

  /** Something was changed and did not prove itself, and only people could go on. */
  get hasDisproved(): boolean {
    return this.isWaitingForPeople && [...this.failureTypes.values()].includes(FAILURE.unverified);
  }

  /** Nothing of it is in flight, so the workflow may continue as new. */
  get isQuiet(): boolean {
    return this.pool.inFlight === 0;
  }

  pause(): CommandAnswer {
    this.changes += 1;
    this.paused = true;
    return { accepted: true, message: 'paused: what is in flight finishes, nothing new starts' };
  }

  resume(): CommandAnswer {
    this.changes += 1;
    this.paused = false;
    if (!this.loaded) this.early.push(() => this.resume());
    // none held must not mean all that failed
    const held = this.heldByProvider.size === 0 ? [] : this.pool.retry([...this.heldByProvider]);
    this.heldByProvider.clear();
    return { accepted: true, message: held.length === 0 ? 'resumed' : `resumed, again: ${held.join(', ')}` };
  }

  retry(command: OperatorCommand): CommandAnswer {
    this.changes += 1;
    this.retries += 1;
    if (!this.loaded) {
      this.early.push(() => this.retry(command));
      return { accepted: true, message: 'trying again' };
    }
    const again = this.pool.retry(command.targets);
    for (const key of again) this.heldByProvider.delete(key);
    if (again.length > 0) {
      this.paused = false;
      return { accepted: true, message: `retrying ${again.join(', ')}` };
    }
    // a run that begins after the command was given has read it in the ledger
    return command.targets.length > 0 && command.targets.every((key) => this.pool.isOpen(key))
      ? { accepted: true, message: `trying again already: ${command.targets.join(', ')}` }
      : { accepted: false, message: 'nothing failed that could be retried' };
  }

  skip(command: OperatorCommand): CommandAnswer {
    if (!this.loaded) {
      this.early.push(() => this.skip(command));
      return { accepted: true, message: 'noted: the rollout has not started' };
    }
    this.changes += 1;
    const given = this.pool.skip(command.targets);
    return given.length === 0
      ? { accepted: false, message: 'name what failed or has not started' }
      : { accepted: true, message: `skipped ${given.join(', ')}` };
  }

  /** Finishes the current effect of each cluster in flight, then stops. */
  cancel(): CommandAnswer {
    this.changes += 1;
    this.cancelled = true;
    this.children.cancel();
    return { accepted: true, message: 'cancelling: current effects finish, nothing new starts' };
  }

  /** Stops what is in flight after its current effect, for something more urgent; a later load begins anew. */
  preempt(): void {
    this.changes += 1;
    this.paused = false;
    this.children.cancel();
  }

  /** @param run starts the child workflow of a target and waits for its end */
  load(start: RolloutState<T>, run: (target: T) => Promise<void>): void {
    this.runTargetOnce = run;
    this.byKey.clear();
    this.failureTypes.clear();
    if (this.children.consideredCancelled && !this.cancelled) this.children = new CancellationScope();
    for (const target of start.targets) this.byKey.set(target.key, target);
    this.pool = new TargetPool(
      start.targets.map((target) => target.key),
      start.ended,
      start.maxInFlight,
      start.waves === undefined
        ? undefined
        : { sizes: start.waves, maxFailures: start.maxFailures ?? 0, heldByProvider: start.held },
    );
    this.loaded = true;
    for (const key of start.held) this.heldByProvider.add(key);
    // what was paused in an earlier run, and whether that was ended, the ledger knows
    this.paused ||= start.paused;
    for (const command of this.early.splice(0)) command();
  }

  /**
   * Runs until every target is done, skipped or cancelled, or until `interrupted` holds with nothing in flight.
   * Failures keep it open: an operator retries, skips or cancels.
   */
  async run(onChange: () => void, interrupted: () => boolean): Promise<void> {
    const running: Promise<void>[] = [];
    for (;;) {
      onChange();
      if (this.finished || (interrupted() && this.isQuiet)) break;
      const key = this.mayStart && !interrupted() ? this.pool.takeNext() : undefined;
      if (key !== undefined) {
        running.push(this.runTarget(key));
        continue;
      }
      const [seen, wasInterrupted] = [this.changes, interrupted()];
      await condition(() => this.changes !== seen || interrupted() !== wasInterrupted);
    }
    await Promise.all(running);
    await this.recordSkipped();
  }

  private get mayStart(): boolean {
    return !this.paused && !this.cancelled;
  }

  private get finished(): boolean {
    if (this.cancelled) return this.isQuiet;
    return this.pool.settled && this.pool.keysIn('failed').length === 0;
  }

  private async runTarget(key: string): Promise<void> {
    const state = await this.stateAfterRun(key);
    this.pool.finish(key, state, this.heldByProvider.has(key) ? 'provider' : 'own');
    this.changes += 1;
  }

  private async stateAfterRun(key: string): Promise<'done' | 'failed' | 'cancelled'> {
    const target = this.byKey.get(key);
    if (target === undefined) return 'failed';
    try {
      await this.children.run(() => this.runChild(target));
      this.failureTypes.delete(key);
      return 'done';
    } catch (error) {
      if (isCancellation(error)) return 'cancelled';
      this.failureTypes.set(key, failureTypeOf(error));
      if (isProviderTrouble(error)) {
        this.heldByProvider.add(key);
        this.paused = true;
      }
      return 'failed';
    }
  }

  /** "Already started" means that somebody repaired it by hand: wait for that run and adopt what the ledger says. */
  private async runChild(target: T): Promise<void> {
    const ref = { requestId: this.requestId, target: target.key };
    for (;;) {
      try {
        return await this.runTargetOnce(target);
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await sleep(ADOPT_INTERVAL);
        const { outcome } = await this.activities.ledger.readTargetEnd(ref);
        if (outcome === 'done') return;
      }
    }
  }

  private async recordSkipped(): Promise<void> {
    for (const target of this.pool.keysIn('skipped')) {
      await this.activities.ledger.closeTarget({ requestId: this.requestId, target, outcome: 'skipped' });
    }
  }
}

function failureTypeOf(error: unknown): string {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  return (cause instanceof ApplicationFailure ? cause.type : undefined) ?? FAILURE.target;
}

function isProviderTrouble(error: unknown): boolean {
  if (!(error instanceof ChildWorkflowFailure) && !(error instanceof ActivityFailure)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === FAILURE.provider;
}
