/** How the demo speaks: plain lines, headings in bold on a terminal. */

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function heading(text: string): void {
  const bold = process.stdout.isTTY && process.env.NO_COLOR === undefined;
  say(bold ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}`);
}
