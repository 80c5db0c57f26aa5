/** runChecks: asks everything that the path wants to be asked of a place, and says what it comes to. */
import { cancellationSignal, sleep } from '@temporalio/activity';
import { SystemError } from '../../domain/failure.js';
import { effectKey } from '../../domain/plan.js';
import { type CheckOutcome, failuresOf, isAccepted, judgeChecks } from '../../domain/promotion/checks.js';
import type { Check } from '../../domain/promotion/path.js';
import { afterRevert, PROMOTION_CHECK } from '../../domain/promotion/request.js';
import { report } from '../heartbeats.js';
import { noteDisproved } from '../ledger/disproved.js';
import type { ChecksResult } from '../promotion-contracts.js';
import type { VerificationActivityDeps } from './activities.js';
import { jobNameOf } from './job-name.js';
import { type CheckRun, lookAt } from './look-at.js';

/** Pause between two looks of a check, in milliseconds: a service that has just started may need a few of them. */
const LOOK_AGAIN_MS = 3_000;

const SYSTEM_OF: Readonly<Record<Check['kind'], string>> = {
  http: 'http-check',
  metric: 'prometheus',
  job: 'kubernetes',
};

/**
 * A check is looked at until it passes or its time is over: then the last look counts. All of them run side by side.
 * @throws StepFailed `EffectRefused` when the ledger does not permit it
 */
export async function runChecks(
  deps: VerificationActivityDeps,
  input: { readonly requestId: string; readonly target: string; readonly revert: boolean },
): Promise<ChecksResult> {
  const { verified, request } = await deps.guard.permitted(input);
  const { record } = verified;
  const signal = cancellationSignal();
  const attempt = failuresOf(record, input.target);
  const { checks } = request.content.rules;
  report({ waitingFor: 'checks' });
  const outcomes = await Promise.all(
    checks.map((check) =>
      settled(
        deps,
        { check, jobName: jobNameOf(input, check.name, attempt), requestId: input.requestId },
        signal,
      ),
    ),
  );
  const verdict = judgeChecks(outcomes, isAccepted(record, input.target));
  if (verdict.state === 'passed') {
    const check = PROMOTION_CHECK.verified;
    await deps.ledger.passCheck(input.requestId, {
      key: effectKey(input.target, input.revert ? afterRevert(check) : check),
      system: systemOf(checks),
      readBack: {
        ...Object.fromEntries(outcomes.map(({ name, detail }) => [name, detail])),
        ...(verdict.accepted ? { accepted: true } : {}),
      },
    });
  }
  if (verdict.state === 'failed') {
    await noteDisproved(deps.ledger, input, PROMOTION_CHECK.verified, systemOf(checks), verdict.message);
  }
  return { state: verdict.state, message: verdict.message };
}

async function settled(
  deps: VerificationActivityDeps,
  run: CheckRun,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const { name, kind, timeoutMs } = run.check;
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(1_000, deadlineMs - Date.now());
    const seen = await lookOnce(deps, run, leftMs, signal);
    if (seen.state === 'passed' || seen.final === true || Date.now() + LOOK_AGAIN_MS > deadlineMs) {
      return { name, kind, state: seen.state, detail: seen.detail };
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** A check that cannot be made has said nothing: a person looks. */
async function lookOnce(
  deps: VerificationActivityDeps,
  run: CheckRun,
  leftMs: number,
  signal: AbortSignal,
): ReturnType<typeof lookAt> {
  try {
    return await lookAt(deps, run, leftMs, signal);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { kind, message, remedy } = error.trouble;
    const passes = kind === 'unavailable' || kind === 'throttled' || kind === 'malformed' || kind === 'busy';
    return { state: 'inconclusive', detail: passes ? message : `${message}. ${remedy}`, final: !passes };
  }
}

function systemOf(checks: readonly Check[]): string {
  const systems = new Set(checks.map(({ kind }) => SYSTEM_OF[kind]));
  const [only] = systems;
  return systems.size === 1 && only !== undefined ? only : 'gatehouse';
}
