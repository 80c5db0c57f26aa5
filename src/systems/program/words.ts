/** What a program said of its input, made fit for an error that people read. */
import { quote } from '../http/trouble.js';
import type { ProgramError } from './bounded-program.js';

/** Programs quote their input in errors: with such input nothing they say is repeated. */
const MAY_HOLD_SECRETS = /secretGenerator|^\s*"?(?:kind"?\s*:\s*["']?Secret\b|stringData"?\s*:)/m;

/**
 * The last line that begins with `Error:`, short, without the path of the private folder.
 * @returns an empty text when it said nothing, or when the input may hold secrets
 */
export function wordsOf(error: ProgramError, folder: string, input: readonly string[]): string {
  if (input.some((text) => MAY_HOLD_SECRETS.test(text))) {
    return error.words === '' ? '' : 'what it says is left out, since the files hold a Secret';
  }
  const lines = error.words.split('\n').filter((line) => line.trim() !== '');
  const line = lines.findLast((text) => text.startsWith('Error:')) ?? lines.at(-1) ?? '';
  return quote(line.replace(/^Error:\s*/, '').replaceAll(`${folder}/`, ''), []);
}
