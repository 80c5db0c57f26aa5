/** Text that every store keeps as it is: no NUL, which Postgres refuses, and no half of a character, which UTF-8 lacks. */

/** By code points: a surrogate that is one of its own has lost its other half. */
const UNKEEPABLE = /\0|\p{Surrogate}/u;

/** True when a text comes out of the ledger as it went in. */
export function isKeepable(text: string): boolean {
  return !UNKEEPABLE.test(text);
}

interface Spot {
  readonly value: unknown;
  readonly step: string | number;
  readonly parent: Spot | undefined;
}

/**
 * Where in a value, keys included, a text stands that could not be kept. Takes time and memory in line with the value,
 * however deep it is.
 * @returns the steps to it, or undefined when all of it can be kept
 */
export function unkeepableAt(value: unknown): readonly (string | number)[] | undefined {
  const left: Spot[] = [{ value, step: '', parent: undefined }];
  for (let spot = left.pop(); spot !== undefined; spot = left.pop()) {
    if (typeof spot.value === 'string' && !isKeepable(spot.value)) return stepsTo(spot);
    if (typeof spot.value !== 'object' || spot.value === null) continue;
    const isList = Array.isArray(spot.value);
    for (const [key, item] of Object.entries(spot.value)) {
      if (!isKeepable(key)) return stepsTo(spot);
      left.push({ value: item, step: isList ? Number(key) : key, parent: spot });
    }
  }
  return undefined;
}

function stepsTo(spot: Spot): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  for (let at = spot; at.parent !== undefined; at = at.parent) steps.push(at.step);
  return steps.reverse();
}
