import { SystemError, type SystemTrouble } from '../../../src/domain/failure.js';

/** The trouble that a call ends in; fails when it ends well or in another error. */
export async function troubleFrom(call: Promise<unknown>): Promise<SystemTrouble> {
  const error = await call.then(
    () => new Error('The call ended well, trouble was expected.'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SystemError) return error.trouble;
  throw error;
}
