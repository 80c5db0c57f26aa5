export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** may be NaN or infinite */
  readonly value: number;
}

/** What an instant query gives: one number, or one sample for each series. */
export type MetricAnswer = (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'vector'; readonly samples: readonly MetricSample[] }
) & {
  /** the server's own doubts, e.g. that a part of the data could not be asked */
  readonly warnings: readonly string[];
};

/** At least one of both; the values themselves are allowed. */
export interface Threshold {
  readonly min?: number;
  readonly max?: number;
}

export interface MetricResult {
  /** `inconclusive`: no data, none that is a number, or not all of it */
  readonly state: 'passed' | 'failed' | 'inconclusive';
  /** one line for people */
  readonly detail: string;
}
