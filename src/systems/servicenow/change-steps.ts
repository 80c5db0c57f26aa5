/** Which states a change request goes through (vendor: Change Management, state model and transitions). */
import { CHANGE_STATE, type ChangeType } from './types.js';

/** The way of a normal change; the others leave states out. */
const WAY: readonly number[] = [
  CHANGE_STATE.new,
  CHANGE_STATE.assess,
  CHANGE_STATE.authorize,
  CHANGE_STATE.scheduled,
  CHANGE_STATE.implement,
  CHANGE_STATE.review,
  CHANGE_STATE.closed,
];

/** Where a new change goes to be approved: an emergency needs no assessment, a standard change no approval at all. */
export function firstStepOf(type: ChangeType): number {
  switch (type) {
    case 'normal':
      return CHANGE_STATE.assess;
    case 'emergency':
      return CHANGE_STATE.authorize;
    case 'standard':
      return CHANGE_STATE.scheduled;
  }
}

/**
 * The states on the way to Closed, one after the other: an instance refuses to skip Implement and Review. From a state of
 * the installation's own there is only the last step.
 */
export function stepsToClosed(state: number): readonly number[] {
  const at = WAY.indexOf(state);
  if (at < 0) return [CHANGE_STATE.closed];
  return WAY.slice(Math.max(at + 1, WAY.indexOf(CHANGE_STATE.implement)));
}
