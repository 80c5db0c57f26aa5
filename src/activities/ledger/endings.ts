/** Ends targets and requests by what the ledger holds; what a workflow says about success is checked, not believed. */
import type { FailureReport } from '../../domain/failure.js';
import { gatesBefore } from '../../domain/gate-rules.js';
import type { RequestOutcome } from '../../domain/ledger.js';
import { mapFailureTexts, withReferences } from '../../domain/personal-text.js';
import { effectKey, isEmptyPlan } from '../../domain/plan.js';
import {
  checksOfPlace,
  isRolledBack,
  isRollingBack,
  mergedPlaces,
  revertedPlaces,
} from '../../domain/promotion/progress.js';
import { environmentKey, PROVEN, TAKEN_BACK } from '../../domain/promotion/request.js';
import { describeShadow, shadowReport } from '../../domain/promotion/shadow.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { Actor } from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { RequestEnd, TargetEnd } from '../contracts.js';
import { effectRefused } from '../errors.js';
import { keepAddresses } from './kept-addresses.js';

/** Checks that stand in the ledger for every finished target, by the object part of their key. */
export const TARGET_CHECKS = ['sync', 'external-secret', 'connected'] as const;

/**
 * @throws StepFailed `EffectRefused` with an alarm when `done` is claimed and an effect or check is missing in the ledger,
 * or `skipped` and nobody gave that command
 */
export async function closeTarget(ledger: WorkerLedger, input: TargetEnd): Promise<void> {
  const contradiction = await contradictionOf(ledger, input);
  if (contradiction !== undefined) {
    const detail = `${input.target} was reported as ${input.outcome}, but the ledger does not hold ${contradiction}`;
    await ledger.raiseAlarm(input.requestId, { alarm: 'result-contradicts-ledger', detail, count: 1 });
    throw effectRefused(input.target, detail, 'Somebody interfered from outside: retry the cluster');
  }
  await ledger.endTarget(input.requestId, {
    target: input.target,
    outcome: input.outcome,
    ...(input.failure === undefined
      ? {}
      : { failure: await withoutAddresses(ledger, input.requestId, input.failure) }),
  });
}

/** A vendor's message may name people; the chain keeps them by reference. */
async function withoutAddresses(
  ledger: WorkerLedger,
  requestId: string,
  failure: FailureReport,
): Promise<FailureReport> {
  const { object, message, remedy } = failure;
  const refs = await keepAddresses(ledger, requestId, [object, message, remedy]);
  return mapFailureTexts(failure, (text) => withReferences(text, refs));
}

/** What would have to stand in the ledger for this end and does not. */
async function contradictionOf(ledger: WorkerLedger, input: TargetEnd): Promise<string | undefined> {
  if (input.outcome !== 'done' && input.outcome !== 'skipped') return undefined;
  const record = await readRecord(ledger, input.requestId);
  if (record === null) return 'the request itself';
  if (input.outcome === 'done') {
    if (isRollingBack(record) && record.request.kind === 'Promotion') {
      return revertedPlaces(record).includes(input.target) ? undefined : 'what proves that it was taken back';
    }
    const missing = missingOf(record, input.target);
    return missing.length === 0 ? undefined : missing.join(', ');
  }
  const commanded = entriesOfType(record.entries, 'command.given').some(
    ({ body }) => body.command === 'skip' && body.targets.includes(input.target),
  );
  return commanded ? undefined : 'a command to skip it';
}

/** Keys of effects and checks of a target that the ledger does not hold. */
export function missingOf(record: RequestRecord, target: string): readonly string[] {
  const plan = currentPlan(record)?.plan.targets.find((item) => item.target === target);
  if (plan === undefined) return [`a plan for ${target}`];
  const completed = new Set(entriesOfType(record.entries, 'effect.completed').map((entry) => entry.body.key));
  const passed = new Set(entriesOfType(record.entries, 'check.passed').map((entry) => entry.body.key));
  const checks =
    record.request.kind === 'Fleet'
      ? TARGET_CHECKS.map((check) => effectKey(target, check))
      : checksOfPlace(record, target);
  // what only takes back, or tidies up, is not part of having succeeded
  const effects = plan.effects.filter(({ phase }) => phase === undefined).map(({ key }) => key);
  return [
    ...new Set(effects.filter((key) => !completed.has(key))),
    ...checks.filter((key) => !passed.has(key)),
  ];
}

/** How the ledger says that a target ended last, in this request. */
export async function readTargetEnd(
  ledger: WorkerLedger,
  requestId: string,
  target: string,
): Promise<{ readonly outcome?: TargetEnd['outcome'] }> {
  const last = entriesOfType(await ledger.entriesOf(requestId), 'target.ended')
    .filter((entry) => entry.body.target === target)
    .at(-1);
  return last === undefined ? {} : { outcome: last.body.outcome };
}

/** Ends a request with the outcome that the ledger's entries give; leaves it open when they give none. */
export async function closeRequest(
  ledger: WorkerLedger,
  requestId: string,
  reason: string,
): Promise<RequestEnd> {
  const record = await readRecord(ledger, requestId);
  if (record === null) return { state: 'still-open', message: 'the ledger knows no such request' };
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  if (ended !== undefined)
    return { state: 'ended', outcome: ended.body.outcome, message: ended.body.message };
  const outcome = outcomeOf(record, reason);
  if (outcome === undefined) {
    const message = 'the run stopped before the work was done: an operator can retry it';
    await ledger.raiseAlarm(requestId, { alarm: 'result-contradicts-ledger', detail: message, count: 1 });
    return { state: 'still-open', message };
  }
  if (outcome.outcome === 'done') await noteProven(ledger, record);
  const withdrawn = takenBackBy(record, outcome.outcome);
  if (withdrawn !== undefined) await noteTakenBack(ledger, record, withdrawn);
  await ledger.endRequest(requestId, outcome);
  return { state: 'ended', ...outcome };
}

function outcomeOf(
  record: RequestRecord,
  reason: string,
): { readonly outcome: RequestOutcome; readonly message: string } | undefined {
  const { entries } = record;
  const plan = currentPlan(record);
  if (entriesOfType(entries, 'request.revoked').length > 0) {
    return { outcome: 'revoked', message: 'the request was revoked' };
  }
  const [cancelled] = entriesOfType(entries, 'command.given').filter(({ body }) => body.command === 'cancel');
  if (cancelled !== undefined) {
    return { outcome: 'cancelled', message: `cancelled by ${cancellerOf(record, cancelled.body.by)}` };
  }
  if (plan === undefined) return undefined;
  if (entriesOfType(entries, 'plan.recorded').at(-1)?.body.totals.conflict !== 0) {
    return { outcome: 'refused', message: conflictsOf(record) };
  }
  const shadow = shadowReport(record);
  if (shadow !== undefined) return { outcome: 'shadowed', message: describeShadow(shadow) };
  const rolledBack = outcomeOfRollback(record);
  if (rolledBack !== undefined) return rolledBack;
  const before = gatesBefore(record.policy.spec.gates).map(({ name }) => name);
  const closed = entriesOfType(entries, 'gate.closed').filter(
    ({ body }) => body.epoch === plan.epoch && before.includes(body.gate),
  );
  const rejected = closed.find((entry) => entry.body.result !== 'passed');
  if (rejected !== undefined) {
    const expired = rejected.body.result === 'expired';
    return {
      outcome: expired ? 'expired' : 'rejected',
      message: expired
        ? `gate ${rejected.body.gate} was not decided in time`
        : `gate ${rejected.body.gate} was rejected`,
    };
  }
  if (isEmptyPlan(plan.plan.targets)) {
    return { outcome: 'done', message: `${plan.plan.targets.length} unchanged, nothing to do` };
  }
  return outcomeOfTargets(record, reason);
}

function outcomeOfTargets(
  record: RequestRecord,
  reason: string,
): { readonly outcome: RequestOutcome; readonly message: string } | undefined {
  const last = new Map(
    entriesOfType(record.entries, 'target.ended').map((entry) => [entry.body.target, entry.body.outcome]),
  );
  const keys = record.request.content.targets.map((target) => target.key);
  const done = keys.filter((key) => last.get(key) === 'done').length;
  const skipped = keys.filter((key) => last.get(key) === 'skipped').length;
  if (done + skipped < keys.length) return undefined;
  const noun = record.request.kind === 'Fleet' ? 'clusters' : 'places';
  if (done === 0) return { outcome: 'failed', message: `all ${skipped} ${noun} were skipped` };
  return {
    outcome: 'done',
    message: `${done} of ${keys.length} done${skipped === 0 ? '' : `, ${skipped} skipped`}; ${reason}`,
  };
}

/** A rollback ends a promotion when every place that was changed runs what it ran before, proven; until then it is open. */
function outcomeOfRollback(
  record: RequestRecord,
): { readonly outcome: RequestOutcome; readonly message: string } | undefined {
  if (record.request.kind !== 'Promotion' || !isRollingBack(record)) return undefined;
  const merged = mergedPlaces(record);
  if (merged.length === 0 || !isRolledBack(record)) return undefined;
  const { application, environment } = record.request.content;
  return {
    outcome: 'rolled-back',
    message: `${merged.length} taken back, proven; ${application}/${environment} is held until somebody releases it`,
  };
}

/** What an environment has proven is what the next one may be promoted to. */
async function noteProven(ledger: WorkerLedger, record: RequestRecord): Promise<void> {
  const promotion = currentPlan(record)?.plan.promotion;
  if (record.request.kind !== 'Promotion' || promotion === undefined) return;
  await ledger.passCheck(record.requestId, {
    key: effectKey(environmentKey(record.request.content), PROVEN),
    system: 'gatehouse',
    readBack: { fingerprint: promotion.fingerprint, commit: promotion.release.commit },
  });
}

interface TakenBack {
  readonly fingerprint: string;
  /** what failed, or that a person wanted it */
  readonly why: string;
}

/** The release that an end takes from its environment: its own by a rollback, the one before by a request that asks for it. */
function takenBackBy(record: RequestRecord, outcome: RequestOutcome): TakenBack | undefined {
  const promotion = currentPlan(record)?.plan.promotion;
  if (record.request.kind !== 'Promotion' || promotion === undefined) return undefined;
  if (outcome === 'rolled-back') return { fingerprint: promotion.fingerprint, why: whyTakenBack(record) };
  if (outcome !== 'done' || record.request.content.exception !== 'rollback') return undefined;
  const { replaces, fingerprint } = promotion;
  return replaces === undefined || replaces === fingerprint
    ? undefined
    : { fingerprint: replaces, why: 'a rollback was asked for' };
}

function whyTakenBack({ entries }: RequestRecord): string {
  const failure = entriesOfType(entries, 'target.ended').findLast(({ body }) => body.outcome === 'failed')
    ?.body.failure;
  return failure === undefined ? 'a person took it back' : `${failure.operation} failed`;
}

/** Whoever asks for it again is told, and decides at a higher risk. */
async function noteTakenBack(
  ledger: WorkerLedger,
  record: RequestRecord,
  { fingerprint, why }: TakenBack,
): Promise<void> {
  if (record.request.kind !== 'Promotion') return;
  await ledger.passCheck(record.requestId, {
    key: effectKey(environmentKey(record.request.content), TAKEN_BACK),
    system: 'gatehouse',
    readBack: { fingerprint, why },
  });
}

/** All conflicts of the plan in force, each with its remedy, one a line. */
export function conflictsOf(record: RequestRecord): string {
  const lines = (currentPlan(record)?.plan.targets ?? []).flatMap((target) =>
    target.effects
      .filter((effect) => effect.action === 'conflict')
      .map((effect) => `${target.target}: ${effect.object}: ${effect.detail}`),
  );
  return lines.join('\n').slice(0, 4_000);
}

async function readRecord(ledger: WorkerLedger, requestId: string): Promise<RequestRecord | null> {
  return recordOf(await ledger.entriesOf(requestId));
}

/** Ids of people are for the record; the sentence that everybody reads says in which part they acted. */
function cancellerOf({ request }: RequestRecord, by: Actor): string {
  return by.kind === request.requester.kind && by.id === request.requester.id
    ? 'whoever asked for it'
    : 'an operator';
}
