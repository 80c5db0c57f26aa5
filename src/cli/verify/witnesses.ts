/** Checkpoints that somebody kept elsewhere: a JSON file with one of them, or a list. */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Checkpoint } from '../../ledger/ports.js';
import { CliError } from '../cli-error.js';

const One = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    envelope: Type.String({ maxLength: 8_192 }),
  },
  { additionalProperties: false },
);
const File = Type.Union([One, Type.Array(One)]);

/** @throws CliError when a file is not of its shape */
export function readWitnesses(paths: readonly string[]): readonly Checkpoint[] {
  return paths.flatMap((path) => {
    let value: unknown;
    const text = readFileSync(path, 'utf8');
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    if (Value.Check(File, value)) return value;
    throw new CliError(
      `${path} is no checkpoint.`,
      'A checkpoint file is JSON: {"seq", "hash", "envelope"}, or a list of such.',
    );
  });
}
