/**
 * The picture of `gatehouse status --watch`: header, bar, gates, one cell per cluster in as many columns as fit; of a
 * promotion the way of each place instead.
 */
import type { Status, Target } from '../api/answers.js';
import { duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, cut, harmless, padded, widthOf } from '../output/text.js';
import { failureText, remedyText, retryCommand } from './failure-text.js';
import { gateCells } from './gate-line.js';
import { placeBlock, releaseBlock, waitingBlock } from './promotion-frame.js';
import { statusWord } from './status-word.js';

export interface FrameOptions {
  readonly width: number;
  readonly height: number;
  /** milliseconds since the epoch, now and when the status was read */
  readonly nowMs: number;
  readonly readAtMs: number;
  /** counts redraws, for what turns */
  readonly tick: number;
  readonly style: Style;
  /** why nothing new comes at the moment */
  readonly trouble?: string;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const BAR_WIDTH = 40;
/** What stands beside the bar at most: `25 of 25 done  25 running  25 failed  25 pending`. */
const COUNTS_WIDTH = 52;
/** Longest word of a step; the same for every cell, so that columns stay where they are while steps change. */
const NOTE_WIDTH = 15;
/** States in which people are waited for; in all others Gatehouse works. */
const WAITING = ['waiting', 'paused', 'attention'];
/** Shown first when not all targets fit. */
const URGENCY = ['failed', 'running', 'pending', 'cancelled', 'skipped', 'done'];

/** @returns lines that fit into the terminal: at most `height - 1`, none wider than `width` */
export function watchFrame(status: Status, o: FrameOptions): readonly string[] {
  const { promotion } = status;
  const top = [
    headerLine(status, o),
    '',
    ...(promotion === undefined ? [] : releaseBlock(promotion, o)),
    ...(promotion !== undefined || status.targets.length === 0 ? [] : [barLine(status.targets, o), '']),
    ...gateBlock(status, o),
  ];
  const bottom = [
    ...(promotion === undefined ? [] : waitingBlock(status, o)),
    ...failureBlock(status, o),
    ...(status.message === undefined ? [] : ['', harmless(status.message)]),
    ...(o.trouble === undefined ? [] : ['', o.style.warn(o.trouble)]),
  ];
  const room = Math.max(1, o.height - 1 - top.length - bottom.length);
  const targets =
    promotion === undefined ? targetBlock(status.targets, room, o) : placeBlock(status, room, o);
  const lines = [...top, ...targets, ...bottom];
  return lines.slice(0, Math.max(1, o.height - 1)).map((line) => cut(line, o.width));
}

function headerLine(status: Status, { style, nowMs, readAtMs }: FrameOptions): string {
  const since = status.endedAt === undefined ? Math.max(0, nowMs - readAtMs) : 0;
  const waits = WAITING.includes(status.status);
  const waited = duration(status.times.waitedMs + (waits ? since : 0));
  const worked = duration(status.times.workedMs + (waits ? 0 : since));
  return [
    style.bold(status.id),
    statusWord(status.status, style),
    status.workflowId,
    ...(status.ticket === undefined ? [] : [status.ticket]),
    style.dim(`waited ${waited} · worked ${worked}`),
  ].join('  ');
}

function barLine(targets: readonly Target[], { style, width }: FrameOptions): string {
  const of = (state: string): number => targets.filter((target) => target.state === state).length;
  const length = Math.max(10, Math.min(BAR_WIDTH, width - COUNTS_WIDTH));
  const upTo = (count: number): number => Math.round((count / targets.length) * length);
  const [done, failed, running] = [of('done'), of('failed'), of('running')];
  const parts = [upTo(done), upTo(done + failed), upTo(done + failed + running)] as const;
  const bar = [
    style.good('█'.repeat(parts[0])),
    style.bad('█'.repeat(parts[1] - parts[0])),
    style.busy('▒'.repeat(parts[2] - parts[1])),
    style.dim('░'.repeat(length - parts[2])),
  ].join('');
  const counts = [
    ...(running === 0 ? [] : [style.busy(`${running} running`)]),
    ...(failed === 0 ? [] : [style.bad(`${failed} failed`)]),
    ...['pending', 'skipped', 'cancelled'].flatMap((state) =>
      of(state) === 0 ? [] : [style.dim(`${of(state)} ${state}`)],
    ),
  ];
  return [bar, `${done} of ${targets.length} done`, ...counts].join('  ');
}

function gateBlock(status: Status, o: FrameOptions): readonly string[] {
  if (status.gates.length === 0) return [];
  return [...columns(status.gates.map((gate) => gateCells(gate, o.nowMs, o.style))), ''];
}

function targetBlock(targets: readonly Target[], room: number, o: FrameOptions): readonly string[] {
  if (targets.length === 0) return [];
  const keyWidth = Math.max(...targets.map(({ target }) => widthOf(target)));
  const cells = new Map(targets.map((target) => [target, cellOf(target, keyWidth, o)]));
  // sign, key, note, and a gap of three
  const cellWidth = 2 + keyWidth + 2 + NOTE_WIDTH + 3;
  const across = Math.max(1, Math.floor((o.width + 3) / cellWidth));
  const fits = Math.ceil(targets.length / across) <= room;
  const places = fits ? targets.length : Math.max(0, (room - 1) * across);
  const shown = fits ? targets : mostUrgent(targets, places);
  // down the columns, as a list reads
  const rows = Math.ceil(shown.length / across);
  const lines = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: across }, (_, column) => shown[column * rows + row])
      .flatMap((target) => (target === undefined ? [] : [padded(cells.get(target) ?? '', cellWidth)]))
      .join('')
      .trimEnd(),
  );
  const hidden = targets.length - shown.length;
  return hidden === 0 ? lines : [...lines, o.style.dim(`… and ${hidden} more`)];
}

function mostUrgent(targets: readonly Target[], places: number): readonly Target[] {
  const rank = ({ state }: Target): number => (URGENCY.indexOf(state) + URGENCY.length) % URGENCY.length;
  const chosen = new Set([...targets].sort((a, b) => rank(a) - rank(b)).slice(0, places));
  return targets.filter((target) => chosen.has(target));
}

function cellOf(target: Target, keyWidth: number, o: FrameOptions): string {
  return `${signOf(target.state, o)} ${padded(target.target, keyWidth)}  ${cut(noteOf(target, o.style), NOTE_WIDTH)}`;
}

function signOf(state: string, { style, tick }: FrameOptions): string {
  switch (state) {
    case 'done':
      return style.good('✓');
    case 'failed':
      return style.bad('✗');
    case 'running':
      return style.busy(SPINNER[tick % SPINNER.length] ?? '·');
    case 'pending':
      return style.dim('·');
    default:
      return style.dim('–');
  }
}

/** What was done, or where it is: `+8 ~1`, `integration`. */
function noteOf({ state, effects, lastStep }: Target, style: Style): string {
  if (state === 'running') return style.busy(harmless(lastStep ?? 'starts'));
  if (state !== 'done') return style.dim(state);
  const counts = [
    ...(effects.created === 0 ? [] : [`+${effects.created}`]),
    ...(effects.changed === 0 ? [] : [`~${effects.changed}`]),
    ...(effects.adopted === 0 ? [] : [`<${effects.adopted}`]),
  ];
  return counts.length === 0 ? 'unchanged' : counts.join(' ');
}

/** Most of a screen stays for the clusters; `gatehouse status` tells of all failures. */
const MOST_FAILURES = 3;

function failureBlock(status: Status, { style }: FrameOptions): readonly string[] {
  const failed = status.targets.filter(({ failure }) => failure !== undefined);
  const lines = failed
    .slice(0, MOST_FAILURES)
    .flatMap(({ target, failure }) =>
      failure === undefined
        ? []
        : [
            `${style.bad('✗')} ${target}  ${failureText(failure)} ${remedyText(failure, false)}`,
            ...(status.endedAt === undefined ? [style.dim(`  ${retryCommand(status, target)}`)] : []),
          ],
    );
  const hidden = failed.length - MOST_FAILURES;
  return [
    ...(lines.length === 0 ? [] : ['']),
    ...lines,
    ...(hidden > 0 ? [style.dim(`  … and ${hidden} more failures`)] : []),
  ];
}
