/** One measured number of a bench and the goal it is held against. */
export interface Figure {
  /** e.g. `wall against critical path`. */
  readonly name: string;
  readonly value: number;
  /** e.g. `ratio`, `ms`, `actions`. */
  readonly unit: string;
  /** In words, e.g. `<= 1.3`; absent for what is only counted. */
  readonly goal?: string;
  /** Absent without a goal. */
  readonly met?: boolean;
}

/** A file of this folder with a bench exports this as `bench`. */
export interface Bench {
  /** One line: what it measures, and against what. */
  readonly describe: string;
  /** Measures; may print progress to standard error. @returns its figures, in the order to print them */
  run(): Promise<readonly Figure[]>;
}

/** A figure that is to be at most `limit`. */
export function atMost(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value, unit, goal: `<= ${limit}`, met: value <= limit };
}

/** A figure that is to be at least `limit`. */
export function atLeast(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value, unit, goal: `>= ${limit}`, met: value >= limit };
}

/** A figure without a goal. */
export function counted(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}
