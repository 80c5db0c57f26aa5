/** Where a command writes: lines for people, or JSON for programs, never both. */
import type { Readable, Writable } from 'node:stream';
import { type Style, styleFor } from './style.js';

/** The part of a process that output and questions need. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export class Output {
  readonly json: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  readonly streams: Streams;

  constructor(streams: Streams, json: boolean, env: NodeJS.ProcessEnv) {
    this.streams = streams;
    this.json = json;
    this.style = styleFor(streams.stdout.isTTY === true, env);
    this.errorStyle = styleFor(streams.stderr.isTTY === true, env);
  }

  /** The result: `value` for programs, `lines` for people. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.document(value);
    else this.lines(lines());
  }

  /** One JSON document on one line. */
  document(value: unknown): void {
    this.streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.streams.stdout.write(`${lines.join('\n')}\n`);
  }

  /** News beside the result, for people only. */
  aside(line: string): void {
    if (!this.json) this.streams.stderr.write(`${line}\n`);
  }

  /** A line that the next one replaces; only where somebody looks. */
  passing(line: string): void {
    if (this.json || this.streams.stderr.isTTY !== true) return;
    this.streams.stderr.write(`\r\u001b[2K${line}`);
  }

  /** True when questions can be asked. */
  get canAsk(): boolean {
    return !this.json && this.streams.stdin.isTTY === true && this.streams.stderr.isTTY === true;
  }

  /** Columns of the terminal; wide where nobody looks, so that lines stay whole. */
  get width(): number {
    return this.streams.stdout.isTTY === true ? (this.streams.stdout.columns ?? 80) : 10_000;
  }
}
