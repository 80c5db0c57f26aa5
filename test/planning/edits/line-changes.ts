/** How many lines differ, as `git diff --stat` counts them: the longest common subsequence of lines stays. */
export function lineChanges(
  before: string,
  after: string,
): { readonly removed: string[]; readonly added: string[] } {
  const a = before.split('\n');
  const b = after.split('\n');
  const length: number[][] = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  const at = (i: number, j: number) => length[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = length[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const removed: string[] = [];
  const added: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      removed.push(a[i] ?? '');
      i += 1;
    } else {
      added.push(b[j] ?? '');
      j += 1;
    }
  }
  return { removed, added };
}
