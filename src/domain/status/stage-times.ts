/** The life of a request in stages: what was waiting, and what was working. */
import { promotionStages } from '../promotion/stages.js';
import { entriesOfType, type RequestRecord } from '../record.js';
import { appliesTo } from '../tries.js';
import { turnEndedAt } from '../turns.js';
import type { RequestStatus, StageTime } from './shapes.js';

/** Splits the life of a request into stages; gates and undecided failures are waiting, the rest is working. */
export function stageTimes(record: RequestRecord, nowMs: number): RequestStatus['times'] {
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
