/** What the workflows of a promotion ask of activities. Types only; the rules of `contracts.ts` hold. */
import type { WaveSize } from '../domain/promotion/waves.js';
import type { CheckResult, EffectResult, PlanResult, RequestRef, TargetRef } from './contracts.js';

/** What a promotion starts with, as the ledger says. */
export interface PromotionStart {
  readonly application: string;
  readonly environment: string;
  readonly maxInFlight: number;
  readonly waves: readonly WaveSize[];
  readonly maxFailures: number;
  readonly watchMs: number;
  readonly onFailure: 'rollback' | 'hold';
  readonly targets: readonly { readonly key: string }[];
  readonly ended: Readonly<Record<string, 'done' | 'failed' | 'skipped'>>;
  readonly paused: boolean;
  readonly held: readonly string[];
  /** a rollback was asked for, or has begun */
  readonly rollingBack: boolean;
  /** places whose change is merged and not taken back: what a rollback has to do */
  readonly merged: readonly { readonly key: string }[];
  /** names of deliveries by place, to be watched after success */
  readonly deliveries: Readonly<Record<string, readonly string[]>>;
}

export interface Proposals {
  /** `<application>/<environment>`: stands for the promotion as a whole in effect keys */
  readonly environment: string;
  readonly changeRecord: boolean;
  /** places that the plan changes */
  readonly places: readonly string[];
}

/** One delivery of a place, to be waited for. */
export interface DeliveryRef extends TargetRef {
  readonly delivery: string;
  /** of what was taken back, not of the change */
  readonly revert: boolean;
}

/** Whether a change may be merged now: windows, freezes, holds, the change record's approval. */
export interface Readiness {
  readonly state: 'ready' | 'waiting';
  /** the first condition that is not met, for people */
  readonly clause: string;
  /** when it is worth looking again, in milliseconds; unset: when there is news */
  readonly wakeAtMs?: number;
}

/** What a place holds for the workflow: how it is delivered, checked and soaked. */
export interface PlaceStart {
  readonly deliveries: readonly string[];
  readonly checks: number;
  readonly soakMs: number;
}

export interface ChecksResult {
  readonly state: 'passed' | 'failed' | 'inconclusive';
  readonly message: string;
}

/** Queue `ledger`. */
export interface PromotionLedgerActivities {
  startPromotion(input: RequestRef): Promise<PromotionStart>;
  startPlace(input: TargetRef): Promise<PlaceStart>;
  /** holds the environment until a person releases it: nothing undoes a rollback by itself */
  holdEnvironment(input: RequestRef): Promise<void>;
  /** notes that a place has soaked, or was watched, without a regression */
  passSoak(input: TargetRef & { readonly revert: boolean }): Promise<void>;
  /** what is to be proposed under the plan in force, before the gates */
  readProposals(input: RequestRef): Promise<Proposals>;
}

/** Queue `plan`. */
export interface PromotionPlanActivities {
  planPromotion(input: RequestRef): Promise<PlanResult>;
  /**
   * Plans anew and compares by content: the same content on a later head is the same plan; anything else is a new epoch
   * and goes back to the gates
   */
  confirmPromotion(
    input: RequestRef,
  ): Promise<{ readonly state: 'confirmed' | 'changed'; readonly epoch: number }>;
}

/** Queue `gitlab`. */
export interface PromotionGitActivities {
  /** branch, one commit and merge request with what was planned; before the gates, for people to look at */
  ensureMergeRequest(input: TargetRef): Promise<EffectResult>;
  /**
   * merges exactly the approved content, on whatever head the branch has by now
   * @throws `ApprovalVoid` when what was approved is not what would be merged
   */
  ensureMerge(input: TargetRef): Promise<EffectResult>;
  /** puts back what stood there before, by a merge request of its own */
  ensureRevert(input: TargetRef): Promise<EffectResult>;
  /** closes a merge request that will not be merged, and removes its branch */
  closeMergeRequest(input: TargetRef): Promise<void>;
}

/** Queue `registry`. */
export interface RegistryActivities {
  /** gives the release's images the tags of the environment: the same digest under one more name */
  ensureTags(input: TargetRef): Promise<EffectResult>;
}

/** Queue `change-records`. */
export interface ChangeRecordActivities {
  ensureChangeRecord(input: TargetRef): Promise<EffectResult>;
  /** closes it with the outcome that the ledger gives */
  ensureChangeRecordEnd(input: TargetRef): Promise<EffectResult>;
}

/** Queue `delivery`. */
export interface DeliveryActivities {
  readReadiness(input: TargetRef & { readonly nowMs: number }): Promise<Readiness>;
  /** how long at most is the installation's affair; a failure that is the delivery's own is noted in the ledger */
  waitForDelivery(input: DeliveryRef): Promise<CheckResult>;
  /** one look after the success: does it still run? */
  confirmDelivery(
    input: DeliveryRef,
  ): Promise<{ readonly state: 'holds' | 'regressed'; readonly message: string }>;
}

/** Queue `verification`. */
export interface VerificationActivities {
  runChecks(input: TargetRef & { readonly revert: boolean }): Promise<ChecksResult>;
}
