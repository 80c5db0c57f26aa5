/** "Did you mean": the known word nearest to a wrong one. */

/** More than two wrong letters is another word, not a slip. */
const MAX_DISTANCE = 2;
/** Longer words are never compared, so that a hostile key costs nothing. */
const MAX_LENGTH = 64;

/**
 * @param word what was written
 * @param known what could have been meant
 * @returns the nearest known word within two edits (one for words of up to three letters), if any
 */
export function nearMiss(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ distance, candidate }) => distance <= (candidate.length <= 3 ? 1 : MAX_DISTANCE))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Appends a suggestion to a message when there is a near miss, else the list of what is known. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearMiss(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? 'there are none' : `known: ${[...known].sort().slice(0, 20).join(', ')}`;
}

/** Levenshtein's distance with one row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
