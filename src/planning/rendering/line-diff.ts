/** The difference of two texts, line by line. */
import { diffArrays } from 'diff';

export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Edits after which two texts count as wholly different: keeps time and memory small for hostile input. */
const MAX_EDITS = 600;

/** All lines of both texts in order; those that are the same stand once, with a space. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const middle = between(before.slice(start, before.length - end), after.slice(start, after.length - end));
  return [
    ...signed(' ', before.slice(0, start)),
    ...middle,
    ...signed(' ', before.slice(before.length - end)),
  ];
}

/**
 * Only the lines near a change, `context` of them on each side; a gap becomes the line `…`.
 * @returns no line when nothing differs
 */
export function hunks(lines: readonly DiffLine[], context: number): readonly string[] {
  const shown = new Set<number>();
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    for (let near = index - context; near <= index + context; near += 1) shown.add(near);
  }
  const out: string[] = [];
  for (const [index, { sign, text }] of lines.entries()) {
    if (!shown.has(index)) continue;
    if (index > 0 && !shown.has(index - 1)) out.push('  …');
    out.push(`${sign} ${text}`);
  }
  return out;
}

function signed(sign: DiffLine['sign'], lines: readonly string[]): readonly DiffLine[] {
  return lines.map((text) => ({ sign, text }));
}

function between(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const changes = diffArrays([...before], [...after], { maxEditLength: MAX_EDITS });
  if (changes === undefined) return [...signed('-', before), ...signed('+', after)];
  return changes.flatMap(({ added, removed, value }) => signed(added ? '+' : removed ? '-' : ' ', value));
}
