/** Where a request stands: what failed and what to do first, waiting apart from working. */
import type { RequestList, Status } from '../api/answers.js';
import { day, duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, harmless, padded, widthOf, wrapped } from '../output/text.js';
import { failedCall, failureText, remedyText, retryCommand } from './failure-text.js';
import { gateCells } from './gate-line.js';
import { promotionLines } from './promotion-lines.js';
import { statusWord } from './status-word.js';

/** `24 of 25 done. Waited 31d, worked 38m.` */
export function progressText(status: Status): string {
  const { targets, times } = status;
  const count = (state: string): number => targets.filter((target) => target.state === state).length;
  const skipped = count('skipped');
  const also = skipped === 0 ? '' : `, ${skipped} skipped`;
  return `${count('done')} of ${targets.length} done${also}. Waited ${duration(times.waitedMs)}, worked ${duration(times.workedMs)}.`;
}

/** Lines of `gatehouse status <id>`. @param width columns of the terminal */
export function statusLines(status: Status, style: Style, width: number, nowMs: number): readonly string[] {
  const isOpen = status.endedAt === undefined;
  return [
    `${statusWord(status.status, style)}  ${progressText(status)}`,
    ...(status.message === undefined ? [] : [harmless(status.message)]),
    ...(status.promotion === undefined ? [] : promotionLines(status.promotion, style, nowMs)),
    ...failureLines(status, style, width),
    ...gateLines(status, style, nowMs),
    ...(isOpen ? waitingLines(status) : []),
  ];
}

/** One line after asking: `req-7k2m  waiting for procurement (0 of 1), due 2027-05-20   https://…/r/req-7k2m`. */
export function askedLine(status: Status): string {
  return `${status.id}  ${stateText(status)}   ${status.page}`;
}

/** One row per request, newest first. */
export function listLines(list: RequestList, style: Style, nowMs: number): readonly string[] {
  if (list.requests.length === 0) return ['No requests that you may see.'];
  const rows = list.requests.map((request) => [
    request.id,
    statusWord(request.status, style),
    harmless(request.title),
    harmless(request.ticket ?? '-'),
    `${duration(nowMs - Date.parse(request.acceptedAt))} ago`,
  ]);
  return [...columns(rows), ...(list.next === undefined ? [] : [style.dim('There are older ones.')])];
}

/** Failed targets, each with its remedy and the command that goes on. */
export function failureLines(status: Status, style: Style, width: number): readonly string[] {
  const isOpen = status.endedAt === undefined;
  const failed = status.targets.filter((target) => target.failure !== undefined);
  const keyWidth = Math.max(0, ...failed.map(({ target }) => widthOf(target)));
  return failed.flatMap(({ target, failure }) => {
    if (failure === undefined) return [];
    const text = `${failureText(failure)} ${remedyText(failure, isOpen)}`;
    const lines = [
      ...wrapped(text, width - keyWidth - 2),
      ...(isOpen ? commandsAfter(status, target).map(style.bold) : []),
      style.dim(`(${failedCall(failure)})`),
    ];
    return lines.map((line, index) => `${padded(index === 0 ? target : '', keyWidth)}  ${line}`);
  });
}

/** What a person may do about it; of a promotion what was merged may also be taken back. */
function commandsAfter(status: Status, target: string): readonly string[] {
  const retry = retryCommand(status, target);
  return status.promotion === undefined ? [retry] : [retry, `gatehouse rollback ${status.id}`];
}

/** Gates while they matter: as long as one of them has not passed. */
function gateLines(status: Status, style: Style, nowMs: number): readonly string[] {
  if (status.gates.every(({ state }) => state === 'passed')) return [];
  return columns(status.gates.map((gate) => gateCells(gate, nowMs, style)));
}

function waitingLines(status: Status): readonly string[] {
  const open = status.waitingFor.filter(({ gate }) => gate !== undefined);
  if (open.length > 0) {
    return open.map(({ gate }) => `Whoever may decide: gatehouse approve ${status.id} --gate ${gate}`);
  }
  if (status.status === 'attention') return [];
  return status.waitingFor.map(
    ({ condition, sinceMs, who, next }) =>
      `Waiting ${duration(sinceMs)} for ${who}: ${harmless(condition)}. Next: ${harmless(next)}.`,
  );
}

function stateText(status: Status): string {
  if (status.endedAt !== undefined) {
    return status.message === undefined ? status.status : `${status.status}: ${harmless(status.message)}`;
  }
  const gates = status.gates.filter(({ state }) => state === 'open');
  if (status.status !== 'waiting' || gates.length === 0) return status.status;
  const waits = gates.map(({ gate, approvals, need, due }) => {
    const until = due === undefined ? '' : `, due ${day(due)}`;
    return `${gate} (${approvals} of ${need})${until}`;
  });
  return `waiting for ${waits.join('; ')}`;
}
