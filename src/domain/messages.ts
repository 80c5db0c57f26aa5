/** Names and shapes of workflow inputs and messages: the contract between API, workflows and tests. */

/** Named timing profiles of activities, see `workflows/activity-options`. */
export type TimingProfile = 'standard' | 'brisk';

/** Longest time that a wait activity waits for its state, in milliseconds; then it fails with the clause that was unmet. */
export const MAX_WAIT_MS: Readonly<Record<TimingProfile, number>> = {
  standard: 30 * 60_000,
  brisk: 60_000,
};

export const WORKFLOW_TYPE = {
  fleet: 'fleetOnboarding',
  cluster: 'clusterOnboarding',
  promotion: 'promotion',
  shadow: 'shadowPromotion',
  place: 'placePromotion',
  endNotice: 'endNotice',
} as const;

/** The workflow that carries a request out. @param workflowId of the request: those in shadow have names of their own */
export function workflowTypeOf(kind: keyof typeof WORKFLOW_OF_KIND, workflowId: string): string {
  return kind === 'Promotion' && workflowId.startsWith('shadow/')
    ? WORKFLOW_TYPE.shadow
    : WORKFLOW_OF_KIND[kind];
}

const WORKFLOW_OF_KIND = {
  Fleet: WORKFLOW_TYPE.fleet,
  Promotion: WORKFLOW_TYPE.promotion,
} as const;

export const SIGNAL = {
  decision: 'decision',
  /** something outside changed, e.g. a hold was released: look again */
  news: 'news',
} as const;
export const UPDATE = {
  pause: 'pause',
  resume: 'resume',
  retry: 'retry',
  skip: 'skip',
  cancel: 'cancel',
  /** take a promotion back, also while it is waited for */
  rollback: 'rollback',
  /** count a verification that could not be judged as passed */
  accept: 'accept',
} as const;
export type CommandName = keyof typeof UPDATE;
export const QUERY = { progress: 'progress' } as const;

/** Messages that a run was told and did not ask the ledger about before it continued as new. */
export interface CarriedMessages {
  /** ids of decisions */
  readonly noticed: readonly string[];
  readonly droppedMessages: number;
}

/** What a run carries over when it continues as new; everything else is read from the ledger again. */
export interface RunCarry extends CarriedMessages {
  readonly cancelled: boolean;
}

/** Input of every workflow that is about a whole request. */
export interface RequestInput {
  readonly requestId: string;
  readonly timing: TimingProfile;
  readonly carry?: RunCarry;
}

export interface ClusterInput {
  readonly requestId: string;
  readonly service: string;
  /** key of the target, `<cluster>/<stage>` */
  readonly target: string;
  readonly timing: TimingProfile;
}

export interface OperatorCommand {
  readonly commandId: string;
  /** keys of targets; empty means all that it can apply to */
  readonly targets: readonly string[];
}

export interface CommandAnswer {
  readonly accepted: boolean;
  readonly message: string;
}

export type TargetState = 'pending' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled';

/** Answer of the progress query; for several requests at once the ledger is asked, not this. */
export interface FleetProgress {
  readonly requestId: string;
  readonly stage: 'planning' | 'gates' | 'rollout' | 'attention' | 'ended';
  readonly paused: boolean;
  readonly targets: Readonly<Record<string, TargetState>>;
}

export interface PlaceInput {
  readonly requestId: string;
  /** key of the place, `<application>/<environment>/<place>` */
  readonly target: string;
  readonly timing: TimingProfile;
  /** take back what was merged, instead of merging */
  readonly revert: boolean;
}
