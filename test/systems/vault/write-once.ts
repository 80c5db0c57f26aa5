/** Writes the secret `CANARY` to the Vault at `URL`: by our client, or by node-vault as it comes when `PLAIN` is set. */
import nodeVault from 'node-vault';
import { Secret } from '../../../src/systems/secret.js';
import { VaultClient } from '../../../src/systems/vault/client.js';

const { URL = '', TOKEN = '', CANARY = '', PLAIN } = process.env;
if (PLAIN === undefined) {
  const login = { kind: 'token', token: async () => new Secret(TOKEN) } as const;
  const store = new VaultClient({ url: URL, login }).store('kv', 'debug');
  await store.write('ours', new Secret(CANARY), { requestId: 'r', effect: 'e' });
} else {
  await nodeVault({ endpoint: URL, token: TOKEN }).write('kv/data/debug/plain', { data: { value: CANARY } });
}
