/** What is new since the last look, one line each: for logs and pipes, where nothing can be redrawn. */
import type { GateState, PlaceState, Status, Target } from '../api/answers.js';
import { day } from '../output/duration.js';
import { PLAIN } from '../output/style.js';
import { columns, harmless } from '../output/text.js';
import { failureText } from './failure-text.js';
import { progressText } from './render-status.js';
import { statusWord } from './status-word.js';

/** @param before undefined for the first look, which tells of everything that has happened */
export function changeLines(before: Status | undefined, now: Status): readonly string[] {
  const rows: (readonly string[])[] = [];
  if (before?.status !== now.status) rows.push([now.id, statusWord(now.status, PLAIN), progressText(now)]);
  for (const gate of now.gates) {
    const known = before?.gates.find((other) => other.gate === gate.gate);
    const text = gateText(gate);
    if (text !== '' && (known === undefined ? '' : gateText(known)) !== text)
      rows.push([now.id, gate.gate, text]);
  }
  rows.push(...placeRows(before, now));
  for (const target of now.targets) {
    const known = before?.targets.find((other) => other.target === target.target);
    const text = targetText(target);
    if (text !== '' && (known === undefined ? '' : targetText(known)) !== text) {
      rows.push([now.id, target.target, text]);
    }
  }
  if (now.endedAt !== undefined && before?.endedAt === undefined && now.message !== undefined) {
    rows.push([now.id, harmless(now.message)]);
  }
  return rows.flatMap((row) => columns([row]));
}

/** Steps of places, with the merge request as soon as there is one. */
function placeRows(before: Status | undefined, now: Status): readonly (readonly string[])[] {
  return (now.promotion?.places ?? []).flatMap((place) => {
    const known = before?.promotion?.places.find((other) => other.place === place.place);
    const text = placeText(place);
    return known !== undefined && placeText(known) === text ? [] : [[now.id, place.place, text]];
  });
}

function placeText({ step, until, mergeRequest, revert }: PlaceState): string {
  const link = revert ?? mergeRequest;
  return [
    step,
    ...(until === undefined ? [] : [`until ${until}`]),
    ...(link === undefined || step === 'proven' ? [] : [harmless(link.url ?? link.name)]),
  ].join('  ');
}

function gateText({ state, approvals, need, group, due }: GateState): string {
  if (state === 'not-open') return '';
  if (state !== 'open') return state;
  const until = due === undefined ? '' : `, due ${day(due)}`;
  return `waits for group ${group} (${approvals} of ${need})${until}`;
}

function targetText({ state, lastStep, failure }: Target): string {
  if (state === 'pending') return '';
  if (failure !== undefined) return `failed: ${failureText(failure)}`;
  return state === 'running' && lastStep !== undefined ? `running: ${harmless(lastStep)}` : state;
}
