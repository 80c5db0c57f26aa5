/** `gatehouse version`. */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

const Package = Type.Object({ version: Type.String() });

/** The version of this checkout or image. */
export function packageVersion(): string {
  const value: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return Value.Check(Package, value) ? value.version : 'unknown';
}

export async function version({ output }: Session): Promise<ExitCode> {
  const own = packageVersion();
  output.result({ version: own, node: process.version }, () => [
    `gatehouse ${own} (Node ${process.version})`,
  ]);
  return EXIT.done;
}
