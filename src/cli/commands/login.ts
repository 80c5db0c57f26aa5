/** `gatehouse login`: signs in by the provider and keeps the access token in a file. */
import { readInstallation } from '../../config/installation.js';
import { optionalSetting } from '../../config/settings.js';
import { tokenFileOf, writeAccessToken } from '../api/access-token.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import {
  codeOf,
  discover,
  type LoginSettings,
  newAttempt,
  signInAddress,
  tokenFor,
} from '../login/authorization.js';
import { openLoopback } from '../login/loopback.js';
import { duration } from '../output/duration.js';
import type { Session } from '../session.js';

/** Time to type a password and find the second factor. */
const SIGN_IN_WITHIN_MS = 10 * 60_000;

export interface LoginOptions {
  readonly issuer?: string;
  readonly clientId?: string;
  readonly resource?: string;
  readonly scope: string;
  /** 0: a free one */
  readonly port: number;
}

export async function login(session: Session, options: LoginOptions): Promise<ExitCode> {
  const { env, output, signal } = session;
  const settings = settingsOf(options, env);
  const discovery = await discover(settings.issuer);
  const loopback = await openLoopback(options.port);
  try {
    const attempt = newAttempt(loopback.redirectUri);
    const address = signInAddress(discovery, settings, attempt);
    if (output.json) output.document({ signInAt: address });
    else output.lines(['Open this address in a browser on this machine and sign in:', '', address, '']);
    const answer = await loopback.answer(AbortSignal.any([signal, AbortSignal.timeout(SIGN_IN_WITHIN_MS)]));
    const { token, expiresIn } = await tokenFor(
      codeOf(answer, discovery, attempt),
      discovery,
      settings,
      attempt,
    );
    const file = tokenFileOf(optionalSetting('GATEHOUSE_TOKEN_FILE', env), env);
    writeAccessToken(file, token);
    output.result({ tokenFile: file, expiresIn: expiresIn ?? null }, () => [
      `Signed in${expiresIn === undefined ? '' : ` for ${duration(expiresIn * 1_000)}`}. The access token is in ${file}, readable by you only.`,
    ]);
    return EXIT.done;
  } finally {
    loopback.close();
  }
}

/** From the options, else from the installation, where there is one on this machine. */
function settingsOf(options: LoginOptions, env: NodeJS.ProcessEnv): LoginSettings {
  const path = optionalSetting('GATEHOUSE_INSTALLATION', env);
  const signIn = path === undefined ? undefined : readInstallation(path).signIn;
  const issuer = options.issuer ?? signIn?.issuer;
  const clientId = options.clientId ?? signIn?.cliClientId;
  const { scope, resource } = options;
  if (issuer === undefined || clientId === undefined) {
    throw new CliError(
      'Where to sign in is not known.',
      'Give --issuer and --client-id, or set GATEHOUSE_INSTALLATION.',
    );
  }
  return { issuer, clientId, scope, ...(resource === undefined ? {} : { resource }) };
}
