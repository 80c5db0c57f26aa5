/** The facts of a request by which its gates are judged. */
import type { GateContext } from './gate-rules.js';
import { isWorkDone } from './promotion/progress.js';
import { currentPlan, excludedPersons, type RequestRecord } from './record.js';

/** What the rules of gates judge votes by. @param epoch the one in force, unless an earlier moment is judged */
export function gateContextOf(
  record: RequestRecord,
  epoch: number = currentPlan(record)?.epoch ?? 0,
): GateContext {
  return {
    epoch,
    targets: record.request.content.targets.length,
    excluded: excludedPersons(record),
    risk: currentPlan(record)?.plan.promotion?.risk.level ?? 'low',
    workDone: record.request.kind === 'Promotion' && isWorkDone(record),
  };
}
