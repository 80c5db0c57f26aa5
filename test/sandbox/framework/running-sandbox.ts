import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { startSandbox } from '../../../sandbox/sandbox.js';
import { entraClientOf, makeWorld, type World } from '../../../sandbox/world.js';

/** Stand-ins in this process, with a world and a folder of their own. */
export interface RunningSandbox {
  readonly world: World;
  readonly addresses: Readonly<Record<string, string>>;
  origin(name: string): string;
  control(name: string): ControlClient;
  /** PEM of the sandbox's authority */
  readonly ca: string;
  /** an access token from the directory's token endpoint */
  token(
    client: string,
    scope: 'https://graph.microsoft.com/.default' | 'https://vault.azure.net/.default',
  ): Promise<string>;
  close(): Promise<void>;
}

export async function runSandbox(only: readonly string[], clusters = 2): Promise<RunningSandbox> {
  const world = makeWorld({ clusters });
  const stateDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-sandbox-'));
  const sandbox = await startSandbox({ world, stateDir, only });
  const { addresses } = sandbox;
  const ca = addresses.caFile === undefined ? '' : readFileSync(addresses.caFile, 'utf8');
  const origin = (name: string) => {
    const found = addresses[name];
    if (found === undefined) throw new Error(`${name} is not running`);
    return found;
  };
  return {
    world,
    addresses,
    origin,
    ca,
    control: (name) => new ControlClient(origin(name), ca),
    token: async (name, scope) => {
      const client = entraClientOf(world, name);
      const answer = await fetch(`${origin('directory')}/${world.entra.tenantId}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: client.clientId,
          client_secret: client.clientSecret,
          scope,
        }),
      });
      const body: unknown = await answer.json();
      if (
        typeof body === 'object' &&
        body &&
        'access_token' in body &&
        typeof body.access_token === 'string'
      ) {
        return body.access_token;
      }
      throw new Error(`no token: ${JSON.stringify(body)}`);
    },
    close: async () => {
      await sandbox.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}
