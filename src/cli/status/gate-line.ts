/** One gate in few words. */
import type { GateState } from '../api/answers.js';
import { day, duration } from '../output/duration.js';
import type { Style } from '../output/style.js';

/** Columns: sign and name, approvals, age or time that it took, who can unblock it, until when. */
export function gateCells(gate: GateState, nowMs: number, style: Style): readonly string[] {
  const votes = `${gate.approvals} of ${gate.need}`;
  const opened = gate.openedAt === undefined ? undefined : Date.parse(gate.openedAt);
  const took =
    opened === undefined
      ? ''
      : duration((gate.closedAt === undefined ? nowMs : Date.parse(gate.closedAt)) - opened);
  switch (gate.state) {
    case 'passed':
      return [`${style.good('✓')} ${gate.gate}`, votes, `passed after ${took}`];
    case 'open':
      return [
        `${style.warn('◔')} ${gate.gate}`,
        votes,
        `open ${took}`,
        `group ${gate.group} decides${gate.due === undefined ? '' : `, due ${day(gate.due)}`}`,
      ];
    case 'rejected':
      return [`${style.bad('✗')} ${gate.gate}`, votes, `rejected after ${took}`];
    case 'expired':
      return [`${style.bad('✗')} ${gate.gate}`, votes, `expired after ${took}`];
    case 'not-decided':
      return [`${style.dim('·')} ${gate.gate}`, votes, style.dim('not decided: the request ended before')];
    default: {
      const before = gate.waitsFor.length === 0 ? 'not open yet' : `after ${gate.waitsFor.join(', ')}`;
      return [`${style.dim('·')} ${gate.gate}`, votes, style.dim(before)];
    }
  }
}
