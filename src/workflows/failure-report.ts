/** Turns whatever ended an activity or a child into the report that people read. */
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { FAILURE, type FailureReport, withShortTexts } from '../domain/failure.js';

/** Reads the report that Gatehouse's own failures carry; makes one for time-outs and anything unexpected. */
export function reportOf(error: unknown, object: string): FailureReport {
  return withShortTexts(wholeReportOf(error, object));
}

function wholeReportOf(error: unknown, object: string): FailureReport {
  const step = error instanceof ActivityFailure ? error.activityType : workflowInfo().workflowType;
  for (const cause of causesOf(error)) {
    if (cause instanceof ApplicationFailure) {
      const details: unknown = cause.details?.[0];
      if (isReport(details)) return details;
      return {
        step,
        system: 'gatehouse',
        operation: step,
        object,
        message: cause.message,
        remedy: 'Look at the run in the Temporal UI, mend the cause',
        scope: 'target',
      };
    }
    if (cause instanceof TimeoutFailure) {
      return {
        step,
        system: 'gatehouse',
        operation: step,
        object,
        message: `no answer in time (${cause.timeoutType})`,
        remedy: 'See that a worker serves this queue and that the system answers',
        scope: 'provider',
      };
    }
  }
  return {
    step,
    system: 'gatehouse',
    operation: step,
    object,
    message: error instanceof Error ? error.message : 'failed for an unknown reason',
    remedy: 'Look at the run in the Temporal UI, mend the cause',
    scope: 'target',
  };
}

/** True when the ledger refused an effect somewhere down the chain of causes. */
export function isRefused(error: unknown): boolean {
  return causesOf(error).some(
    (cause) => cause instanceof ApplicationFailure && cause.type === FAILURE.refused,
  );
}

/** True when what was planned is not what would be done by now. */
export function isVoid(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof ApplicationFailure && cause.type === FAILURE.void);
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  let current: unknown = error;
  while (current instanceof Error && causes.length < 10) {
    causes.push(current);
    current =
      current instanceof ActivityFailure ||
      current instanceof ChildWorkflowFailure ||
      current instanceof ApplicationFailure
        ? current.cause
        : undefined;
  }
  return causes;
}

function isReport(value: unknown): value is FailureReport {
  if (typeof value !== 'object' || value === null) return false;
  const fields: readonly string[] = ['step', 'system', 'operation', 'object', 'message', 'remedy', 'scope'];
  return fields.every((field) => field in value);
}
