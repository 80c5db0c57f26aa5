/** An administrator of the vaults, who writes, deletes and recovers secrets by hand. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { entraClientOf } from '../../sandbox/world.js';
import type { Cluster } from './fleets.js';

const Token = Type.Object({ access_token: Type.String() });

export class VaultAdmin {
  private readonly stack: GatehouseStack;

  constructor(stack: GatehouseStack) {
    this.stack = stack;
  }

  /** A secret that was there once and lies in the vault's bin. */
  async leaveDeleted(cluster: Cluster, secret: string): Promise<void> {
    await this.call(cluster, 'PUT', `/secrets/${secret}`, { value: 'of an earlier life' });
    await this.call(cluster, 'DELETE', `/secrets/${secret}`);
  }

  async recover(cluster: Cluster, secret: string): Promise<void> {
    await this.call(cluster, 'POST', `/deletedsecrets/${secret}/recover`);
  }

  private async call(cluster: Cluster, method: string, path: string, body?: unknown): Promise<void> {
    const { stack } = this;
    const { hostname, port } = new URL(stack.address('key-vault'));
    const host = `kv-${cluster.name}-${cluster.stage}.localhost`;
    const token = await this.token();
    const payload = body === undefined ? '' : JSON.stringify(body);
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request(
        {
          host: hostname,
          port,
          method,
          path: `${path}?api-version=7.6`,
          servername: host,
          ca: readFileSync(stack.address('caFile')),
          headers: {
            host: `${host}:${port}`,
            authorization: `Bearer ${token}`,
            'content-length': Buffer.byteLength(payload),
            ...(payload === '' ? {} : { 'content-type': 'application/json' }),
          },
        },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      sent.on('error', reject);
      sent.end(payload);
    });
    if (status >= 300) throw new Error(`${method} ${path} at ${host}: ${status}`);
  }

  private async token(): Promise<string> {
    const { world } = this.stack;
    const { clientId, clientSecret } = entraClientOf(world, 'vault-admin');
    const answer = await fetch(
      `${this.stack.address('directory')}/${world.entra.tenantId}/oauth2/v2.0/token`,
      {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
          scope: 'https://vault.azure.net/.default',
        }),
      },
    );
    const found: unknown = await answer.json();
    if (!Value.Check(Token, found)) throw new Error('the directory gave no token');
    return found.access_token;
  }
}
