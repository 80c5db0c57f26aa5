import { loopbackTls } from '../framework/loopback-tls.js';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import { addDeletedSecretRoutes } from './deleted-secret-routes.js';
import { type KeyVaultStandIn, KeyVaults } from './key-vaults.js';
import { addSecretRoutes } from './secret-routes.js';
import { KeyVaultSettings, KeyVaultState } from './state.js';

/**
 * Azure Key Vault, data plane of secrets: all vaults of the world behind one TLS port, told apart by host name
 * (`https://{vault}.localhost:{port}`).
 *
 * How the real SDK (@azure/keyvault-secrets 4.11.2) reaches them, tried on Node 20 on Debian:
 * - A vault is always the root of a host: the SDK takes apart the path of each secret's id and refuses a prefix.
 * - `kv-x.localhost` cannot be resolved there (glibc knows `localhost` only; ENOTFOUND). So the client gets an agent that
 *   connects to loopback whatever the name: `new SecretClient(url, credential, { agent: new https.Agent({ ca, lookup }) })`
 *   with a `lookup` that answers 127.0.0.1. The SDK hands the agent to node:https; name and certificate stay checked.
 * - The certificate names each vault: Node accepts no wildcard directly below a top-level name (`*.localhost`).
 * - `disableChallengeResourceVerification: true`, since the vaults are not below vault.azure.net.
 * - `retryOptions: { maxRetries: 0 }`, or the SDK repeats writes by itself.
 * - Its first request has neither token nor body and is answered 401; only then it sends the real one.
 * Tokens come from the directory's token endpoint, scope `https://vault.azure.net/.default`.
 */
export async function startKeyVault(context: StandInContext): Promise<RunningStandIn> {
  const { world } = context;
  const names = world.clusters.map((cluster) => cluster.vault);
  const { tls, caFile } = loopbackTls(context.folder, [
    'localhost',
    '127.0.0.1',
    ...names.map((name) => `${name}.localhost`),
  ]);
  const standIn: KeyVaultStandIn = new StandIn({
    system: 'key-vault',
    folder: context.folder,
    tls,
    state: {
      schema: KeyVaultState,
      initial: () => ({ vaults: names.map((name) => ({ name, secrets: [], purging: {} })) }),
    },
    settings: {
      schema: KeyVaultSettings,
      defaults: { settleMs: 0, pageSize: 25, purgeProtection: false },
    },
    spec: await SpecCheck.load('azure-keyvault/keyvault-secrets-7.6-condensed.swagger.json'),
    errorBody,
    refuseInvalid: (problems) => new Refusal(400, problems.join('; '), { code: 'BadParameter' }),
    authenticate: (call) => vaults.authenticate(call),
  });
  const vaults = new KeyVaults(standIn, world);
  addSecretRoutes(vaults);
  addDeletedSecretRoutes(vaults);
  const origin = await standIn.listen(context.port);
  return { origin, extra: { caFile }, close: () => standIn.close() };
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BadParameter',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'SecretNotFound',
  409: 'Conflict',
  429: 'Throttled',
  503: 'ServiceUnavailable',
};

function errorBody(refusal: Refusal): unknown {
  return {
    error: {
      code: refusal.code || (CODES[refusal.status] ?? 'InternalError'),
      message: refusal.message,
      ...(refusal.inner === '' ? {} : { innererror: { code: refusal.inner } }),
    },
  };
}
