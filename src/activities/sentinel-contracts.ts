/** What the sentinel's workflow asks of activities. Types only. Inputs are selectors; what is judged is read in place. */
import type { ProductionRef } from '../domain/promotion/strays.js';

export interface RefJudgement {
  /**
   * `first`: nothing was known of the branch, from here on it is watched. `waiting`: a change of ours is being landed;
   * the next look judges it
   */
  readonly state: 'unchanged' | 'first' | 'judged' | 'waiting';
  /** commits that came round the path and touch a place */
  readonly strays: number;
}

/** Queue `plan`: reads Git and the ledger, writes the ledger. */
export interface SentinelActivities {
  /** the branches that production reads, by the paths of the installation */
  listProductionRefs(): Promise<readonly ProductionRef[]>;
  /** compares what came onto a branch since the last look with what the ledger says was landed */
  judgeRef(input: ProductionRef): Promise<RefJudgement>;
}

/** Queue `notifications`. */
export interface StrayNotices {
  /** tells owners and operators of every alarm that nobody was told of yet; once each */
  tellOfStrays(): Promise<{ readonly told: number }>;
}
