import { isLoose } from '../objects.js';
import type { SecretKeyRef, SecretStore } from './external-secret.js';
import { httpRequest } from './http-request.js';

/** A value could not be read: what the operator writes into the condition. Never holds a value. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}

/** The store's configuration is not usable. */
export class StoreConfigError extends Error {
  override readonly name = 'StoreConfigError';
}

export interface RemoteRef {
  readonly key: string;
  readonly property?: string;
}

export interface ProviderSurroundings {
  /** value of a key of a Kubernetes Secret beside the store, or null */
  readonly secretValue: (ref: SecretKeyRef) => string | null;
  /** origin of Entra ID, e.g. of the directory stand-in */
  readonly entraOrigin: () => string | undefined;
  /** PEM of the authority that the vaults' certificates come from */
  readonly ca: () => string | undefined;
}

/** who asks, for the event logs of other stand-ins */
const CALLER = { 'x-sandbox-caller': 'external-secrets' };
const VAULT_SCOPE = 'https://vault.azure.net/.default';
const KEY_VAULT_API = '7.6';

function textOf(value: unknown, ...path: string[]): string | null {
  let inner: unknown = value;
  for (const key of path) inner = isLoose(inner) ? inner[key] : undefined;
  return typeof inner === 'string' ? inner : null;
}

/** Reads values from the store that a SecretStore describes: `azurekv` with a service principal, or `vault` (kv v2) with a token. */
export class Provider {
  readonly #store: SecretStore;
  readonly #around: ProviderSurroundings;

  constructor(store: SecretStore, around: ProviderSurroundings) {
    this.#store = store;
    this.#around = around;
  }

  /** Throws `StoreConfigError` when credentials are missing. */
  validate(): void {
    const { azurekv, vault } = this.#store.spec.provider;
    if (azurekv !== undefined) {
      this.#credential(azurekv.authSecretRef?.clientId);
      this.#credential(azurekv.authSecretRef?.clientSecret);
    } else if (vault !== undefined) this.#credential(vault.auth?.tokenSecretRef);
    else throw new StoreConfigError('the provider is neither azurekv nor vault');
  }

  /** The value. Throws `ProviderError` with the words of the operator, `StoreConfigError`. */
  async read(ref: RemoteRef): Promise<string> {
    const { azurekv } = this.#store.spec.provider;
    try {
      return await (azurekv === undefined ? this.#fromVault(ref) : this.#fromKeyVault(ref));
    } catch (error) {
      if (error instanceof ProviderError || error instanceof StoreConfigError) throw error;
      const message = error instanceof Error ? error.message : 'no answer';
      throw new ProviderError(`could not reach the secret store: ${message}`);
    }
  }

  #credential(ref: SecretKeyRef | undefined): string {
    const value = ref === undefined ? null : this.#around.secretValue(ref);
    if (value === null) {
      throw new StoreConfigError(`cannot find secret key "${ref?.key ?? ''}" in Secret "${ref?.name ?? ''}"`);
    }
    return value;
  }

  async #fromKeyVault(ref: RemoteRef): Promise<string> {
    const config = this.#store.spec.provider.azurekv;
    const entra = this.#around.entraOrigin();
    if (config === undefined || entra === undefined)
      throw new ProviderError('no token could be had: Entra ID is not running');
    const ca = this.#around.ca();
    const token = await httpRequest(`${entra}/${config.tenantId ?? ''}/oauth2/v2.0/token`, {
      method: 'POST',
      form: {
        grant_type: 'client_credentials',
        client_id: this.#credential(config.authSecretRef?.clientId),
        client_secret: this.#credential(config.authSecretRef?.clientSecret),
        scope: VAULT_SCOPE,
      },
    });
    const bearer = textOf(token.body, 'access_token');
    if (token.status !== 200 || bearer === null)
      throw new ProviderError(`no token could be had: ${token.status}`);
    const name = encodeURIComponent(ref.key);
    const answer = await httpRequest(
      `${config.vaultUrl.replace(/\/$/, '')}/secrets/${name}/?api-version=${KEY_VAULT_API}`,
      { headers: { authorization: `Bearer ${bearer}`, ...CALLER }, ...(ca === undefined ? {} : { ca }) },
    );
    const value = textOf(answer.body, 'value');
    if (answer.status === 200 && value !== null) return value;
    const code = textOf(answer.body, 'error', 'code') ?? 'Unknown';
    throw new ProviderError(`error retrieving secret ${ref.key}: ${answer.status} ${code}`);
  }

  async #fromVault(ref: RemoteRef): Promise<string> {
    const config = this.#store.spec.provider.vault;
    if (config?.server === undefined) throw new StoreConfigError('the vault provider has no server');
    const path = ref.key.split('/').map(encodeURIComponent).join('/');
    const ca = config.caBundle === undefined ? undefined : Buffer.from(config.caBundle, 'base64').toString();
    const answer = await httpRequest(
      `${config.server.replace(/\/$/, '')}/v1/${config.path ?? 'secret'}/data/${path}`,
      {
        headers: {
          'x-vault-token': this.#credential(config.auth?.tokenSecretRef),
          ...(config.namespace === undefined ? {} : { 'x-vault-namespace': config.namespace }),
        },
        ...(ca === undefined ? {} : { ca }),
      },
    );
    if (answer.status === 404)
      throw new ProviderError(`error retrieving secret ${ref.key}: Secret does not exist`);
    if (answer.status !== 200)
      throw new ProviderError(`error retrieving secret ${ref.key}: ${answer.status}`);
    const value = textOf(answer.body, 'data', 'data', ref.property ?? 'value');
    if (value === null)
      throw new ProviderError(`cannot find secret data for key: "${ref.property ?? 'value'}"`);
    return value;
  }
}
