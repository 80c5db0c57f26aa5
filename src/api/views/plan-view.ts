/** A plan as people read it. */
import { mapTargetTexts, withValues } from '../../domain/personal-text.js';
import type { PlannedEffect } from '../../domain/plan.js';
import { totalsOf } from '../../domain/plan.js';
import type { currentPlan } from '../../domain/record.js';
import type { PersonalRef } from '../../domain/request.js';
import type { PlanBody } from '../schemas/requests.js';

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
    targets: mapTargetTexts(plan.plan.targets, (text) => withValues(text, values)).map((target) => ({
      target: target.target,
      lines: target.effects.flatMap(linesOf),
      effects: target.effects.map((effect) => ({ ...effect })),
      invitees: target.invitees.map((ref) => values.get(ref) ?? ref),
      notes: [...target.notes],
    })),
  };
}

function linesOf(effect: PlannedEffect): string[] {
  if (effect.action === 'unchanged') return [];
  const many = effect.count > 1 ? `${effect.count} ` : '';
  return [
    `${SIGN[effect.action]} ${many}${effect.object}: ${effect.detail}`,
    ...(effect.irreversible === undefined ? [] : [`! ${effect.irreversible}`]),
  ];
}
