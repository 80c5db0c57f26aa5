/** Holds: somebody, or a rollback, stops changes for everything, one application, or one environment of it. */

export interface HoldScope {
  /** unset: everything ("stop the line") */
  readonly application?: string;
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

/** e.g. `everything`, `shop`, `shop/prod`. */
export function describeScope(scope: HoldScope): string {
  if (scope.application === undefined) return 'everything';
  return scope.environment === undefined ? scope.application : `${scope.application}/${scope.environment}`;
}
