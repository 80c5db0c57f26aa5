/** Activities on the queue `ledger`: they touch nothing but the ledger. */
import { activityInfo } from '@temporalio/activity';
import { pauseOf } from '../../domain/status/standstill.js';
import { endedTargets, heldTargets } from '../../domain/status/target-status.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { LedgerActivities } from '../contracts.js';
import { effectRefused, type StepFailed } from '../errors.js';
import type { Authority } from '../guard/authority.js';
import type { EffectGuard } from '../guard/effect-guard.js';
import { confirmCommand } from './commands.js';
import { closeRequest, closeTarget, readTargetEnd } from './endings.js';
import { advanceGates } from './gates.js';

export interface LedgerActivityDeps {
  readonly ledger: WorkerLedger;
  readonly authority: Authority;
  readonly guard: Judging;
  /**
   * Time of the database, in milliseconds since 1970, which bounds what a run says that it is. Unset only where a test lets
   * months pass in a run.
   */
  readonly clock?: () => Promise<number>;
}

/** Judges a request, whatever its kind. */
export type Judging = Pick<EffectGuard, 'judge'>;

export function createLedgerActivities(deps: LedgerActivityDeps): LedgerActivities {
  const { ledger, authority, guard, clock } = deps;
  return {
    reportUnreadableInput: () =>
      ledger.raiseAlarm(null, {
        alarm: 'undecodable-message',
        detail: `${workflowName()} was started with an input that is not of its shape`,
        count: 1,
      }),
    confirmCommand: (input) => confirmCommand(ledger, input),
    advanceGates: async (input) =>
      advanceGates(ledger, authority, { ...input, nowMs: await boundedTime(input.nowMs, clock) }),
    async startRollout({ requestId }) {
      const { record } = await guard.judge(requestId, requestId);
      const { request } = record;
      if (request.kind !== 'Fleet') throw otherKind(requestId, request.kind);
      const { content } = request;
      await ledger.startRequest(requestId, { targets: content.targets.length });
      return {
        service: content.service,
        maxInFlight: content.maxInFlight,
        targets: content.targets.map(({ key, cluster, stage }) => ({ key, cluster, stage })),
        ended: endedTargets(record),
        paused: pauseOf(record) !== undefined,
        held: heldTargets(record),
      };
    },
    readTargetEnd: ({ requestId, target }) => readTargetEnd(ledger, requestId, target),
    closeTarget: (input) => closeTarget(ledger, input),
    closeRequest: ({ requestId, reason }) => closeRequest(ledger, requestId, reason),
  };
}

/** Clocks of Temporal and of the database may differ by this much, in milliseconds; both run NTP. */
const CLOCK_SKEW_MS = 60_000;

/** A run may say any time: deadlines and reminders follow the database's. */
async function boundedTime(saidMs: number, clock: LedgerActivityDeps['clock']): Promise<number> {
  if (clock === undefined) return saidMs;
  const nowMs = await clock();
  return Math.min(Math.max(saidMs, nowMs - CLOCK_SKEW_MS), nowMs + CLOCK_SKEW_MS);
}

/** Ids of workflows are free text for whoever starts one. */
function workflowName(): string {
  return (activityInfo().workflowExecution?.workflowId ?? 'a run').slice(0, 200);
}

/** A run of one family was started with the request of another: only by hand. */
function otherKind(requestId: string, kind: string): StepFailed {
  return effectRefused(requestId, `the request is a ${kind}`, 'Its workflow is started by the API');
}
