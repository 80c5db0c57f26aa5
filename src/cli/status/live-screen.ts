/** Redraws a block of lines in place on a terminal. */
import type { Writable } from 'node:stream';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Terminals that know these draw a frame at once; others ignore them. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';

export class LiveScreen {
  private readonly stream: Writable;
  private drawn = 0;

  constructor(stream: Writable) {
    this.stream = stream;
    stream.write(HIDE_CURSOR);
  }

  /** Replaces what was drawn before. Lines must not be wider than the terminal, nor more than its height. */
  draw(lines: readonly string[]): void {
    const up = this.drawn === 0 ? '' : `\u001b[${this.drawn}A`;
    const body = lines.map((line) => `${line}\u001b[K\n`).join('');
    this.stream.write(`${BEGIN_FRAME}${up}\r${body}\u001b[J${END_FRAME}`);
    this.drawn = lines.length;
  }

  /** Leaves the last picture and gives the cursor back. */
  end(): void {
    this.stream.write(SHOW_CURSOR);
  }
}
