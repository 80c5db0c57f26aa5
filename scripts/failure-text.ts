/** The errors of a failed test as a few lines of plain text, for the end of a run's output. */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What is read of an error, as vitest hands it to reporters. */
export interface ReportedError {
  readonly message: string;
  readonly name?: string | undefined;
  readonly diff?: string | undefined;
  readonly stacks?:
    | readonly { readonly file: string; readonly line: number; readonly column: number }[]
    | undefined;
  readonly cause?: ReportedError | undefined;
}

/** Of one failure. The end of a long log is often all that is kept, so a failure says enough in few lines. */
export const WHY_LINES = 15;
const LONGEST_LINE = 300;
/** A cause of a cause of a cause says nothing new. */
const CAUSES = 3;
/** Of the calls that led there. */
const PLACES = 3;

/**
 * What each error said, where two values differ, and the places in our own files, the cause after it.
 * @param root folder from which places are named
 * @returns at most `WHY_LINES` lines; the places stay when a long message is cut
 */
export function failureText(errors: readonly ReportedError[], root: string): string[] {
  const chain = errors.flatMap((error) => withCauses(error));
  const each = Math.max(2, Math.floor(WHY_LINES / Math.max(1, chain.length)));
  return chain.flatMap((error) => linesOf(error, root, each)).slice(0, WHY_LINES);
}

function withCauses(error: ReportedError): ReportedError[] {
  const chain = [error];
  for (let cause = error.cause; cause !== undefined && chain.length <= CAUSES; cause = cause.cause) {
    chain.push(cause);
  }
  return chain;
}

function linesOf(error: ReportedError, root: string, most: number): string[] {
  const kind = error.name === undefined || error.name === 'Error' ? '' : `${error.name}: `;
  const said = [...textLines(`${kind}${error.message}`), ...textLines(error.diff ?? '')];
  const at = placeOf(error, root);
  const place = at === undefined ? [] : [`at ${at}`];
  const room = most - place.length;
  return said.length <= room
    ? [...said, ...place]
    : [...said.slice(0, room - 1), `… ${said.length - room + 1} more lines`, ...place];
}

function textLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
}

/** The innermost calls that stand in files of ours: where it happened, and from where that was called. */
function placeOf(error: ReportedError, root: string): string | undefined {
  const own = (error.stacks ?? []).filter(
    ({ file }) => file.startsWith(`${root}/`) && !file.includes('/node_modules/'),
  );
  const places = own.slice(0, PLACES).map(({ file, line }) => `${relative(root, file)}:${line}`);
  return places.length === 0 ? undefined : places.join(', called at ');
}
