/** What the workflow of a promotion in shadow asks of activities. Types only; the rules of `contracts.ts` hold. */
import type { RequestRef, TargetRef } from './contracts.js';

export interface ShadowStart {
  /** when it was planned, in milliseconds: for how long the content is waited for counts from here */
  readonly plannedAtMs: number;
  /** places that the plan would change */
  readonly places: readonly { readonly key: string; readonly deliveries: readonly string[] }[];
}

/** Queue `delivery`. They read systems and write notes into the ledger, nothing else. */
export interface ShadowActivities {
  startShadow(input: RequestRef): Promise<ShadowStart>;
  /** notes what would keep the change of a place from being merged now; once */
  forecast(input: TargetRef & { readonly nowMs: number }): Promise<void>;
  /** whether somebody has brought the planned content; notes the commit when it is there */
  lookForContent(input: TargetRef): Promise<{ readonly hasArrived: boolean }>;
  /** waits for the delivery with the judges of every promotion, asking nobody for anything, and notes how it went */
  followDelivery(input: TargetRef & { readonly delivery: string }): Promise<void>;
}
