/** How labels differ, for those who agree to the change. */
import type { Labels } from './manifest.js';

/**
 * @param before as they are
 * @param after as they are asked for
 * @returns one phrase per label that differs, by name, e.g. `team: shop → platform`; empty when all are alike
 */
export function labelChanges(before: Labels, after: Labels): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    if (is === undefined) return [`${name}: ${was} is removed`];
    return [was === undefined ? `${name}: ${is} is added` : `${name}: ${was} → ${is}`];
  });
}
