import { inspect } from 'node:util';
import { expect } from 'vitest';
import { SystemError, type SystemTrouble } from '../../src/domain/failure.js';

/**
 * The trouble that a call ends in; fails when it ends well, in another error, with a cause, or with one of the given
 * texts anywhere in it.
 */
export async function cleanTroubleFrom(
  call: Promise<unknown>,
  ...mustNotShow: readonly string[]
): Promise<SystemTrouble> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SystemError)) throw new Error(`expected a SystemError, got ${inspect(error)}`);
  expect(error.cause).toBeUndefined();
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const text of mustNotShow) expect(shown).not.toContain(text);
  return error.trouble;
}
