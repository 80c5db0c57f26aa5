/** A plan for people: what is added, changed, adopted, what cannot be taken back, what is in the way. */
import { type PlannedEffect, type PlanTotals, type TargetPlan, totalsOf } from '../../domain/plan.js';
import type { Style } from '../output/style.js';
import { harmless, padded, widthOf, wrapped } from '../output/text.js';
import { estimateSeconds, roughly } from './estimate.js';

export interface ShownPlan {
  readonly targets: readonly TargetPlan[];
  readonly maxInFlight: number;
  /** names of the gates that it would pass */
  readonly gates: readonly string[];
}

/** The order in which people think of a tenant; others follow. */
const ORDER = ['organisation', 'environment', 'integration', 'secrets', 'invites'];

/** @param width columns of the terminal */
export function planLines(plan: ShownPlan, style: Style, width: number): readonly string[] {
  const keyWidth = Math.max(0, ...plan.targets.map(({ target }) => widthOf(target)));
  const body = plan.targets.flatMap((target) => targetLines(target, keyWidth, style, width));
  return [...body, summaryLine(plan, style)];
}

/** `Plan: 8 to add, 1 to change, 0 to remove. About 40s. Gates: procurement, data-protection.` */
export function summaryLine(plan: ShownPlan, style: Style): string {
  const totals = totalsOf(plan.targets);
  const counts = [
    `${totals.create} to add`,
    `${totals.change} to change`,
    ...(totals.adopt === 0 ? [] : [`${totals.adopt} to adopt`]),
    '0 to remove',
  ].join(', ');
  if (totals.conflict > 0) {
    const many = totals.conflict === 1 ? '1 conflict' : `${totals.conflict} conflicts`;
    return `Plan: ${counts}. ${style.bad(`${many}: a request would be refused until they are resolved.`)}`;
  }
  if (isNothing(totals)) return `Plan: ${counts}. Nothing to do.`;
  const seconds = estimateSeconds(plan.targets, plan.maxInFlight);
  const gates = plan.gates.length === 0 ? 'none' : plan.gates.join(', ');
  return `Plan: ${counts}. About ${roughly(seconds)}. Gates: ${gates}.`;
}

/** True when carrying it out would write nothing. */
export function isNothing(totals: PlanTotals): boolean {
  return totals.create + totals.change + totals.adopt + totals.conflict === 0;
}

function targetLines(target: TargetPlan, keyWidth: number, style: Style, width: number): readonly string[] {
  const marked = [
    ...created(target.effects, style),
    ...target.effects
      .filter(({ action }) => action === 'change')
      .flatMap((effect) => [
        { mark: style.warn('~'), text: changeText(effect) },
        ...(effect.diff ?? []).map((text) => ({ mark: ' ', text })),
      ]),
    ...target.effects
      .filter(({ action }) => action === 'adopt')
      .map(({ object, detail }) => ({ mark: style.warn('<'), text: `${object}: ${detail}` })),
    ...target.effects
      .filter(({ action }) => action === 'conflict')
      .map(({ object, detail }) => ({ mark: style.bad('!'), text: `conflict: ${object}: ${detail}` })),
    ...target.effects.flatMap(({ irreversible }) =>
      irreversible === undefined ? [] : [{ mark: style.warn('!'), text: irreversible.replace(/^an? /, '') }],
    ),
    ...target.notes.map((note) => ({ mark: style.dim('i'), text: note })),
  ];
  const quiet = marked.length === target.notes.length;
  const texts = [
    ...(quiet ? [style.dim('unchanged')] : []),
    ...marked.flatMap(({ mark, text }) =>
      wrapped(harmless(text), width - keyWidth - 4).map(
        (line, index) => `${index === 0 ? mark : ' '} ${line}`,
      ),
    ),
  ];
  return texts.map((text, index) => `${padded(index === 0 ? target.target : '', keyWidth)}  ${text}`);
}

function created(
  effects: readonly PlannedEffect[],
  style: Style,
): readonly { readonly mark: string; readonly text: string }[] {
  const names = effects
    .filter(({ action }) => action === 'create')
    .sort((a, b) => rankOf(a) - rankOf(b))
    .map(({ object, count }) => counted(object, count));
  return names.length === 0 ? [] : [{ mark: style.good('+'), text: names.join(', ') }];
}

function rankOf({ object }: PlannedEffect): number {
  const rank = ORDER.indexOf(object);
  return rank < 0 ? ORDER.length : rank;
}

/** `organisation`, `2 secrets`, `1 invite`: objects that come in numbers are called in the plural. */
function counted(object: string, count: number): string {
  if (!object.endsWith('s')) return count === 1 ? object : `${count} ${object}s`;
  return count === 1 ? `1 ${object.slice(0, -1)}` : `${count} ${object}`;
}

/** Files are known by their path, everything else by what it is. */
function changeText({ object, count, detail }: PlannedEffect): string {
  if (object === 'values') return detail;
  return `${count > 1 ? `${count} ` : ''}${object}: ${detail}`;
}
