/** `gatehouse logout`: the session ends at the provider, and the access token of this machine is deleted. */
import { optionalSetting } from '../../config/settings.js';
import { deleteAccessToken, tokenFileOf } from '../api/access-token.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { endSession } from '../login/kept-session.js';
import type { Session } from '../session.js';

export async function logout({ env, output }: Session): Promise<ExitCode> {
  const file = tokenFileOf(optionalSetting('GATEHOUSE_TOKEN_FILE', env), env);
  const sessionEnded = await endSession(file);
  const deleted = deleteAccessToken(file);
  output.result({ tokenFile: file, deleted, sessionEnded }, () => [
    deleted ? `Signed out: ${file} is deleted.` : `Nobody was signed in: there is no ${file}.`,
  ]);
  return EXIT.done;
}
