/** `gatehouse login`: signs in by the provider and keeps the access token in a file. */
import { readInstallation } from '../../config/installation.js';
import { optionalSetting } from '../../config/settings.js';
import { tokenFileOf } from '../api/access-token.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { beginInBrowser } from '../login/browser-sign-in.js';
import { beginOnDevice } from '../login/device-sign-in.js';
import { keepTokens } from '../login/kept-session.js';
import { openLoopback } from '../login/loopback.js';
import { type Client, discover } from '../login/provider.js';
import type { Tokens } from '../login/tokens.js';
import { openInBrowser } from '../output/browser.js';
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
  /** by a code that is typed on another device */
  readonly device?: boolean;
  /** false: the address is only shown */
  readonly browser?: boolean;
}

export async function login(session: Session, options: LoginOptions): Promise<ExitCode> {
  const { env, output, now } = session;
  const client = clientOf(options, env);
  const tokens = await (options.device === true ? onDevice : inBrowser)(session, client, options);
  const file = tokenFileOf(optionalSetting('GATEHOUSE_TOKEN_FILE', env), env);
  keepTokens(file, client, tokens, now());
  const { expiresIn, refreshToken } = tokens;
  output.result({ tokenFile: file, expiresIn: expiresIn ?? null, renews: refreshToken !== undefined }, () => [
    `Signed in${expiresIn === undefined ? '' : ` for ${duration(expiresIn * 1_000)}`}. The access token is in ${file}, readable by you only.`,
    ...(refreshToken === undefined
      ? []
      : ['It is changed for the next one until the provider ends the session.']),
  ]);
  return EXIT.done;
}

async function inBrowser(session: Session, client: Client, options: LoginOptions): Promise<Tokens> {
  const { env, output } = session;
  const config = await discover(client);
  const loopback = await openLoopback(options.port);
  try {
    const { address, finish } = await beginInBrowser(config, client, options.scope, loopback.redirectUri);
    // where nobody looks, nobody wants a window
    const opened = output.canAsk && options.browser !== false && (await openInBrowser(address, env));
    if (output.json) output.document({ signInAt: address });
    else {
      const where = opened
        ? 'Sign in in the browser that opens. If none does, open this address on this machine:'
        : 'Open this address in a browser on this machine and sign in:';
      output.lines([where, '', address, '']);
    }
    return await finish(await loopback.answer(ends(session)));
  } finally {
    loopback.close();
  }
}

async function onDevice(session: Session, client: Client, options: LoginOptions): Promise<Tokens> {
  const { output } = session;
  const { address, code, finish } = await beginOnDevice(await discover(client), client, options.scope);
  if (output.json) output.document({ signInAt: address, code });
  else output.lines([`Open ${address} on any device, sign in, and type the code ${code}`, '']);
  return finish(ends(session));
}

function ends({ signal }: Session): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(SIGN_IN_WITHIN_MS)]);
}

/** From the options, else from the installation, where there is one on this machine. */
function clientOf(options: LoginOptions, env: NodeJS.ProcessEnv): Client {
  const path = optionalSetting('GATEHOUSE_INSTALLATION', env);
  const signIn = path === undefined ? undefined : readInstallation(path).signIn;
  const issuer = options.issuer ?? signIn?.issuer;
  const clientId = options.clientId ?? signIn?.cliClientId;
  const { resource } = options;
  if (issuer === undefined || clientId === undefined) {
    throw new CliError(
      'Where to sign in is not known.',
      'Give --issuer and --client-id, or set GATEHOUSE_INSTALLATION.',
    );
  }
  return { issuer, clientId, ...(resource === undefined ? {} : { resource }) };
}
