/** `gatehouse version`. */
import own from '../../../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** The version of this checkout, image or file. */
export function packageVersion(): string {
  return own.version;
}

export async function version({ output }: Session): Promise<ExitCode> {
  const number = packageVersion();
  output.result({ version: number, node: process.version }, () => [
    `gatehouse ${number} (Node ${process.version})`,
  ]);
  return EXIT.done;
}
