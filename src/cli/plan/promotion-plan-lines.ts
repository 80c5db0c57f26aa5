/** A promotion's plan for people: the release, how each cluster will differ, what was checked, what is in the way. */
import { isEmptyPlan, type PlannedEffect, totalsOf } from '../../domain/plan.js';
import type { PlannedPromotion } from '../../planning/promotion/promotion-plan.js';
import { releaseLines } from '../decide/release-lines.js';
import type { Style } from '../output/style.js';
import { counted, harmless } from '../output/text.js';

export interface PromotionPlanShown {
  /** e.g. `shop to prod` */
  readonly title: string;
  /** names of the gates that it would pass */
  readonly gates: readonly string[];
}

export function promotionPlanLines(
  { targets, promotion }: PlannedPromotion,
  { title, gates }: PromotionPlanShown,
  style: Style,
): readonly string[] {
  const conflicts = targets.flatMap(({ effects }) => effects.filter(({ action }) => action === 'conflict'));
  return [
    ...(promotion === undefined ? [] : releaseLines(withFiles(promotion), style)),
    ...conflicts.flatMap((effect) => conflictLines(effect, style)),
    summary(targets, title, gates, style),
  ];
}

/** The same shape that a gate shows, so that both read alike. */
function withFiles(
  promotion: NonNullable<PlannedPromotion['promotion']>,
): Parameters<typeof releaseLines>[0] {
  const { release, risk, findings, places } = promotion;
  return {
    release: {
      line: '',
      images: release.images.map((image) => ({ ...image })),
      charts: release.charts.map(({ name, version }) => ({ name, version })),
      commit: release.commit,
    },
    risk: { level: risk.level, reasons: [...risk.reasons] },
    findings: [...findings],
    places: places.map(({ place, diff, cut, images }) => ({
      place,
      diff,
      cut,
      files: [],
      images: [...images],
    })),
  };
}

function conflictLines({ object, detail }: PlannedEffect, style: Style): readonly string[] {
  const [first = '', ...rest] = detail.split('\n').map(harmless);
  return [`${style.bad('!')} conflict: ${harmless(object)}: ${first}`, ...rest.map((line) => `  ${line}`)];
}

function summary(
  targets: PlannedPromotion['targets'],
  title: string,
  gates: readonly string[],
  style: Style,
): string {
  const { conflict } = totalsOf(targets);
  if (conflict > 0) {
    return `Plan: ${title}. ${style.bad(`${counted(conflict, 'conflict')}: a request would be refused until they are resolved.`)}`;
  }
  if (isEmptyPlan(targets)) return `Plan: ${title}. It holds the release already: nothing to do.`;
  const merges = targets.flatMap(({ effects }) =>
    effects.filter(({ object, action }) => object === 'merge' && action !== 'unchanged'),
  );
  const files = merges.reduce((sum, { count }) => sum + count, 0);
  return `Plan: ${title}. ${counted(files, 'file')} in ${counted(merges.length, 'place')}. Gates: ${gates.join(', ')}.`;
}
