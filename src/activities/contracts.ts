/**
 * What workflows ask of activities. Types only: workflows import this file and nothing else of `activities`.
 *
 * Inputs are selectors (request id, target key), never parameters of an effect: an activity takes those from the signed
 * request in the ledger. Results are news for the workflow and its readers, never authority.
 */
import type { FailureReport } from '../domain/failure.js';
import type { EffectOutcome, ReadBack, RequestOutcome } from '../domain/ledger.js';
import type { CommandName } from '../domain/messages.js';

export interface RequestRef {
  readonly requestId: string;
}

export interface TargetRef extends RequestRef {
  readonly target: string;
}

export interface EffectResult {
  readonly outcome: EffectOutcome;
  readonly readBack: ReadBack;
}

export interface CheckResult {
  readonly readBack: ReadBack;
}

export interface PlanResult {
  readonly state: 'planned' | 'empty' | 'refused';
  readonly epoch: number;
  readonly message: string;
}

export interface GateNotice {
  readonly gate: string;
  readonly epoch: number;
  readonly kind: 'opened' | 'reminder' | 'escalation';
  readonly number: number;
}

export interface GatesInput extends RequestRef {
  /** the workflow's time, so that months can pass in a test */
  readonly nowMs: number;
  /** ids of decisions that signals told of */
  readonly noticed: readonly string[];
  /** messages that told of a decision once more */
  readonly repeated: number;
  readonly undecodable: number;
  /** messages beyond what a run keeps: counted, then dropped */
  readonly dropped: number;
}

export interface GatesResult {
  readonly state: 'waiting' | 'passed' | 'rejected' | 'expired' | 'no-plan' | 'closed';
  /** one line for people: which gates wait for whom */
  readonly message: string;
  readonly notices: readonly GateNotice[];
  /** next time, in milliseconds, at which a reminder, escalation or deadline falls due */
  readonly wakeAtMs?: number;
}

export interface RolloutStart {
  readonly service: string;
  readonly maxInFlight: number;
  readonly targets: readonly { readonly key: string; readonly cluster: string; readonly stage: string }[];
  /** how targets ended in an earlier run, by key; those that are to be tried again are not in it */
  readonly ended: Readonly<Record<string, 'done' | 'failed' | 'skipped'>>;
  /** by command, or by a provider's trouble in an earlier run */
  readonly paused: boolean;
  /** keys of failed targets that a resume tries again */
  readonly held: readonly string[];
}

export interface TargetEnd extends TargetRef {
  readonly outcome: 'done' | 'failed' | 'skipped' | 'cancelled';
  readonly failure?: FailureReport;
}

export interface RequestEnd {
  readonly state: 'ended' | 'still-open';
  readonly outcome?: RequestOutcome;
  readonly message: string;
}

/** A command as an update brought it: nobody has to be an operator to send one. */
export interface CommandRef extends RequestRef {
  readonly command: CommandName;
  readonly commandId: string;
  readonly targets: readonly string[];
}

/** Queue `ledger`. */
export interface LedgerActivities {
  /** a run was started with an input that is not of its shape: raises an alarm */
  reportUnreadableInput(): Promise<void>;
  /** whether the ledger holds this very command; raises an alarm when it does not */
  confirmCommand(input: CommandRef): Promise<{ readonly confirmed: boolean }>;
  /** opens, judges and closes gates by what the ledger holds; raises alarms for messages that the ledger does not know */
  advanceGates(input: GatesInput): Promise<GatesResult>;
  startRollout(input: RequestRef): Promise<RolloutStart>;
  /** what the ledger says of a target's end, for a run that somebody else started */
  readTargetEnd(input: TargetRef): Promise<{ readonly outcome?: TargetEnd['outcome'] }>;
  /** `done` is believed only when the ledger holds every effect and check of the target */
  closeTarget(input: TargetEnd): Promise<void>;
  /** derives the outcome from the ledger; nothing that a workflow says decides it */
  closeRequest(input: RequestRef & { readonly reason: string }): Promise<RequestEnd>;
}

/** Queue `plan`: read-only look at every system; records the plan. */
export interface PlanActivities {
  planFleet(input: RequestRef): Promise<PlanResult>;
  /** looks again before the rollout when the plan has aged; a plan that differs is a new epoch and goes back to the gates */
  confirmPlan(
    input: RequestRef,
  ): Promise<{ readonly state: 'confirmed' | 'changed'; readonly epoch: number }>;
}

/** Queue `otterize`. */
export interface OtterizeActivities {
  ensureOrganisation(input: TargetRef): Promise<EffectResult>;
  ensureInvites(input: TargetRef): Promise<EffectResult>;
  ensureEnvironment(input: TargetRef): Promise<EffectResult>;
  /** creates the integration and stores its credentials in the secret store before it returns (law 2) */
  ensureIntegration(input: TargetRef): Promise<EffectResult>;
  waitForConnected(input: TargetRef & { readonly maxWaitMs: number }): Promise<CheckResult>;
}

/** Queue `gitlab`. */
export interface GitLabActivities {
  ensureValues(input: TargetRef): Promise<EffectResult>;
}

/** Queue `argocd`. */
export interface ArgoCdActivities {
  waitForSync(input: TargetRef & { readonly maxWaitMs: number }): Promise<CheckResult>;
}

/** Queue `external-secrets`. */
export interface ExternalSecretsActivities {
  waitForExternalSecret(input: TargetRef & { readonly maxWaitMs: number }): Promise<CheckResult>;
}

export type RequestEvent = 'rollout-started' | 'target-failed' | 'request-ended';

/** Queue `notifications`. */
export interface NotificationActivities {
  notifyGate(input: RequestRef & { readonly notice: GateNotice }): Promise<void>;
  notifyRequest(
    input: RequestRef & { readonly event: RequestEvent; readonly target?: string },
  ): Promise<void>;
}
