/** `gatehouse version`. */
import own from '../../../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** The version of this checkout, image or file. */
export function packageVersion(): string {
  return own.version;
}

/** For people, e.g. `gatehouse 0.1.0 (Node v24.22.3)`. */
export function versionLine(): string {
  return `gatehouse ${packageVersion()} (Node ${process.version})`;
}

export async function version({ output }: Session): Promise<ExitCode> {
  output.result({ version: packageVersion(), node: process.version }, () => [versionLine()]);
  return EXIT.done;
}
