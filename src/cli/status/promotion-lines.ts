/** A promotion at a glance: what goes from where to where, and where each place stands. */
import type { PlaceState, PromotionState } from '../api/answers.js';
import { duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, harmless } from '../output/text.js';
import { shadowLines } from './shadow-lines.js';

/** Lines of `gatehouse status`: the release, its change record, one row for each place. */
export function promotionLines(promotion: PromotionState, style: Style, nowMs: number): readonly string[] {
  return [
    harmless(headline(promotion, style)),
    ...(promotion.changeRecord === undefined ? [] : [referenceText('change record', promotion.changeRecord)]),
    ...(promotion.shadow === undefined ? [] : shadowLines(promotion.shadow)),
    ...columns(
      (promotion.shadow === undefined ? promotion.places : []).map((place) =>
        placeCells(place, style, nowMs),
      ),
    ),
  ];
}

/** `shop: dev → prod  web@sha256:9f31c2e4a7b8  hotfix, high risk` */
export function headline(promotion: PromotionState, style: Style): string {
  const { application, from, environment, release, exception, risk } = promotion;
  const marks = [...(exception === undefined ? [] : [exception]), ...(risk === 'high' ? ['high risk'] : [])];
  return [
    `${application}: ${from} → ${environment}`,
    ...(release === undefined ? [] : [release]),
    ...(marks.length === 0 ? [] : [style.warn(marks.join(', '))]),
  ].join('  ');
}

/** Columns: sign and key, step and its age, how far the deliveries are, the merge request. */
export function placeCells(place: PlaceState, style: Style, nowMs: number): readonly string[] {
  const { step, since, until, deliveries } = place;
  const proven = deliveries.filter(({ provenAt }) => provenAt !== undefined).length;
  const isRunning = deliveries.length > 0 && proven > 0 && step !== 'proven' && step !== 'reverted';
  const link = place.revert ?? place.mergeRequest;
  return [
    `${signOf(step, style)} ${place.place}`,
    step,
    since === undefined ? '' : duration(nowMs - Date.parse(since)),
    [
      ...(isRunning ? [`${proven} of ${deliveries.length} proven`] : []),
      ...(until === undefined ? [] : [`until ${clock(until)}`]),
    ].join(', '),
    link === undefined ? '' : harmless(link.url ?? link.name),
  ];
}

/** `14:05Z`: steps of a promotion take minutes. */
function clock(iso: string): string {
  return `${iso.slice(11, 16)}Z`;
}

export function referenceText(
  what: string,
  { name, url }: { readonly name: string; readonly url?: string },
): string {
  return harmless([what, name, ...(url === undefined || url === name ? [] : [url])].join(' '));
}

function signOf(step: string, style: Style): string {
  switch (step) {
    case 'proven':
    case 'reverted':
    case 'unchanged':
      return style.good('✓');
    case 'waiting':
      return style.warn('◔');
    case 'merging':
    case 'delivering':
    case 'checking':
    case 'soaking':
    case 'reverting':
      return style.busy('▸');
    default:
      return style.dim('·');
  }
}
