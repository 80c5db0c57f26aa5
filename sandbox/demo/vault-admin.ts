/** What an administrator of the example company does by hand in a key vault, outside Gatehouse. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { GatehouseStack } from '../stack/gatehouse.js';
import { type Cluster, entraClientOf } from '../world.js';

const API_VERSION = '7.6';

/** The vault refused a call of the administrator. */
export class VaultAdminError extends Error {
  override readonly name = 'VaultAdminError';
}

export class VaultAdmin {
  private readonly stack: GatehouseStack;

  constructor(stack: GatehouseStack) {
    this.stack = stack;
  }

  /** Leaves a secret behind in the state that surprises people: deleted, but holding its name. */
  async leaveSoftDeleted(cluster: Cluster, name: string): Promise<void> {
    await this.call(cluster, 'PUT', `/secrets/${name}`, { value: 'left over from an earlier try' });
    await this.call(cluster, 'DELETE', `/secrets/${name}`);
  }

  async recover(cluster: Cluster, name: string): Promise<void> {
    await this.call(cluster, 'POST', `/deletedsecrets/${name}/recover`);
  }

  private async call(cluster: Cluster, method: string, path: string, body?: object): Promise<void> {
    const origin = new URL(this.stack.address('key-vault'));
    const host = `${cluster.vault}.localhost`;
    const token = await this.token();
    const status = await new Promise<number>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const call = request(
        {
          host: '127.0.0.1',
          servername: host,
          port: origin.port,
          method,
          path: `${path}?api-version=${API_VERSION}`,
          ca: readFileSync(this.stack.address('caFile')),
          headers: {
            host: `${host}:${origin.port}`,
            authorization: `Bearer ${token}`,
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          },
        },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      call.on('error', reject);
      call.end(text);
    });
    if (status < 200 || status > 299) throw new VaultAdminError(`${method} ${path}: ${status}`);
  }

  private async token(): Promise<string> {
    const { entra } = this.stack.world;
    const client = entraClientOf(this.stack.world, 'vault-admin');
    const answer = await fetch(`${this.stack.address('directory')}/${entra.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        scope: 'https://vault.azure.net/.default',
      }),
    });
    const body: unknown = await answer.json();
    const token: unknown =
      typeof body === 'object' && body !== null ? Reflect.get(body, 'access_token') : undefined;
    if (typeof token !== 'string') throw new VaultAdminError(`sign in: ${answer.status}`);
    return token;
  }
}
