/** The picture of `gatehouse status --watch` for a promotion: where each place is on its way, and why it waits. */
import type { PlaceState, PromotionState, Status, WaitingFor } from '../api/answers.js';
import { duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, harmless, wrapped } from '../output/text.js';
import { headline, referenceText } from './promotion-lines.js';

/** The way of a place, in order. */
const WAY = ['merging', 'delivering', 'checking', 'soaking', 'proven'] as const;
const WAY_BACK = ['reverting', 'reverted'] as const;
/** As they are called above the dots. */
const NAMES: Readonly<Record<string, string>> = {
  merging: 'merge',
  delivering: 'deliver',
  checking: 'check',
  soaking: 'soak',
  proven: 'proven',
  reverting: 'revert',
  reverted: 'proven again',
};
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
/** Conditions that fit below the places; the first one counts. */
const MOST_CONDITIONS = 3;

export interface PromotionFrameOptions {
  readonly style: Style;
  readonly width: number;
  readonly nowMs: number;
  readonly readAtMs: number;
  readonly tick: number;
}

/** The release and its change record, in few lines. */
export function releaseBlock(promotion: PromotionState, { style }: PromotionFrameOptions): readonly string[] {
  return [
    style.bold(harmless(headline(promotion, style))),
    ...(promotion.changeRecord === undefined
      ? []
      : [style.dim(referenceText('change record', promotion.changeRecord))]),
    '',
  ];
}

/** One row for each place: its way with what is behind it, where it is, since when; and where people look. */
export function placeBlock(status: Status, room: number, o: PromotionFrameOptions): readonly string[] {
  const places = status.promotion?.places ?? [];
  const isBack = places.some(({ step }) => step === 'reverting' || step === 'reverted');
  const way: readonly string[] = isBack ? WAY_BACK : WAY;
  const failed = new Set(
    status.targets.filter(({ state }) => state === 'failed').map(({ target }) => target),
  );
  const shown = places.slice(0, Math.max(1, room - 2));
  const rows = shown.map((place) => placeRow(place, way, failed.has(place.place), o));
  const head = ['', ...way.map((step) => o.style.dim(NAMES[step] ?? step)), '', ''];
  const hidden = places.length - shown.length;
  return [...columns([head, ...rows]), ...(hidden > 0 ? [o.style.dim(`… and ${hidden} more`)] : [])];
}

function placeRow(
  place: PlaceState,
  way: readonly string[],
  isFailed: boolean,
  { style, nowMs, tick }: PromotionFrameOptions,
): readonly string[] {
  const { step, since, deliveries } = place;
  const at = way.indexOf(step);
  const isLast = at === way.length - 1;
  const dots = way.map((_, index) => {
    if (index < at || (isLast && index === at) || step === 'unchanged') return style.good('●');
    if (index > at || at < 0) return style.dim('○');
    return isFailed ? style.bad('✗') : style.busy(SPINNER[tick % SPINNER.length] ?? '·');
  });
  const proven = deliveries.filter(({ provenAt }) => provenAt !== undefined).length;
  const age = since === undefined ? '' : ` ${duration(nowMs - Date.parse(since))}`;
  const word = isFailed ? style.bad('failed') : step;
  const clusters =
    deliveries.length > 1 && (step === 'delivering' || step === 'reverting')
      ? `, ${proven} of ${deliveries.length}`
      : '';
  const link = place.revert ?? place.mergeRequest;
  return [
    place.place,
    ...dots,
    `${word}${isLast || isFailed ? '' : age}${clusters}`,
    link === undefined ? '' : style.dim(harmless(link.name)),
  ];
}

/** Law 4 in two lines for each condition: what is not met, since when, who can change that, what comes next. */
export function waitingBlock(status: Status, o: PromotionFrameOptions): readonly string[] {
  if (status.endedAt !== undefined || status.status === 'attention') return [];
  const lines = status.waitingFor.slice(0, MOST_CONDITIONS).flatMap((waiting) => conditionLines(waiting, o));
  return lines.length === 0 ? [] : ['', ...lines];
}

function conditionLines(waiting: WaitingFor, o: PromotionFrameOptions): readonly string[] {
  const { condition, sinceMs, who, next } = waiting;
  const age = duration(sinceMs + Math.max(0, o.nowMs - o.readAtMs));
  const text = `${harmless(condition)} (${age})`;
  const [first = '', ...rest] = wrapped(text, o.width - 2);
  return [
    `${o.style.warn('◔')} ${first}`,
    ...rest.map((line) => `  ${line}`),
    o.style.dim(`  who can change that: ${harmless(who)}; next: ${harmless(next)}`),
  ];
}
