/** Replaces pieces of a text by their places, and writes scalars so that a file keeps its way of writing. */
import { parse, Scalar } from 'yaml';
import { writeScalar } from './yaml-scalar.js';

export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies splices that do not overlap. */
export function spliced(text: string, splices: readonly Splice[]): string {
  return [...splices]
    .sort((a, b) => b.start - a.start)
    .reduce((done, { start, end, text: piece }) => done.slice(0, start) + piece + done.slice(end), text);
}

/** Names of images and versions of charts as people write them, unquoted. */
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9._/:@+-]*[A-Za-z0-9])?$/;

/**
 * Writes a text in the style of the scalar that stood there; unquoted only where every version of YAML reads the same text
 * (`1.10` and `1e3` would be numbers).
 */
export function writtenLike(style: Scalar.Type | undefined, value: string): string {
  if (style === Scalar.QUOTE_SINGLE) return writeScalar(value, 'single');
  if (style === Scalar.QUOTE_DOUBLE) return writeScalar(value, 'double');
  return PLAIN.test(value) && readsAsItself(value) ? value : writeScalar(value, 'plain');
}

function readsAsItself(value: string): boolean {
  return (['1.1', '1.2'] as const).every(
    (version) => parse(value, { version, logLevel: 'silent' }) === value,
  );
}
