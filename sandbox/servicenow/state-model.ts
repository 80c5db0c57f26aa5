import { Refusal } from '../framework/refusal.js';
import type { Change } from './state.js';

/** Steps that a user may take, by type (vendor: Change Management, state model; approvals take the others). */
const STEPS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  normal: {
    '-5': ['-4', '4'],
    '-4': ['-5', '4'],
    '-3': ['-5', '4'],
    '-2': ['-1', '4'],
    '-1': ['0', '4'],
    '0': ['3'],
  },
  emergency: { '-5': ['-3', '4'], '-3': ['-5', '4'], '-2': ['-1', '4'], '-1': ['0', '4'], '0': ['3'] },
  standard: { '-5': ['-2', '4'], '-2': ['-1', '4'], '-1': ['0', '4'], '0': ['3'] },
};

/** Where approval is asked for, by type; a standard change has it beforehand. */
const ASKS: Readonly<Record<string, string>> = { normal: '-4', emergency: '-3' };

/**
 * What follows from moving a change to another state.
 * @throws Refusal 403 as the instance's business rules and data policies say it [K]
 */
export function fieldsAfterMove(
  change: Change,
  wanted: Readonly<Record<string, string>>,
  groupNeeded: boolean,
): Record<string, string> {
  const { state = '-5', type = 'normal' } = change.fields;
  const next = wanted.state ?? state;
  if (next === state) return {};
  if (!(STEPS[type]?.[state] ?? []).includes(next)) {
    throw aborted(`Change Model: Check State Transition. Invalid transition from ${state} to ${next}`);
  }
  const after = { ...change.fields, ...wanted };
  if (groupNeeded && state === '-5' && next !== '4' && !after.assignment_group) {
    throw aborted('Data Policy Exception: The following fields are mandatory: Assignment group');
  }
  if (next === '3' && (!after.close_code || !after.close_notes)) {
    throw aborted('Data Policy Exception: The following fields are mandatory: Close code, Close notes');
  }
  if (next === '-5') return { approval: 'not requested' };
  if (next === ASKS[type]) return { approval: 'requested' };
  return type === 'standard' && next === '-2' ? { approval: 'approved' } : {};
}

function aborted(why: string): Refusal {
  return new Refusal(403, `Operation against file 'change_request' was aborted by Business Rule '${why}'`);
}
