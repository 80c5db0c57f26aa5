/**
 * Maps errors of clients, ledger and rules to Temporal's failures: retry with the server's delay, retry with ours, or
 * final. The one place where an activity's error becomes a failure, so nothing of a client library's error gets through.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import {
  FAILURE,
  type FailureReport,
  retryOf,
  SystemError,
  type SystemTrouble,
  scopeOf,
  withShortTexts,
} from '../domain/failure.js';
import { LedgerUnavailable } from '../ledger/errors.js';
import { StepFailed } from './errors.js';

/** A conflict is read and decided anew in the next attempt; one that is still there after this many is final. */
const MAX_CONFLICT_ATTEMPTS = 6;
/** Errors that nobody foresaw are most likely ours: a few attempts, then somebody must look. */
const MAX_UNFORESEEN_ATTEMPTS = 4;
/** Conflicts that reading will never resolve: a person must act (reference: saas-apis, section 4). */
const FINAL_CODES: readonly string[] = ['ObjectIsDeletedButRecoverable'];

export class FailureMapping implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      const { activityType, attempt } = activityInfo();
      throw failureOf(error, activityType, attempt);
    }
  }
}

/**
 * @param error what an activity threw
 * @param step name of the activity, for the report
 * @param attempt which attempt it was, from 1
 */
export function failureOf(error: unknown, step: string, attempt: number): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof Error && error.name === 'CompleteAsyncError') return error;
  if (error instanceof SystemError) return systemFailure(error.trouble, step, attempt);
  if (error instanceof StepFailed) {
    return failure(error.type, { step, ...error.fields, scope: error.fields.scope ?? 'target' }, true);
  }
  if (error instanceof LedgerUnavailable) {
    return failure(
      FAILURE.system,
      {
        step,
        system: 'gatehouse',
        operation: 'read the ledger',
        object: 'ledger',
        message: 'the ledger cannot be reached',
        remedy: 'See that Postgres runs and that GATEHOUSE_LEDGER_URL is right; this is retried',
        scope: 'provider',
      },
      false,
    );
  }
  return failure(
    FAILURE.system,
    {
      step,
      system: 'gatehouse',
      operation: step,
      object: step,
      // the message is the library's: it may hold whatever was sent, a token among it
      message: `something that was not foreseen (${nameOf(error)})`,
      remedy: 'Look at the log of the worker, which holds the rest',
      scope: 'target',
    },
    attempt >= MAX_UNFORESEEN_ATTEMPTS,
  );
}

/** Class of an error; anything that is no plain word is not shown. */
function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  return /^[A-Za-z]{1,60}$/.test(name) ? name : 'an error';
}

function systemFailure(trouble: SystemTrouble, step: string, attempt: number): ApplicationFailure {
  const report: FailureReport = {
    step,
    system: trouble.system,
    operation: trouble.operation,
    object: trouble.object,
    message: trouble.message,
    remedy: trouble.remedy,
    scope: scopeOf(trouble.kind),
  };
  switch (retryOf(trouble.kind)) {
    case 'server-delay':
      return failure(FAILURE.system, report, false, trouble.retryAfterMs);
    case 'own-delay':
      return failure(FAILURE.system, report, false);
    case 'resolve-by-reading': {
      const final =
        attempt >= MAX_CONFLICT_ATTEMPTS ||
        (trouble.code !== undefined && FINAL_CODES.includes(trouble.code));
      return failure(FAILURE.system, report, final);
    }
    case 'final':
      return failure(report.scope === 'provider' ? FAILURE.provider : FAILURE.system, report, true);
  }
}

function failure(
  type: string,
  whole: FailureReport,
  nonRetryable: boolean,
  nextRetryDelayMs?: number,
): ApplicationFailure {
  const report = withShortTexts(whole);
  return ApplicationFailure.create({
    type,
    message: `${report.system}: ${report.operation} ${report.object}: ${report.message}. ${report.remedy}`,
    nonRetryable,
    details: [report],
    ...(nonRetryable ? {} : { category: ApplicationFailureCategory.BENIGN }),
    ...(nextRetryDelayMs === undefined ? {} : { nextRetryDelay: nextRetryDelayMs }),
  });
}
