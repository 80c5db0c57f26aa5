/** Names that must differ within a list. */
import type { PathStep } from './fault.js';

/**
 * Tells each name that stood in the list before.
 * @param pathOf place of the item at an index
 */
export function onceEach(
  names: readonly string[],
  pathOf: (index: number) => readonly PathStep[],
  fault: (path: readonly PathStep[], message: string) => void,
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) fault(pathOf(index), `"${name}" stands twice: every one needs a name of its own`);
    seen.add(name);
  }
}
