import type { MetricAnswer, MetricResult, MetricSample, Threshold } from './types.js';

/** Labels shown of a sample, at most: enough to find it again. */
const MOST_LABELS = 6;

/**
 * Judges an answer: every sample must lie within the threshold, its ends included. No sample, a sample that is not a number
 * and an answer that the server itself doubts prove nothing; but one that lies outside has failed all the same.
 */
export function judged(answer: MetricAnswer, threshold: Threshold): MetricResult {
  const samples = answer.kind === 'number' ? [{ labels: {}, value: answer.value }] : answer.samples;
  const outside = samples.find(({ value }) => isOutside(value, threshold));
  if (outside !== undefined) {
    return { state: 'failed', detail: `${shown(outside)}; allowed is ${rangeOf(threshold)}` };
  }
  if (samples.length === 0) return { state: 'inconclusive', detail: 'there is no data' };
  const noNumber = samples.find(({ value }) => Number.isNaN(value));
  if (noNumber !== undefined) return { state: 'inconclusive', detail: shown(noNumber) };
  const [doubt] = answer.warnings;
  if (doubt !== undefined) return { state: 'inconclusive', detail: `the data may be incomplete: ${doubt}` };
  const [only] = samples;
  const what = samples.length === 1 && only !== undefined ? shown(only) : `all ${samples.length} values`;
  return { state: 'passed', detail: `${what}; allowed is ${rangeOf(threshold)}` };
}

function isOutside(value: number, { min, max }: Threshold): boolean {
  return (min !== undefined && value < min) || (max !== undefined && value > max);
}

function rangeOf({ min, max }: Threshold): string {
  const ends = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return ends.join(' and ');
}

function shown({ labels, value }: MetricSample): string {
  const named = Object.entries(labels)
    .slice(0, MOST_LABELS)
    .map(([name, text]) => `${name}="${text.slice(0, 40)}"`);
  return `${named.length === 0 ? 'the value' : `{${named.join(', ')}}`} is ${value}`;
}
