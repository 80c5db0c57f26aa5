/** Holds: somebody, or a rollback, stops changes for everything, one application, or one environment. */
import type { LedgerEntry } from '../ledger.js';

export interface HoldScope {
  /** unset: every application; neither: everything ("stop the line") */
  readonly application?: string;
  /** unset: every environment */
  readonly environment?: string;
}

export interface Hold {
  readonly holdId: string;
  readonly scope: HoldScope;
  /** ISO 8601 */
  readonly placedAt: string;
  /** request whose rollback placed it; unset: a person did */
  readonly cause?: string;
  readonly reason?: string;
}

/** The holds that stop a change of this environment. */
export function holdsOn(
  holds: readonly Hold[],
  subject: { readonly application: string; readonly environment: string },
): readonly Hold[] {
  return holds.filter(
    ({ scope }) =>
      (scope.application ?? subject.application) === subject.application &&
      (scope.environment ?? subject.environment) === subject.environment,
  );
}

/**
 * A hold as the ledger holds it.
 * @param reasons personal values by reference; an erased reason is left out
 */
export function holdOf({ body, at }: LedgerEntry<'hold.placed'>, reasons: ReadonlyMap<string, string>): Hold {
  const { holdId, scope, cause } = body;
  const reason = body.reason === undefined ? undefined : reasons.get(body.reason);
  return {
    holdId,
    scope,
    placedAt: at,
    ...(cause === undefined ? {} : { cause }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** e.g. `everything`, `every prod`, `shop`, `shop/prod`. */
export function describeScope(scope: HoldScope): string {
  if (scope.application === undefined) {
    return scope.environment === undefined ? 'everything' : `every ${scope.environment}`;
  }
  return scope.environment === undefined ? scope.application : `${scope.application}/${scope.environment}`;
}
