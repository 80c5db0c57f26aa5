/** Widths of texts on a terminal, with and without colour. */

const ESCAPE = String.fromCharCode(27);
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');
const TEXT_OR_COLOUR = new RegExp(`(${ESCAPE}\\[\\d+m)`);
/** Control characters, and those that turn the direction of writing. */
const STEERING = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Columns that a text takes, one per code point; colours take none. */
export function widthOf(text: string): number {
  return [...text.replace(COLOUR, '')].length;
}

/** Fills up with spaces on the right. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Cuts to a width with an ellipsis; colours before the cut are kept and ended. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let taken = 0;
  let result = '';
  for (const part of text.split(TEXT_OR_COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      result += part;
      continue;
    }
    for (const character of part) {
      if (taken < width - 1) result += character;
      taken += 1;
    }
  }
  return `${result}…`;
}

/** Words of others (vendors, people, files) on one line, without what could steer a terminal. */
export function harmless(text: string): string {
  return text.replace(STEERING, (character) => (/\s/.test(character) ? ' ' : '\ufffd'));
}

/** Breaks at spaces; words longer than the width stay whole. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Rows as aligned columns, two spaces between them, nothing at the line's end. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => padded(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 cluster`, `25 clusters`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
