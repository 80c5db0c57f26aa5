/** The difference of two texts, line by line (source: E. Myers, "An O(ND) Difference Algorithm", 1986). */

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
  if (before.length === 0 || after.length === 0) return [...signed('-', before), ...signed('+', after)];
  const trace = furthestPaths(before, after);
  if (trace === undefined) return [...signed('-', before), ...signed('+', after)];
  return walkBack(before, after, trace);
}

/** For each number of edits, how far each diagonal got; undefined when the texts are too different. */
function furthestPaths(
  before: readonly string[],
  after: readonly string[],
): readonly ReadonlyMap<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(before.length + after.length, MAX_EDITS); edits += 1) {
    trace.push(new Map(furthest));
    const next = new Map(furthest);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = goesDown(furthest, diagonal, edits);
      let x = down ? at(furthest, diagonal + 1) : at(furthest, diagonal - 1) + 1;
      let y = x - diagonal;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x += 1;
        y += 1;
      }
      next.set(diagonal, x);
      if (x >= before.length && y >= after.length) return trace;
    }
    furthest = next;
  }
  return undefined;
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): readonly DiffLine[] {
  const reversed: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const previous = goesDown(furthest, diagonal, edits) ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : at(furthest, previous);
    const fromY = edits === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      reversed.push({ sign: ' ', text: before[x] ?? '' });
    }
    if (edits === 0) break;
    if (x === fromX) {
      y -= 1;
      reversed.push({ sign: '+', text: after[y] ?? '' });
    } else {
      x -= 1;
      reversed.push({ sign: '-', text: before[x] ?? '' });
    }
  }
  return reversed.reverse();
}

function goesDown(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  return (
    diagonal === -edits || (diagonal !== edits && at(furthest, diagonal - 1) < at(furthest, diagonal + 1))
  );
}

function at(furthest: ReadonlyMap<number, number>, diagonal: number): number {
  return furthest.get(diagonal) ?? 0;
}
