/** What carrying a request out will create, change or remove, per target, computed read-only. Its digest is what is signed. */
import type { SystemName } from './failure.js';
import type { PromotionPlan } from './promotion/plan.js';
import type { PersonalRef } from './request.js';

export type PlannedAction = 'create' | 'change' | 'adopt' | 'unchanged' | 'conflict';

/** One planned effect. `key` is the effect key under which it will be reserved in the ledger. */
export interface PlannedEffect {
  readonly key: string;
  readonly system: SystemName;
  /** `organisation`, `invites`, `environment`, `integration`, `secrets`, `values` */
  readonly object: string;
  readonly action: PlannedAction;
  /** number of objects created or changed by it, e.g. 3 invites, 2 secrets */
  readonly count: number;
  /** one line for people: what exactly, or what is in the way and the remedy */
  readonly detail: string;
  /** what changes of a file: values that go (`-`) and that come (`+`), each with its key */
  readonly diff?: readonly string[];
  /** set when it cannot be taken back, e.g. an organisation cannot be deleted */
  readonly irreversible?: string;
  /**
   * `proposal`: made before the gates, for people to look at; `rollback`: made only if what came before is taken back.
   * Unset: made when all gates have passed.
   */
  readonly phase?: 'proposal' | 'rollback';
}

export interface TargetPlan {
  readonly target: string;
  readonly effects: readonly PlannedEffect[];
  /** invited people of this target, resolved in the directory; values in the erasable table */
  readonly invitees: readonly PersonalRef[];
  /** group members without a mail address and other things to know */
  readonly notes: readonly string[];
}

/** The recorded plan of one epoch. */
export interface Plan {
  readonly version: 1;
  readonly requestId: string;
  readonly epoch: number;
  /** directory person ids that may not decide because of the request: whom it is for */
  readonly beneficiary: { readonly personId: string };
  readonly targets: readonly TargetPlan[];
  /** of a promotion: the release and what each place will hold */
  readonly promotion?: PromotionPlan;
  readonly plannedAt: string;
}

export interface PlanTotals {
  readonly create: number;
  readonly change: number;
  readonly adopt: number;
  readonly conflict: number;
}

/** Adds up a plan: objects to create, change and adopt, and conflicts. An empty plan needs no gate and writes nothing. */
export function totalsOf(targets: readonly TargetPlan[]): PlanTotals {
  const totals = { create: 0, change: 0, adopt: 0, conflict: 0 };
  for (const target of targets) {
    for (const effect of target.effects) {
      if (effect.action !== 'unchanged' && effect.phase !== 'rollback') totals[effect.action] += effect.count;
    }
  }
  return totals;
}

/** True when carrying the plan out would write nothing. */
export function isEmptyPlan(targets: readonly TargetPlan[]): boolean {
  return targets.every((target) =>
    target.effects.every((effect) => effect.action === 'unchanged' || effect.phase === 'rollback'),
  );
}

/** True for an effect that is made before the gates, for people to look at. */
export function isProposal(targets: readonly TargetPlan[], key: string): boolean {
  return targets.some(({ effects }) =>
    effects.some((effect) => effect.key === key && effect.phase === 'proposal'),
  );
}

/** Stands in plans and endings for what concerns the request as a whole, not one target. */
export const WHOLE_REQUEST = 'request';

/** Effect keys name one change in one external system; they survive retries, resets and new runs. */
export function effectKey(targetKey: string, object: string): string {
  return `${targetKey}:${object}`;
}
