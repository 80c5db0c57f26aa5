/** Questions to the person at the terminal, on stderr, so that stdout holds the result only. */
import { createInterface } from 'node:readline/promises';
import type { Output } from './output.js';

/** @returns what was typed, without spaces around it; empty at the end of the input */
export async function ask(output: Output, question: string): Promise<string> {
  const { stdin, stderr } = output.streams;
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    stderr.write(question);
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
  }
}

/** Anything but y or yes is a no. */
export async function agrees(output: Output, question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(await ask(output, `${question} [y/N] `));
}
