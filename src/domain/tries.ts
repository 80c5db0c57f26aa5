/** Commands that set failed targets going again. */
import type { EntryBodies } from './ledger.js';

/** Commands name targets; none named means all. */
export function appliesTo(targets: readonly string[], key: string): boolean {
  return targets.length === 0 || targets.includes(key);
}

/** A retry, the acceptance of what could not be judged, and a rollback make a failed target one that is worked on. */
export function isAnotherTry({ command, targets }: EntryBodies['command.given'], key: string): boolean {
  if (command === 'rollback') return true;
  return (command === 'retry' || command === 'accept') && appliesTo(targets, key);
}
