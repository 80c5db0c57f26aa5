/**
 * How a scalar is written so that every YAML reader takes it for what it is: Helm reads by the rules of YAML 1.1 (`yes`,
 * `0123`, `1:30` are no text there), others by 1.2.
 */

import { YamlEditError } from './yaml-edit-error.js';

/** A value that can be put into a file. Numbers are finite and written without an exponent. */
export type ScalarValue = string | number | boolean;

export type ScalarStyle = 'plain' | 'single' | 'double';

/** Starts with a letter, so it is no number or date in any version; no character of it means anything to YAML. */
const CERTAINLY_TEXT = /^[A-Za-z][A-Za-z0-9_./-]*$/;

/** Words that one version of YAML or another reads as a boolean, null or number. */
const WORDS_OF_YAML = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'nan', 'inf']);

/** Characters that JSON leaves alone and YAML wants escaped: DEL, C1 controls, line separators, byte order mark. */
const NOT_PRINTABLE_IN_YAML = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** True when `text` can stand unquoted and is read as that text by YAML 1.1 and 1.2. */
export function isPlainSafe(text: string): boolean {
  return CERTAINLY_TEXT.test(text) && !WORDS_OF_YAML.has(text.toLowerCase());
}

/**
 * Writes a value in the style wanted, or in double quotes where that style could be misread.
 * @throws YamlEditError for a number that is not finite or needs an exponent
 */
export function writeScalar(value: ScalarValue, style: ScalarStyle): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (style === 'plain' && isPlainSafe(value)) return value;
  if (style === 'single' && /^[\u0020-\u007e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return doubleQuoted(value);
}

function writeNumber(value: number): string {
  const text = String(value);
  if (!Number.isFinite(value) || text.includes('e')) {
    throw new YamlEditError({
      code: 'bad-value',
      message: `${text} cannot be written as a plain number`,
      remedy: 'Give the value as text.',
    });
  }
  return text;
}

function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(
    NOT_PRINTABLE_IN_YAML,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
