/** Shapes of a status: what is told of a request. */

import type { Undelivered } from '../deliveries.js';
import type { FailureReport } from '../failure.js';
import type { GateVerdict } from '../gate-rules.js';
import { type EffectOutcome, REQUEST_OUTCOMES } from '../ledger.js';
import type { TargetState } from '../messages.js';
import type { PlanTotals } from '../plan.js';
import type { Hold } from '../promotion/holds.js';
import type { PromotionStatus } from '../promotion/status.js';
import type { Wait } from '../waits.js';
import type { RunLook } from './attempts.js';

/** `rolling-back`: what was merged is being taken back. The last ones are outcomes. */
export const STATUS_WORDS = [
  'planning',
  'waiting',
  'running',
  'paused',
  'attention',
  'rolling-back',
  ...REQUEST_OUTCOMES,
] as const;
export type StatusWord = (typeof STATUS_WORDS)[number];

export interface GateStatus {
  readonly gate: string;
  readonly group: string;
  /** `not-decided`: the request ended before people had decided */
  readonly state: GateVerdict['state'] | 'expired' | 'not-decided';
  readonly approvals: number;
  readonly need: number;
  readonly waitsFor: readonly string[];
  readonly openedAt?: string;
  readonly due?: string;
  readonly closedAt?: string;
}

export interface TargetStatus {
  readonly target: string;
  readonly state: TargetState;
  readonly effects: Readonly<Record<EffectOutcome, number>>;
  /** the last effect or check that is known, for a person who watches */
  readonly lastStep?: string;
  readonly failure?: FailureReport;
  /** what it waits for at this moment, where a wait has looked already */
  readonly waits?: readonly Omit<Wait, 'target'>[];
}

/** What a request meets that its own entries don't hold. */
export interface Surroundings {
  /** those that nobody has released */
  readonly holds?: readonly Hold[];
  /** ids of the requests whose turn is before that of this one, in order */
  readonly line?: readonly string[];
  /** what its waits see now */
  readonly waits?: readonly Wait[];
  /** who was not reached by its notices */
  readonly undelivered?: readonly Undelivered[];
  /** what the engine knows of its run */
  readonly run?: RunLook;
}

/** Law 4: why it waits, since when, who can unblock it and what happens next. */
export interface WaitingFor {
  readonly condition: string;
  readonly sinceMs: number;
  readonly who: string;
  readonly next: string;
  readonly gate?: string;
  readonly group?: string;
  readonly due?: string;
}

export interface StageTime {
  readonly stage: string;
  readonly kind: 'waiting' | 'working';
  readonly from: string;
  readonly to?: string;
  readonly ms: number;
  readonly group?: string;
}

export interface RequestStatus {
  readonly requestId: string;
  readonly kind: string;
  readonly workflowId: string;
  readonly status: StatusWord;
  readonly message?: string;
  readonly acceptedAt: string;
  readonly endedAt?: string;
  readonly epoch: number;
  readonly planDigest?: string;
  readonly totals?: PlanTotals;
  readonly gates: readonly GateStatus[];
  readonly waitingFor: readonly WaitingFor[];
  readonly targets: readonly TargetStatus[];
  /** of a promotion: release, places, links */
  readonly promotion?: PromotionStatus;
  readonly times: {
    readonly waitedMs: number;
    readonly workedMs: number;
    readonly stages: readonly StageTime[];
  };
}
