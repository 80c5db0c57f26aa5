/** What exactly is asked at a gate, before a decision: the same that the page shows and the attestation signs. */
import type { Gate } from '../api/answers.js';
import { day, duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, harmless, padded, widthOf } from '../output/text.js';
import { releaseLines } from './release-lines.js';

export function gateLines(gate: Gate, style: Style, nowMs: number): readonly string[] {
  const { asked, plan, policy } = gate;
  const open = gate.openedAt === undefined ? '' : `, open ${duration(nowMs - Date.parse(gate.openedAt))}`;
  const due = gate.due === undefined ? '' : `, due ${day(gate.due)}`;
  const optional = (name: string, value: string | undefined): (readonly string[])[] =>
    value === undefined || value === '' ? [] : [[name, harmless(value)]];
  return [
    style.bold(`${gate.requestId}: gate ${gate.gate}`),
    ...columns([
      ['asked', `${asked.kind} ${subjectOf(asked)} by ${harmless(asked.requester)}`],
      ...optional('for', asked.requestedFor),
      ...optional('ticket', asked.ticket),
      ...optional('reason', asked.reason),
      ...optional('file', asked.source),
      ['gate', `${gate.approvals} of ${policy.need} of group ${policy.group}${open}${due}`],
      ['epoch', `${gate.epoch}, plan ${gate.planDigest.slice(0, 12)}`],
    ]),
    '',
    ...(plan.promotion === undefined ? [] : releaseLines(plan.promotion, style)),
    ...planLines(plan, style),
  ];
}

function subjectOf({ service, fleet, title }: Gate['asked']): string {
  return harmless(service === undefined || fleet === undefined ? title : `${service}/${fleet}`);
}

function planLines({ targets, totals }: Gate['plan'], style: Style): readonly string[] {
  const keyWidth = Math.max(0, ...targets.map(({ target }) => widthOf(target)));
  const lines = targets.flatMap(({ target, lines: effects, notes }) => {
    const texts = [...effects.map(harmless), ...notes.map((note) => style.dim(`i ${harmless(note)}`))];
    return (texts.length === 0 ? [style.dim('unchanged')] : texts).map(
      (text, index) => `${padded(index === 0 ? target : '', keyWidth)}  ${text}`,
    );
  });
  const people = [...new Set(targets.flatMap(({ invitees }) => invitees))].map(harmless);
  return [
    ...lines,
    ...(people.length === 0 ? [] : ['', `Invited: ${people.join(', ')}`]),
    '',
    `Plan: ${totals.create} to add, ${totals.change} to change, ${totals.adopt} to adopt, 0 to remove.`,
  ];
}
