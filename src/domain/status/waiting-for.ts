/** Law 4: why a request waits, since when, who can unblock it and what happens next. */
import { gatesAfterwards } from '../gate-rules.js';
import { describeScope, type Hold, holdsOn } from '../promotion/holds.js';
import type { PromotionStatus } from '../promotion/status.js';
import { promotionWaiting } from '../promotion/waiting.js';
import { entriesOfType, type RequestRecord } from '../record.js';
import { describeLine, type WaitForTurn } from '../turns.js';
import { describeWait, type Wait } from '../waits.js';
import { openGates } from './gate-status.js';
import type { GateStatus, StatusWord, TargetStatus, WaitingFor } from './shapes.js';
import { type LookFailure, pauseOf } from './standstill.js';

/** What is known of the request already. */
export interface Seen {
  readonly record: RequestRecord;
  readonly status: StatusWord;
  readonly gates: readonly GateStatus[];
  readonly failed: readonly TargetStatus[];
  readonly targets: readonly TargetStatus[];
  readonly promotion: PromotionStatus | undefined;
  readonly holds: readonly Hold[];
  readonly waits: readonly Wait[];
  readonly nowMs: number;
  readonly stuck: LookFailure | undefined;
}

/** The first unmet condition of each thing that is waited for (law 4); nothing when the request has ended. */
export function waitingFor(seen: Seen): readonly WaitingFor[] {
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
    ? [...rolloutHeld(record, targets, holds, nowMs), ...rolloutWaiting(targets, nowMs)]
    : promotionWaiting(record, promotion, { holds, waits }, nowMs);
}

/** Clusters that begin nothing new until a hold is released: by hold. */
function rolloutHeld(
  { request }: RequestRecord,
  targets: readonly TargetStatus[],
  holds: readonly Hold[],
  nowMs: number,
): readonly WaitingFor[] {
  if (request.kind !== 'Fleet') return [];
  const { service, targets: asked } = request.content;
  const open = new Set(
    targets.flatMap(({ target, state }) => (state === 'running' || state === 'pending' ? [target] : [])),
  );
  return holds.flatMap((hold) => {
    const stopped = asked.filter(
      ({ key, stage }) =>
        open.has(key) && holdsOn([hold], { application: service, environment: stage }).length > 0,
    );
    const [first] = stopped;
    if (first === undefined) return [];
    const others = stopped.length === 1 ? '' : `, and ${stopped.length - 1} more`;
    const why = hold.reason === undefined ? '' : `: ${hold.reason}`;
    return [
      {
        condition: `a hold on ${describeScope(hold.scope)}${why} stops ${first.key}${others}`,
        sinceMs: Math.max(0, nowMs - Date.parse(hold.placedAt)),
        who: 'an operator',
        next: `gatehouse release ${hold.holdId}; then it goes on by itself`,
      },
    ];
  });
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

/** Of a request whose turn has not come. @param line ids of those before it */
export function waitingInLine(
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
