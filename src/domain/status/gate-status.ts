/** How the gates of a request stand. */

import { gateContextOf } from '../gate-context.js';
import { judgeGates, type Vote } from '../gate-rules.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import type { GateStatus } from './shapes.js';

/** In the order of the policy. */
export function gateStatuses(record: RequestRecord, votes: readonly Vote[]): readonly GateStatus[] {
  const epoch = currentPlan(record)?.epoch ?? 0;
  const policyGates = record.policy.spec.gates;
  const verdicts = judgeGates(policyGates, votes, gateContextOf(record, epoch));
  const hasEnded = entriesOfType(record.entries, 'request.ended').length > 0;
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
        : hasEnded && (judged === 'open' || judged === 'not-open')
          ? 'not-decided'
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

/** Gates that people are asked at now; once the work has begun, those that it stopped for, and reviews of what is done. */
export function openGates(gates: readonly GateStatus[], isStarted: boolean): readonly GateStatus[] {
  return gates.filter(({ state, closedAt }) => state === 'open' && !(isStarted && closedAt !== undefined));
}
