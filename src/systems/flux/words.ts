/** What the judges of Flux's objects have in common: clauses, words and times. */
import type { Hopeless, Waiting } from '../judgement.js';
import type { FluxCondition, FluxObject } from './objects.js';

/** How long to be patient, and since when. Times are ISO 8601. */
export interface Patience {
  /** when somebody began to wait; errors that are older get their patience from here on */
  readonly waitingSince: string;
  /** milliseconds that an error may last that can go away by itself: source controllers and registries have outages */
  readonly errorPatienceMs: number;
  /** milliseconds that it must stay ready */
  readonly stabilisationMs: number;
}

export function waiting<Clause extends string>(
  clause: Clause,
  message: string,
  since?: string,
): Waiting<Clause> {
  return { state: 'waiting', clause, message, ...(since === undefined ? {} : { since }) };
}

export function hopeless<Clause extends string>(
  clause: Clause,
  message: string,
  remedy: string,
): Hopeless<Clause> {
  return { state: 'hopeless', clause, message, remedy };
}

/** `BuildFailed: the controller's first words`. */
export function saying(condition: FluxCondition | undefined): string {
  if (condition === undefined) return 'no condition yet';
  const message = firstWords(condition.message ?? '');
  const reason = condition.reason ?? condition.type;
  return message === '' ? reason : `${reason}: ${message}`;
}

/** Controllers' messages can be pages long, and name addresses with their credentials; the first words name the cause. */
export function firstWords(message: string): string {
  const line = message
    .replace(/\s+/g, ' ')
    .replace(/:\/\/[^\s/@]+@/g, '://')
    .trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}

/** True when an error has lasted as long as it may, counted from its beginning or ours, whichever is later. */
export function hasLasted(condition: FluxCondition, patience: Patience, now: string): boolean {
  return (
    Date.parse(now) - later(condition.lastTransitionTime, patience.waitingSince) >= patience.errorPatienceMs
  );
}

/** Milliseconds since 1970 of the later one. */
export function later(time: string | undefined, other: string): number {
  return time === undefined || time === ''
    ? Date.parse(other)
    : Math.max(Date.parse(time), Date.parse(other));
}

/** True when the controller has seen the newest spec. */
export function isObserved({ metadata, status }: FluxObject): boolean {
  return metadata.generation === undefined || status?.observedGeneration === metadata.generation;
}

/** True when a condition was judged on the newest spec; the object's own generation counts where it has none. */
export function isCurrent(object: FluxObject, condition: FluxCondition): boolean {
  const seen = condition.observedGeneration ?? object.status?.observedGeneration;
  return object.metadata.generation === undefined || seen === object.metadata.generation;
}

/** The clauses that every object of Flux has before its own rules. */
export function judgePresence<Clause extends string>(
  object: FluxObject | null,
  kind: string,
  clauses: { readonly missing: Clause; readonly deleted: Clause; readonly suspended: Clause },
): Hopeless<Clause> | undefined {
  if (object === null) {
    return hopeless(
      clauses.missing,
      `the ${kind} does not exist`,
      'Create it, or correct its name, then retry.',
    );
  }
  const { metadata, spec } = object;
  if (metadata.deletionTimestamp !== undefined) {
    return hopeless(
      clauses.deleted,
      `the ${kind} has been deleted since ${metadata.deletionTimestamp}`,
      'Create it again, then retry.',
    );
  }
  if (spec.suspend === true) {
    return hopeless(
      clauses.suspended,
      `the ${kind} is suspended: whatever it says is of the past`,
      `Resume it (flux resume, or spec.suspend: false), then retry.`,
    );
  }
  return undefined;
}
