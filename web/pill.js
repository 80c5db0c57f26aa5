/** A state as a word with a sign and a colour; the word alone says all. */
import { el } from './dom.js';

/** @typedef {'calm' | 'wait' | 'work' | 'good' | 'bad'} Tone */

/** @type {Record<string, [string, string, Tone]>} */
const STATES = {
  planning: ['Planning', '○', 'work'],
  waiting: ['Waiting for people', '◷', 'wait'],
  running: ['Working', '▸', 'work'],
  paused: ['Paused', '‖', 'wait'],
  attention: ['Needs attention', '!', 'bad'],
  done: ['Done', '✓', 'good'],
  failed: ['Failed', '✕', 'bad'],
  rejected: ['Rejected', '✕', 'bad'],
  refused: ['Refused', '✕', 'bad'],
  expired: ['Expired', '✕', 'bad'],
  'rolling-back': ['Taking back', '↶', 'wait'],
  shadowed: ['Watched in shadow', '✓', 'calm'],
  'rolled-back': ['Taken back', '↶', 'bad'],
  cancelled: ['Cancelled', '–', 'calm'],
  revoked: ['Revoked', '✕', 'bad'],
  open: ['Open', '◷', 'wait'],
  'not-open': ['Not open yet', '○', 'calm'],
  'not-decided': ['Not decided', '–', 'calm'],
  passed: ['Passed', '✓', 'good'],
  approve: ['Approved', '✓', 'good'],
  reject: ['Rejected', '✕', 'bad'],
  pending: ['Not started', '○', 'calm'],
  skipped: ['Skipped', '–', 'calm'],
  planned: ['Planned', '○', 'calm'],
  proposed: ['Proposed', '○', 'calm'],
  merging: ['Merging', '▸', 'work'],
  delivering: ['Merged, not proven yet', '▸', 'work'],
  checking: ['Runs, being checked', '▸', 'work'],
  soaking: ['Runs, being watched', '◷', 'work'],
  proven: ['Proven', '✓', 'good'],
  unchanged: ['Unchanged', '=', 'calm'],
  reverting: ['Being taken back', '↶', 'wait'],
  reverted: ['Taken back, proven', '↶', 'calm'],
};

/**
 * @param {string} state
 * @param {string} [text] in place of the state's own word
 */
export function pill(state, text) {
  const [word, sign, tone] = STATES[state] ?? [state, '○', 'calm'];
  return el(
    'span',
    { class: `pill ${tone}` },
    el('span', { 'aria-hidden': 'true' }, sign),
    el('span', {}, text ?? word),
  );
}
