/** The marker by which a commit is known as ours: a trailer in the message, as `git interpret-trailers` knows them. */
const NAME = 'Gatehouse-Effect';

/**
 * A commit message that ends in our trailer.
 * @param subject first line, and more text when wanted
 * @param effectKey key of the effect in the ledger
 * @throws RangeError when the key could not stand on one line
 */
export function messageWithTrailer(subject: string, effectKey: string): string {
  if (!/^[\x21-\x7e]{1,200}$/.test(effectKey)) {
    throw new RangeError('An effect key in a commit message has 1 to 200 printable characters and no space.');
  }
  return `${subject.trimEnd()}\n\n${NAME}: ${effectKey}\n`;
}

/** True when the last paragraph of a message has our trailer with this key; words in the text above do not count. */
export function hasTrailer(message: string, effectKey: string): boolean {
  const paragraphs = message.trimEnd().split(/\r?\n[ \t]*\r?\n/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  return last.split(/\r?\n/).some((line) => line.trimEnd() === `${NAME}: ${effectKey}`);
}

/**
 * A commit message that ends in the given trailers, in their order.
 * @param subject first line, and more text when wanted
 * @param trailers name to value, e.g. `{'Promotion-Id': 'req-7k2m'}`
 * @throws RangeError when there is none, a name is no name of a trailer, or a value could not stand on one line
 */
export function messageWithTrailers(subject: string, trailers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(trailers).map(([name, value]) => {
    if (
      !/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name) ||
      !/^[\x21-\x7e](?:[\x20-\x7e]{0,498}[\x21-\x7e])?$/.test(value)
    ) {
      throw new RangeError(
        'A trailer has a name of letters, digits and dashes, and a value of 1 to 500 printable characters on one line.',
      );
    }
    return `${name}: ${value}`;
  });
  if (lines.length === 0) throw new RangeError('A commit of ours has at least one trailer.');
  return `${subject.trimEnd()}\n\n${lines.join('\n')}\n`;
}

/**
 * The value of a trailer in the last paragraph of a message; words in the text above do not count.
 * @returns null when it is not there, or there with more than one value: such a message was made to mislead
 */
export function trailerOf(message: string, name: string): string | null {
  const paragraphs = message.trimEnd().split(/\r?\n[ \t]*\r?\n/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  const values = last
    .split(/\r?\n/)
    .filter((line) => line.startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2).trimEnd());
  const [value] = values;
  return value === undefined || values.some((other) => other !== value) ? null : value;
}
