/** One place of the source, broken in one way, and the tests that should notice. */
export interface Mutant {
  /** short and stable */
  readonly name: string;
  /** what people would lose by it, in words */
  readonly breaks: string;
  readonly file: string;
  /** stands in the file exactly once */
  readonly find: string;
  readonly replace: string;
  /** test files of `npm test`, the cheapest first */
  readonly tests: readonly string[];
  /** only tests whose full name matches this pattern, where a file proves much else */
  readonly named?: string;
}

/** The source has changed under a mutant: it is to be written anew, or taken out. */
export class StaleMutant extends Error {
  override readonly name = 'StaleMutant';
}

/** @throws StaleMutant when the text to break does not stand in the source exactly once */
export function mutate(mutant: Mutant, source: string): string {
  const parts = source.split(mutant.find);
  if (parts.length !== 2) {
    throw new StaleMutant(
      `${mutant.name}: ${mutant.file} holds its text ${parts.length - 1} times, not once. Write the mutant anew, or take it out of bench/mutants`,
    );
  }
  return parts.join(mutant.replace);
}
