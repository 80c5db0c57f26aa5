/** Restrained colour for terminals; the same texts without it everywhere else. */

type Paint = (text: string) => string;

export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly busy: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const paint =
  (code: number, end: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[${end}m`;
const plain: Paint = (text) => text;

export const PLAIN: Style = {
  good: plain,
  bad: plain,
  warn: plain,
  busy: plain,
  dim: plain,
  bold: plain,
};

export const COLOURED: Style = {
  good: paint(32, 39),
  bad: paint(31, 39),
  warn: paint(33, 39),
  busy: paint(36, 39),
  dim: paint(2, 22),
  bold: paint(1, 22),
};

/** @param isTerminal whether a person looks at the stream; NO_COLOR and TERM=dumb win (source: no-color.org) */
export function styleFor(isTerminal: boolean, env: NodeJS.ProcessEnv): Style {
  const unwanted = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return isTerminal && !unwanted ? COLOURED : PLAIN;
}
