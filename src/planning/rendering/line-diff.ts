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

/** For each number of edits, how far each diagonal got before it; undefined when the texts are too different. */
function furthestPaths(before: readonly string[], after: readonly string[]): readonly Furthest[] | undefined {
  const trace: Furthest[] = [];
  let furthest = new Furthest(1);
  for (let edits = 0; edits <= Math.min(before.length + after.length, MAX_EDITS); edits += 1) {
    trace.push(furthest);
    const next = new Furthest(edits + 1);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = goesDown(furthest, diagonal, edits);
      let x = down ? furthest.at(diagonal + 1) : furthest.at(diagonal - 1) + 1;
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

/** Lines of the first text that each diagonal has passed. */
class Furthest {
  readonly #passed: Int32Array;
  readonly #reach: number;

  /** @param reach largest diagonal, either way */
  constructor(reach: number) {
    this.#reach = reach;
    this.#passed = new Int32Array(2 * reach + 1);
  }

  at(diagonal: number): number {
    return this.#passed[diagonal + this.#reach] ?? 0;
  }

  set(diagonal: number, x: number): void {
    this.#passed[diagonal + this.#reach] = x;
  }
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  trace: readonly Furthest[],
): readonly DiffLine[] {
  const reversed: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (const [edits, furthest] of [...trace.entries()].reverse()) {
    const diagonal = x - y;
    const previous = goesDown(furthest, diagonal, edits) ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : furthest.at(previous);
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

function goesDown(furthest: Furthest, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && furthest.at(diagonal - 1) < furthest.at(diagonal + 1));
}
