/** A plan as people read it. */
import { mapTargetTexts, withValues } from '../../domain/personal-text.js';
import type { PlannedEffect } from '../../domain/plan.js';
import { totalsOf } from '../../domain/plan.js';
import type { PromotionPlan } from '../../domain/promotion/plan.js';
import type { currentPlan } from '../../domain/record.js';
import type { PersonalRef } from '../../domain/request.js';
import type { PlanBody } from '../schemas/requests.js';
import { releaseView } from './release-view.js';

const SIGN = { create: '+', change: '~', adopt: '<', conflict: '!' } as const;

/**
 * @param values personal values by reference; an erased one shows as its reference
 */
export function planView(
  requestId: string,
  plan: NonNullable<ReturnType<typeof currentPlan>>,
  values: ReadonlyMap<PersonalRef, string>,
): PlanBody {
  return {
    requestId,
    epoch: plan.epoch,
    digest: plan.digest,
    plannedAt: plan.plan.plannedAt,
    totals: totalsOf(plan.plan.targets),
    ...(plan.plan.promotion === undefined ? {} : { promotion: promotionView(plan.plan.promotion) }),
    targets: mapTargetTexts(plan.plan.targets, (text) => withValues(text, values)).map((target) => ({
      target: target.target,
      lines: target.effects.flatMap(linesOf),
      effects: target.effects.map(({ diff, ...effect }) => ({
        ...effect,
        ...(diff === undefined ? {} : { diff: [...diff] }),
      })),
      invitees: target.invitees.map((ref) => values.get(ref) ?? ref),
      notes: [...target.notes],
    })),
  };
}

/** The hashes of files are for those who merge; people read which file changes, and how the cluster will differ. */
function promotionView(promotion: PromotionPlan): NonNullable<PlanBody['promotion']> {
  const { release, fingerprint, replaces, risk, findings, places } = promotion;
  return {
    release: releaseView(release),
    fingerprint,
    ...(replaces === undefined ? {} : { replaces }),
    risk: { level: risk.level, reasons: [...risk.reasons] },
    findings: [...findings],
    places: places.map(({ place, diff, cut, files, images }) => ({
      place,
      diff,
      cut,
      files: files.map(({ path, before, after }) => ({
        path,
        change: before === null ? 'added' : after === null ? 'removed' : 'changed',
      })),
      images: [...images],
    })),
  };
}

function linesOf(effect: PlannedEffect): string[] {
  // what only takes back is not a part of what will happen
  if (effect.action === 'unchanged' || effect.phase === 'rollback' || effect.count === 0) return [];
  const many = effect.count > 1 ? `${effect.count} ` : '';
  return [
    `${SIGN[effect.action]} ${many}${effect.object}: ${effect.detail}`,
    ...(effect.diff ?? []).map((line) => `  ${line}`),
    ...(effect.irreversible === undefined ? [] : [`! ${effect.irreversible}`]),
  ];
}
