/** Where a request stands, derived from its ledger entries alone: first unmet condition, its age, who can unblock it, what is next. */
import type { FailureReport } from './failure.js';
import { gateContextOf } from './gate-context.js';
import { type GateVerdict, gatesAfterwards, judgeGates, type Vote } from './gate-rules.js';
import type { EffectOutcome, EntryBodies, RequestOutcome } from './ledger.js';
import type { TargetState } from './messages.js';
import { type PlanTotals, WHOLE_REQUEST } from './plan.js';
import type { Hold } from './promotion/holds.js';
import { beginsRollback, mergedPlaces } from './promotion/progress.js';
import { PROPOSALS } from './promotion/request.js';
import { isShadow } from './promotion/shadow.js';
import { promotionStages } from './promotion/stages.js';
import { type PromotionStatus, promotionStatus } from './promotion/status.js';
import { supersededBy } from './promotion/superseding.js';
import { promotionWaiting } from './promotion/waiting.js';
import { currentPlan, entriesOfType, type RequestRecord } from './record.js';
import { appliesTo, isAnotherTry } from './tries.js';
import { describeLine, turnEndedAt, type WaitForTurn, waitForTurn } from './turns.js';
import { describeWait, type Wait } from './waits.js';

/** `rolling-back`: what was merged is being taken back. */
export type StatusWord =
  | 'planning'
  | 'waiting'
  | 'running'
  | 'paused'
  | 'attention'
  | 'rolling-back'
  | RequestOutcome;

export interface GateStatus {
  readonly gate: string;
  readonly group: string;
  readonly state: GateVerdict['state'] | 'expired';
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

/** Votes of a record as the ledger holds them; signatures are checked where authority depends on it (guard, bundle). */
export type VoteReader = (record: RequestRecord) => readonly Vote[];

/**
 * Derives the status of a request.
 * @param record the request as the ledger knows it
 * @param votes its votes
 * @param nowMs time of asking in milliseconds
 * @param around what it meets, to say what it waits for
 */
export function deriveStatus(
  record: RequestRecord,
  votes: readonly Vote[],
  nowMs: number,
  { holds = [], line = [], waits = [] }: Surroundings = {},
): RequestStatus {
  const { entries, request } = record;
  const plan = currentPlan(record);
  const ended = entriesOfType(entries, 'request.ended').at(-1);
  const started = entriesOfType(entries, 'request.started').at(0);
  const revoked = entriesOfType(entries, 'request.revoked').at(0);
  const gates = gateStatuses(record, votes);
  const targets = targetStatuses(record, started !== undefined, ended !== undefined).map((target) =>
    withWaits(target, waits),
  );
  const pause = pauseOf(record);
  const stuck = lookFailure(record);
  const failed = targets.filter((target) => target.state === 'failed');
  const moving = isMoving(record, targets);
  const promotion = promotionStatus(record);
  const asked = started === undefined ? undefined : openGates(gates, true)[0];
  const turn = waitForTurn(record);
  const isWatching = isShadow(record) && plan !== undefined;
  const proposed = promotion === undefined || started !== undefined || hasOpened(record) ? plan : undefined;

  const status =
    ended?.body.outcome ??
    (turn === undefined ? undefined : 'waiting') ??
    (isWatching && revoked === undefined && stuck === undefined ? 'running' : undefined) ??
    statusWord({ revoked, stuck, plan: proposed, started, pause, asked }, failed, moving, promotion);

  return {
    requestId: record.requestId,
    kind: request.kind,
    workflowId: request.workflowId,
    status,
    ...(ended === undefined ? {} : { message: endMessage(record, ended.body.message), endedAt: ended.at }),
    acceptedAt: record.accepted.at,
    epoch: plan?.epoch ?? 0,
    ...(plan === undefined ? {} : { planDigest: plan.digest }),
    ...(plan === undefined ? {} : { totals: record.plans.at(-1)?.body.totals ?? ZERO_TOTALS }),
    gates,
    waitingFor:
      ended === undefined
        ? turn === undefined
          ? waitingFor({ record, status, gates, targets, failed, promotion, holds, waits, nowMs, stuck })
          : waitingInLine(turn, line.length === 0 ? [turn.behind] : line, nowMs)
        : [],
    targets,
    ...(promotion === undefined ? {} : { promotion }),
    times: stageTimes(record, nowMs),
  };
}

/** False when only a person can go on: a later wave does not start once more places have failed than are borne. */
function isMoving({ request }: RequestRecord, targets: readonly TargetStatus[]): boolean {
  if (targets.some(({ state }) => state === 'running')) return true;
  const failures = targets.filter(
    ({ state, failure }) => state === 'failed' && failure?.scope !== 'provider',
  );
  const borne =
    request.kind === 'Promotion' ? request.content.rules.rollout.maxFailures : Number.POSITIVE_INFINITY;
  return failures.length <= borne && targets.some(({ state }) => state === 'pending');
}

/** What a request that has not ended is about, the most urgent first. */
function statusWord(
  seen: Readonly<Record<'revoked' | 'stuck' | 'plan' | 'started' | 'pause' | 'asked', object | undefined>>,
  failed: readonly TargetStatus[],
  moving: boolean,
  promotion: PromotionStatus | undefined,
): StatusWord {
  if (seen.revoked !== undefined) return 'revoked';
  if (seen.stuck !== undefined) return 'attention';
  if (seen.plan === undefined) return 'planning';
  if (seen.started === undefined) return 'waiting';
  if (seen.pause !== undefined) return 'paused';
  if (promotion?.isRollingBack === true && !promotion.isRolledBack) {
    return failed.length > 0 && !moving ? 'attention' : 'rolling-back';
  }
  if (seen.asked !== undefined) return 'waiting';
  return failed.length > 0 && !moving ? 'attention' : 'running';
}

/** What is proposed is there before people are asked. */
function hasOpened(record: RequestRecord): boolean {
  const epoch = currentPlan(record)?.epoch;
  return entriesOfType(record.entries, 'gate.opened').some(({ body }) => body.epoch === epoch);
}

/** A cancellation for a newer release says so. */
function endMessage(record: RequestRecord, message: string): string {
  const newer = supersededBy(record);
  return newer === undefined ? message : `superseded by ${newer}`;
}

const ZERO_TOTALS: PlanTotals = { create: 0, change: 0, adopt: 0, conflict: 0 };

function gateStatuses(record: RequestRecord, votes: readonly Vote[]): readonly GateStatus[] {
  const epoch = currentPlan(record)?.epoch ?? 0;
  const policyGates = record.policy.spec.gates;
  const verdicts = judgeGates(policyGates, votes, gateContextOf(record, epoch));
  return policyGates.map((gate, index) => {
    const verdict = verdicts[index];
    const opened = entriesOfType(record.entries, 'gate.opened').find(
      (entry) => entry.body.gate === gate.name && entry.body.epoch === epoch,
    );
    const closed = entriesOfType(record.entries, 'gate.closed').find(
      (entry) => entry.body.gate === gate.name && entry.body.epoch === epoch,
    );
    const judged = verdict?.state ?? 'not-open';
    const state: GateStatus['state'] =
      closed?.body.result === 'expired'
        ? 'expired'
        : judged === 'open' && opened === undefined
          ? 'not-open'
          : judged;
    return {
      gate: gate.name,
      group: gate.approvers.group,
      state,
      approvals: verdict?.approvals ?? 0,
      need: verdict?.need ?? gate.approvers.need,
      waitsFor: verdict?.waitsFor ?? gate.after,
      ...(opened === undefined ? {} : { openedAt: opened.at }),
      ...(opened?.body.due === undefined ? {} : { due: opened.body.due }),
      ...(closed === undefined ? {} : { closedAt: closed.at }),
    };
  });
}

/** A note may outlive its wait for a moment: only what is being worked on waits. */
function withWaits(status: TargetStatus, all: readonly Wait[]): TargetStatus {
  if (status.state !== 'running') return status;
  const waits = all
    .filter(({ target }) => target === status.target)
    .map(({ step, clause, since }) => ({ step, clause, since }));
  return waits.length === 0 ? status : { ...status, waits };
}

/** What is made for people to look at, before the place itself begins. */
function isProposal({ request }: RequestRecord, object: string): boolean {
  return request.kind === 'Promotion' && PROPOSALS.includes(object);
}

function targetStatuses(record: RequestRecord, started: boolean, ended: boolean): readonly TargetStatus[] {
  const merged = mergedPlaces(record);
  const takenBack = record.entries.find((entry) => beginsRollback(entry, record.requestId));
  return record.request.content.targets.map(({ key }) => {
    const effects = { created: 0, adopted: 0, changed: 0, unchanged: 0 };
    let state: TargetState = ended ? 'cancelled' : 'pending';
    let lastStep: string | undefined;
    let failure: FailureReport | undefined;
    for (const entry of record.entries) {
      if (entry === takenBack) {
        // it goes on with what is merged, and no further
        if (merged.includes(key)) state = 'pending';
        else if (state !== 'skipped') state = 'cancelled';
        failure = undefined;
      }
      switch (entry.type) {
        case 'effect.reserved':
        case 'effect.completed':
        case 'check.passed':
          if (!entry.body.key.startsWith(`${key}:`)) break;
          lastStep = entry.body.key.slice(key.length + 1);
          if (state !== 'done' && started && !isProposal(record, lastStep)) {
            state = ended ? 'cancelled' : 'running';
            failure = undefined;
          }
          if (entry.type === 'effect.completed') effects[entry.body.outcome] += 1;
          break;
        case 'target.ended':
          if (entry.body.target !== key) break;
          state = entry.body.outcome;
          failure = entry.body.failure;
          break;
        case 'command.given':
          if (state === 'failed' && triesAgain(entry.body, key, failure)) {
            state = 'pending';
            failure = undefined;
          }
          // given up by name: so it counts at once, before the run has written it down
          if (
            entry.body.command === 'skip' &&
            entry.body.targets.includes(key) &&
            (state === 'failed' || state === 'pending')
          ) {
            state = 'skipped';
            failure = undefined;
          }
          break;
        default:
          break;
      }
    }
    return {
      target: key,
      state,
      effects,
      ...(lastStep === undefined ? {} : { lastStep }),
      ...(failure === undefined ? {} : { failure }),
    };
  });
}

/**
 * How targets ended, by key, for a run that goes on where another stopped. A retry that was asked for after a failure
 * makes the target one that has not ended.
 */
export function endedTargets(record: RequestRecord): Readonly<Record<string, 'done' | 'failed' | 'skipped'>> {
  const ended: Record<string, 'done' | 'failed' | 'skipped'> = {};
  for (const { target, state } of targetStatuses(record, true, false)) {
    if (state === 'done' || state === 'failed' || state === 'skipped') ended[target] = state;
  }
  return ended;
}

/** Targets that the provider's trouble held: a resume tries them again. */
export function heldTargets(record: RequestRecord): readonly string[] {
  return targetStatuses(record, true, false).flatMap(({ target, state, failure }) =>
    state === 'failed' && failure?.scope === 'provider' ? [target] : [],
  );
}

/** Planning, or looking again before the rollout, failed for good and nobody has asked to try again. */
function lookFailure(
  record: RequestRecord,
): { readonly failure: FailureReport; readonly at: string } | undefined {
  let found: { readonly failure: FailureReport; readonly at: string } | undefined;
  for (const entry of record.entries) {
    if (
      entry.type === 'target.ended' &&
      entry.body.target === WHOLE_REQUEST &&
      entry.body.failure !== undefined
    ) {
      found = { failure: entry.body.failure, at: entry.at };
    } else if (
      entry.type === 'plan.recorded' ||
      entry.type === 'request.started' ||
      (entry.type === 'command.given' && entry.body.command === 'retry')
    ) {
      found = undefined;
    }
  }
  return found;
}

/** A retry names targets, or means all that failed; a resume means those that the provider's trouble held. */
function triesAgain(
  command: EntryBodies['command.given'],
  key: string,
  failure: FailureReport | undefined,
): boolean {
  if (isAnotherTry(command, key)) return true;
  return command.command === 'resume' && failure?.scope === 'provider';
}

/** Since when a rollout is paused, and the provider's trouble that did it; undefined failure: an operator did. */
export interface Pause {
  readonly at: string;
  readonly failure?: FailureReport;
}

/**
 * A rollout pauses by command, or by itself when a provider is in trouble (law 5); it goes on by a resume, or by a retry
 * that finds something to retry.
 */
export function pauseOf(record: RequestRecord): Pause | undefined {
  const failed = new Set<string>();
  let pause: Pause | undefined;
  for (const { type, body, at } of record.entries) {
    if (type === 'target.ended') {
      if (body.target === WHOLE_REQUEST) continue;
      if (body.outcome !== 'failed') failed.delete(body.target);
      else failed.add(body.target);
      if (body.failure?.scope === 'provider') pause = { at, failure: body.failure };
    } else if (type === 'command.given') {
      if (body.command === 'pause') pause = { at };
      if (body.command === 'resume') pause = undefined;
      if (body.command === 'rollback') pause = undefined;
      if (body.command !== 'retry' && body.command !== 'accept') continue;
      const again = [...failed].filter((key) => appliesTo(body.targets, key));
      if (again.length > 0) pause = undefined;
      for (const key of again) failed.delete(key);
    }
  }
  return pause;
}

interface Seen {
  readonly record: RequestRecord;
  readonly status: StatusWord;
  readonly gates: readonly GateStatus[];
  readonly failed: readonly TargetStatus[];
  readonly targets: readonly TargetStatus[];
  readonly promotion: PromotionStatus | undefined;
  readonly holds: readonly Hold[];
  readonly waits: readonly Wait[];
  readonly nowMs: number;
  readonly stuck: ReturnType<typeof lookFailure>;
}

function waitingFor(seen: Seen): readonly WaitingFor[] {
  const { record, status, gates, targets, failed, promotion, holds, waits, nowMs, stuck } = seen;
  const since = (iso: string | undefined): number =>
    Math.max(0, nowMs - Date.parse(iso ?? record.accepted.at));
  if (status === 'revoked') {
    return [
      {
        condition: 'the request is revoked; effects in hand finish',
        sinceMs: since(lastAt(record, 'request.revoked')),
        who: 'Gatehouse',
        next: 'the request ends as revoked',
      },
    ];
  }
  if (stuck !== undefined) {
    return [
      {
        condition: `${stuck.failure.system}: ${stuck.failure.message}`,
        sinceMs: since(stuck.at),
        who: 'an operator',
        next: `${withoutStop(stuck.failure.remedy)}, then: gatehouse retry ${record.requestId}`,
      },
    ];
  }
  if (status === 'planning') {
    return [
      {
        condition:
          record.plans.length === 0
            ? 'the plan is being computed'
            : 'what is planned is being proposed: change record and merge requests',
        sinceMs: since(record.plans.at(-1)?.at),
        who: 'Gatehouse',
        next: 'the gates open',
      },
    ];
  }
  if (status === 'waiting') {
    const isStarted = entriesOfType(record.entries, 'request.started').length > 0;
    return openGates(gates, isStarted).map((gate) => ({
      condition: `gate ${gate.gate}: ${gate.approvals} of ${gate.need} approvals`,
      sinceMs: since(gate.openedAt),
      who: `group ${gate.group}`,
      next:
        gate.due === undefined
          ? nextAfterGate(record, gate.gate, promotion)
          : `without a decision it is rejected at ${gate.due}`,
      gate: gate.gate,
      group: gate.group,
      ...(gate.due === undefined ? {} : { due: gate.due }),
    }));
  }
  if (status === 'paused') {
    const pause = pauseOf(record);
    return [
      {
        condition:
          pause?.failure === undefined
            ? 'the rollout is paused'
            : `the rollout is paused: ${pause.failure.system}: ${pause.failure.message}`,
        sinceMs: since(pause?.at),
        who: 'an operator',
        next: `${pause?.failure === undefined ? '' : `${pause.failure.remedy.replace(/\.$/, '')}, then: `}gatehouse resume ${record.requestId}`,
      },
    ];
  }
  if (status === 'attention') {
    return failed.map((target) => ({
      condition: `${target.target}: ${target.failure?.message ?? 'failed'}`,
      sinceMs: since(lastAt(record, 'target.ended')),
      who: 'an operator',
      next: nextAfterFailure(record, target),
    }));
  }
  return promotion === undefined
    ? rolloutWaiting(targets, nowMs)
    : promotionWaiting(record, promotion, { holds, waits }, nowMs);
}

/** What clusters wait for while nobody is needed: by step, with the one that has waited longest. */
function rolloutWaiting(targets: readonly TargetStatus[], nowMs: number): readonly WaitingFor[] {
  const waits = targets.flatMap(({ target, waits = [] }) => waits.map((wait) => ({ ...wait, target })));
  return [...new Set(waits.map(({ step }) => step))].flatMap((name) => {
    const all = waits.filter(({ step }) => step === name);
    const [longest] = [...all].sort((a, b) => a.since.localeCompare(b.since));
    if (longest === undefined) return [];
    const others = all.length === 1 ? '' : `, and ${all.length - 1} more`;
    return [
      {
        condition: `${name}: ${describeWait(longest.target, longest, nowMs)}${others}`,
        sinceMs: Math.max(0, nowMs - Date.parse(longest.since)),
        who: 'the system itself',
        next: 'the next step of that cluster',
      },
    ];
  });
}

function waitingInLine(
  { since }: WaitForTurn,
  line: readonly string[],
  nowMs: number,
): readonly WaitingFor[] {
  return [
    {
      condition: describeLine(line),
      sinceMs: Math.max(0, nowMs - Date.parse(since)),
      who: `whoever ${line[0] ?? 'the one before'} waits for`,
      next: 'when that has ended it is planned, against what is there then',
    },
  ];
}

/** Gates that people are asked at now; once the work has begun, those that it stopped for, and reviews of what is done. */
function openGates(gates: readonly GateStatus[], isStarted: boolean): readonly GateStatus[] {
  return gates.filter(({ state, closedAt }) => state === 'open' && !(isStarted && closedAt !== undefined));
}

function nextAfterGate(record: RequestRecord, gate: string, promotion: PromotionStatus | undefined): string {
  if (promotion === undefined) return 'the rollout starts';
  const isReview = gatesAfterwards(record.policy.spec.gates).some(({ name }) => name === gate);
  return isReview ? 'it ends' : 'it is merged, delivered and proven';
}

/** A sentence that goes on. */
function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** A remedy that names commands needs no further one. */
function nextAfterFailure({ request, requestId }: RequestRecord, { target, failure }: TargetStatus): string {
  const remedy = withoutStop(failure?.remedy ?? 'mend the cause');
  if (request.kind === 'Fleet') return `${remedy}, then: gatehouse retry ${requestId} --cluster ${target}`;
  return remedy.includes('gatehouse ')
    ? remedy
    : `${remedy}, then: gatehouse retry ${requestId} --place ${target}; or take it back: gatehouse rollback ${requestId}`;
}

function lastAt(
  record: RequestRecord,
  type: 'command.given' | 'target.ended' | 'request.revoked',
): string | undefined {
  return entriesOfType(record.entries, type).at(-1)?.at;
}

/** Splits the life of a request into stages; gates and undecided failures are waiting, the rest is working. */
function stageTimes(record: RequestRecord, nowMs: number): RequestStatus['times'] {
  const stages: StageTime[] = [];
  const push = (
    stage: string,
    kind: StageTime['kind'],
    from: string,
    to: string | undefined,
    group?: string,
  ): void => {
    stages.push({
      stage,
      kind,
      from,
      ...(to === undefined ? {} : { to }),
      ms: Math.max(0, (to === undefined ? nowMs : Date.parse(to)) - Date.parse(from)),
      ...(group === undefined ? {} : { group }),
    });
  };
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  const started = entriesOfType(record.entries, 'request.started').at(0);
  const planned = record.plans.at(0);
  const hasWaited = record.entries.some(({ type }) => type === 'request.queued');
  const turn = turnEndedAt(record);
  if (hasWaited) push('turn', 'waiting', record.accepted.at, turn);
  if (!hasWaited || (turn !== undefined && turn !== ended?.at)) {
    push('planning', 'working', turn ?? record.accepted.at, planned?.at ?? ended?.at);
  }
  for (const opened of entriesOfType(record.entries, 'gate.opened')) {
    const closed = entriesOfType(record.entries, 'gate.closed').find(
      (entry) => entry.body.gate === opened.body.gate && entry.body.epoch === opened.body.epoch,
    );
    const gate = record.policy.spec.gates.find((item) => item.name === opened.body.gate);
    push(`gate ${opened.body.gate}`, 'waiting', opened.at, closed?.at ?? ended?.at, gate?.approvers.group);
  }
  if (started !== undefined && record.request.kind === 'Fleet') {
    rolloutStages(record, started.at, ended?.at, push);
  } else if (started !== undefined) {
    for (const { stage, from, to } of promotionStages(record, started.at, ended?.at)) {
      push(stage, stage === 'rollout' ? 'working' : 'waiting', from, to);
    }
  }

  const total = Math.max(
    0,
    (ended === undefined ? nowMs : Date.parse(ended.at)) - Date.parse(record.accepted.at),
  );
  const working = stages
    .filter((stage) => stage.kind === 'working')
    .reduce((sum, stage) => sum + stage.ms, 0);
  const workedMs = Math.min(total, working);
  return { waitedMs: total - workedMs, workedMs, stages };
}

/** The rollout works until only failures are left undecided; from then to the next retry it waits for a person. */
function rolloutStages(
  record: RequestRecord,
  from: string,
  to: string | undefined,
  push: (stage: string, kind: StageTime['kind'], from: string, to: string | undefined) => void,
): void {
  const open = new Set(record.request.content.targets.map((target) => target.key));
  const failed = new Set<string>();
  let since = from;
  let working = true;
  const turn = (at: string, nowWorking: boolean): void => {
    if (nowWorking === working) return;
    push(working ? 'rollout' : 'attention', working ? 'working' : 'waiting', since, at);
    since = at;
    working = nowWorking;
  };
  for (const entry of record.entries) {
    if (entry.type === 'target.ended') {
      open.delete(entry.body.target);
      if (entry.body.outcome === 'failed') failed.add(entry.body.target);
      else failed.delete(entry.body.target);
      turn(entry.at, open.size > 0 || failed.size === 0);
    } else if (entry.type === 'command.given' && entry.body.command === 'retry') {
      for (const key of [...failed]) {
        if (!appliesTo(entry.body.targets, key)) continue;
        failed.delete(key);
        open.add(key);
      }
      if (open.size > 0) turn(entry.at, true);
    }
  }
  push(working ? 'rollout' : 'attention', working ? 'working' : 'waiting', since, to);
}
