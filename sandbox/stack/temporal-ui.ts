/** The Temporal UI as a server of its own: the dev server's page can be given neither a login nor the browser's cookies. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { World } from '../world.js';
import { BuildError, buildGoProgram, type GoProgram } from './go-build.js';
import { isListening } from './ports.js';
import { type RunningProcess, startProcess } from './processes.js';

/** Its client at the example company's sign-in. */
export const TEMPORAL_UI_CLIENT = 'temporal-ui';

const TEMPORAL_UI: GoProgram = {
  name: 'temporal-ui',
  recipe: 'temporal-ui',
  packagePath: 'github.com/temporalio/ui-server/v2/cmd/server',
};

/**
 * The program, from the cache or built from the pinned Go module (about 20 seconds of CPU time after Temporal, once).
 * Undefined where it cannot be built: the dev server's own page does then, which shows payloads encrypted.
 */
export async function temporalUiBinary(): Promise<string | undefined> {
  try {
    return await buildGoProgram(TEMPORAL_UI);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`The Temporal UI will show payloads encrypted: ${error.message}\n`);
    return undefined;
  }
}

export interface TemporalUiOptions {
  readonly binary: string;
  /** Folder for its settings and log. */
  readonly folder: string;
  readonly port: number;
  /** `host:port` of Temporal's front end. */
  readonly temporalAddress: string;
  readonly namespace: string;
  /** Address of Gatehouse, as the browser sees it; its codec server is below. */
  readonly gatehouseUrl: string;
  /**
   * Where people sign in to the page; it must answer already. The access token goes to the codec server, by https only: the
   * page sends none over plain http. Unset: no login, and the browser sends the cookie of who is signed in to Gatehouse.
   */
  readonly signIn?: { readonly issuer: string; readonly world: World };
}

/** The page at `http://127.0.0.1:<port>`. */
export async function startTemporalUi(o: TemporalUiOptions): Promise<RunningProcess<true>> {
  await mkdir(o.folder, { recursive: true });
  const settings = {
    temporalGrpcAddress: o.temporalAddress,
    host: '127.0.0.1',
    port: o.port,
    enableUi: true,
    disableNewsFetch: true,
    defaultNamespace: o.namespace,
    cors: { cookieInsecure: true },
    ...(o.signIn === undefined ? {} : { auth: authOf(o.signIn, o.port) }),
    codec: {
      endpoint: `${o.gatehouseUrl}/codec`,
      ...(o.signIn === undefined ? { includeCredentials: true } : { passAccessToken: true }),
      defaultErrorMessage:
        'Payloads stay encrypted until you sign in to Gatehouse as an operator or auditor.',
      defaultErrorLink: o.gatehouseUrl,
    },
  };
  await writeFile(join(o.folder, 'sandbox.yaml'), stringify(settings), { mode: 0o600 });
  return startProcess({
    name: 'Temporal UI',
    command: o.binary,
    args: ['--root', o.folder, '--config', '.', '--env', 'sandbox', 'start'],
    cwd: o.folder,
    logFile: join(o.folder, 'temporal-ui.log'),
    ready: async () => ((await isListening(o.port)) ? true : undefined),
  });
}

function authOf({ issuer, world }: NonNullable<TemporalUiOptions['signIn']>, port: number): object {
  const client = world.oidc.clients.find(({ clientId }) => clientId === TEMPORAL_UI_CLIENT);
  if (client === undefined) throw new Error(`the world has no client ${TEMPORAL_UI_CLIENT}`);
  return {
    enabled: true,
    providers: [
      {
        label: 'Example Company',
        type: 'oidc',
        providerUrl: issuer,
        clientId: client.clientId,
        clientSecret: client.clientSecret,
        scopes: ['openid', 'profile', 'email', 'groups'],
        callbackUrl: `http://127.0.0.1:${port}/auth/sso/callback`,
      },
    ],
  };
}
