/** Conditions and requests as Flux' controllers write them (fluxcd/pkg runtime/conditions; Flux 2.9). */
import { isLoose, type KubeObject, kubeTime, type Loose } from '../objects.js';

export const RECONCILE_ANNOTATION = 'reconcile.fluxcd.io/requestedAt';

export type ConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'Healthy'
  | 'FetchFailed'
  | 'ArtifactInStorage'
  | 'Released'
  | 'Remediated';

export interface NewCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** The value at a path of names, or undefined. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isLoose(at) ? at[name] : undefined), object);
}

/** The text at a path of names; empty for anything else. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : '';
}

/** The objects in a list at a path of names. */
export function listAt(object: unknown, ...path: readonly string[]): readonly Loose[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value.filter(isLoose) : [];
}

export function conditionOf(object: unknown, type: ConditionType): Loose | undefined {
  return listAt(object, 'status', 'conditions').find((condition) => condition.type === type);
}

/** The object with other fields in its status; undefined takes one away. */
export function withStatus<T extends KubeObject>(object: T, change: Loose): T {
  const status = isLoose(object.status) ? object.status : {};
  const entries = Object.entries({ ...status, ...change }).filter(([, value]) => value !== undefined);
  return { ...object, status: Object.fromEntries(entries) };
}

/** Sets a condition; its time of transition moves only when its status changes. */
export function withCondition<T extends KubeObject>(object: T, set: NewCondition, now = new Date()): T {
  const before = conditionOf(object, set.type);
  const lastTransitionTime =
    before?.status === set.status ? textAt(before, 'lastTransitionTime') : kubeTime(now);
  const observedGeneration = object.metadata.generation;
  const others = listAt(object, 'status', 'conditions').filter(({ type }) => type !== set.type);
  const made = { ...set, lastTransitionTime, observedGeneration };
  // the summary stands first
  return withStatus(object, { conditions: set.type === 'Ready' ? [made, ...others] : [...others, made] });
}

export function withoutConditions<T extends KubeObject>(object: T, ...types: readonly ConditionType[]): T {
  const conditions = listAt(object, 'status', 'conditions').filter(
    ({ type }) => !types.some((one) => one === type),
  );
  return withStatus(object, { conditions });
}

/** An attempt is under way: what `Ready` said before is of the past. */
export function progressing<T extends KubeObject>(object: T, message: string): T {
  const reconciling = withCondition(object, {
    type: 'Reconciling',
    status: 'True',
    reason: 'Progressing',
    message,
  });
  return withCondition(withoutConditions(reconciling, 'Stalled'), {
    type: 'Ready',
    status: 'Unknown',
    reason: 'Progressing',
    message: 'Reconciliation in progress',
  });
}

/** The last attempt failed and is made again. */
export function retrying<T extends KubeObject>(object: T, reason: string, message: string): T {
  const ready = withCondition(object, { type: 'Ready', status: 'False', reason, message });
  return withCondition(ready, {
    type: 'Reconciling',
    status: 'True',
    reason: 'ProgressingWithRetry',
    message,
  });
}

/** What was asked for is there; the newest spec counts as seen. */
export function ready<T extends KubeObject>(object: T, reason: string, message: string): T {
  const settled = withoutConditions(object, 'Reconciling', 'Stalled', 'FetchFailed');
  return withStatus(withCondition(settled, { type: 'Ready', status: 'True', reason, message }), {
    observedGeneration: object.metadata.generation,
  });
}

/** The request that a reconciliation began with counts as handled when it ends. */
export function handled<T extends KubeObject>(object: T, begun: KubeObject): T {
  const token = begun.metadata.annotations?.[RECONCILE_ANNOTATION];
  return token === undefined ? object : withStatus(object, { lastHandledReconcileAt: token });
}

export function isSuspended(object: KubeObject): boolean {
  return valueAt(object, 'spec', 'suspend') === true;
}

export function isReady(object: KubeObject): boolean {
  return conditionOf(object, 'Ready')?.status === 'True' && isObserved(object);
}

export function isObserved(object: KubeObject): boolean {
  return valueAt(object, 'status', 'observedGeneration') === object.metadata.generation;
}

/** Milliseconds of a duration of Flux such as `1h30m`, `10s` or `250ms`; the other value for none. */
export function durationMs(text: string, otherwise: number): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0) return otherwise;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0);
}
