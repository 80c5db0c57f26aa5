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
