import { Agent } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { type GetSecretOptions, SecretClient } from '@azure/keyvault-secrets';
import { SystemError } from '../../domain/failure.js';
import type { AzureCredential } from '../azure/credential.js';
import { DEFAULT_TIMEOUT_MS, deadline } from '../http/deadline.js';
import { textOf } from '../http/field.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import type { SecretMarker, SecretStore, StoredSecret, WriteOptions } from '../secret-store.js';
import { keyVaultError, type SeenAnswer } from './errors.js';

/** Names of the tags that mark a version as ours. */
const REQUEST_TAG = 'gatehouse-request';
const EFFECT_TAG = 'gatehouse-effect';
/** Vendor: secret names are `^[0-9a-zA-Z-]+$`, 1 to 127 characters. */
const NAME_PATTERN = /^[0-9a-zA-Z-]{1,127}$/;

export interface KeyVaultOptions {
  readonly credential: AzureCredential;
  /**
   * Ends of host names that count as a key vault, each with its leading dot; a token goes nowhere else. Default
   * `.vault.azure.net`.
   */
  readonly hostSuffixes?: readonly string[];
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
  /**
   * Set only where vaults are not below `vault.azure.net` and their hosts are trusted: the library then no longer checks
   * that the domain which the vault asks a token for is its own.
   */
  readonly disableChallengeResourceVerification?: boolean;
  /** PEM of a private authority that signs the vaults' certificates, e.g. behind a private gateway */
  readonly ca?: string;
  /** IP address to connect to instead of asking DNS, e.g. of a private endpoint; host name and certificate stay the vault's */
  readonly connectTo?: string;
}

/** The options of a call of the library that are the same for all of them. */
type SdkCallOptions = Required<Pick<GetSecretOptions, 'abortSignal' | 'onResponse'>>;

/** All key vaults that one credential reaches: one library client per vault URL, made at first use and kept. */
export class KeyVaults {
  readonly #options: KeyVaultOptions;
  readonly #agent: Agent | undefined;
  readonly #stores = new Map<string, KeyVaultStore>();

  constructor(options: KeyVaultOptions) {
    this.#options = options;
    this.#agent = agentOf(options);
  }

  /**
   * The store of one vault, e.g. `https://kv-harbour-01-dev.vault.azure.net`.
   * @throws SystemError kind `invalid` when the URL is not https or its host is not below a configured suffix
   */
  store(vaultUrl: string): KeyVaultStore {
    const origin = this.#originOf(vaultUrl);
    const kept = this.#stores.get(origin);
    if (kept !== undefined) return kept;
    const { credential, disableChallengeResourceVerification } = this.#options;
    const client = new SecretClient(origin, withTypedErrors(credential, origin), {
      // Temporal counts the attempts; the library would make three more, of writes too.
      retryOptions: { maxRetries: 0 },
      redirectOptions: { maxRetries: 0 },
      ...(disableChallengeResourceVerification === true ? { disableChallengeResourceVerification } : {}),
      ...(this.#agent === undefined ? {} : { agent: this.#agent }),
    });
    const store = new KeyVaultStore(origin, client, this.#options);
    this.#stores.set(origin, store);
    return store;
  }

  #originOf(vaultUrl: string): string {
    const url = URL.canParse(vaultUrl) ? new URL(vaultUrl) : undefined;
    const suffixes = this.#options.hostSuffixes ?? ['.vault.azure.net'];
    const plain =
      url?.protocol === 'https:' && url.username === '' && url.pathname === '/' && url.search === '';
    if (url !== undefined && plain && suffixes.some((suffix) => url.hostname.endsWith(suffix)))
      return url.origin;
    throw new SystemError(
      troubleOf(
        { system: 'key-vault', operation: 'choose vault', object: vaultUrl },
        'invalid',
        'this is no key vault',
        {
          remedy: `Correct the URL in the inventory: https, no path, and a host that ends in ${suffixes.join(' or ')}.`,
        },
      ),
    );
  }
}

/**
 * One Azure key vault. There is no conditional write: every write adds a version, older ones can still be read. So read
 * first and write only what differs; a write that is repeated adds a version of the same value. All methods throw
 * `SystemError`. The very first call of a client is two requests: the library lets the vault answer 401 to learn whom to
 * ask for a token (reference: saas-apis, section 4).
 */
export class KeyVaultStore implements SecretStore {
  readonly kind = 'azure-key-vault';
  readonly system = 'key-vault';
  readonly location: string;
  readonly #client: SecretClient;
  readonly #timeoutMs: number;
  readonly #bucket: TokenBucket | undefined;

  constructor(
    origin: string,
    client: SecretClient,
    options: { readonly timeoutMs?: number; readonly bucket?: TokenBucket },
  ) {
    this.location = origin;
    this.#client = client;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#bucket = options.bucket;
  }

  async read(name: string, signal?: AbortSignal): Promise<StoredSecret | null> {
    const subject = this.#subject('get secret', name);
    try {
      const found = await this.#call(subject, [], signal, (options) => this.#client.getSecret(name, options));
      const { version, tags, createdOn } = found.properties;
      if (found.value === undefined || version === undefined) {
        throw new SystemError(troubleOf(subject, 'malformed', 'the answer has no value or no version'));
      }
      const requestId = tags?.[REQUEST_TAG];
      const effect = tags?.[EFFECT_TAG];
      return {
        value: new Secret(found.value),
        version,
        ...(createdOn === undefined ? {} : { writtenAtMs: createdOn.getTime() }),
        tags: {
          ...(requestId === undefined ? {} : { requestId }),
          ...(effect === undefined ? {} : { effect }),
        },
      };
    } catch (error) {
      // Any other 404 comes from something that is no key vault.
      if (error instanceof SystemError && error.trouble.code === 'SecretNotFound') return null;
      throw error;
    }
  }

  async write(
    name: string,
    value: Secret,
    marker: SecretMarker,
    options: WriteOptions = {},
  ): Promise<{ readonly version: string }> {
    const subject = this.#subject('set secret', name);
    const tags = { [REQUEST_TAG]: marker.requestId, [EFFECT_TAG]: marker.effect };
    const written = await this.#call(subject, [value], options.signal, (sdk) =>
      this.#client.setSecret(name, value.reveal(), { ...sdk, tags }),
    );
    const { version } = written.properties;
    if (version === undefined)
      throw new SystemError(troubleOf(subject, 'malformed', 'the answer has no version'));
    return { version };
  }

  /** Reads a secret that nobody has, which needs the right to read and shows nothing. */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.read('gatehouse-doctor', signal);
  }

  #subject(operation: string, name: string): CallSubject {
    const subject = { system: this.system, operation, object: `${name} in ${this.location}` } as const;
    if (NAME_PATTERN.test(name)) return subject;
    throw new SystemError(
      troubleOf(subject, 'invalid', 'Key Vault does not take this name, so no call is sent', {
        remedy: 'Use 1 to 127 letters, digits and hyphens.',
      }),
    );
  }

  async #call<T>(
    subject: CallSubject,
    withhold: readonly Secret[],
    caller: AbortSignal | undefined,
    send: (options: SdkCallOptions) => Promise<T>,
  ): Promise<T> {
    caller?.throwIfAborted();
    await this.#bucket?.take(caller);
    const time = deadline(this.#timeoutMs, caller);
    let answer: SeenAnswer | undefined;
    try {
      return await send({
        abortSignal: time.signal,
        onResponse: ({ status, headers, bodyAsText }) => {
          answer = { status, header: (name) => headers.get(name), text: bodyAsText ?? '' };
        },
      });
    } catch (error) {
      throw keyVaultError(error, answer, subject, time, caller, withhold);
    }
  }
}

/** Whatever a credential throws holds ids, paths and sometimes answers of the token endpoint; only that it failed is kept. */
function withTypedErrors(credential: AzureCredential, vault: string): AzureCredential {
  return {
    async getToken(scopes, options) {
      const subject = { system: 'key-vault', operation: 'get access token', object: vault } as const;
      try {
        const token = await credential.getToken(scopes, options);
        if (token !== null) return token;
      } catch (error) {
        if (error instanceof SystemError || options?.abortSignal?.aborted === true) throw error;
        const code = textOf(error, 'name');
        throw new SystemError(
          troubleOf(subject, 'unauthenticated', 'no token could be had for the call', { code }),
        );
      }
      throw new SystemError(troubleOf(subject, 'unauthenticated', 'the credential gave no token'));
    },
  };
}

function agentOf(options: KeyVaultOptions): Agent | undefined {
  const { ca, connectTo } = options;
  if (ca === undefined && connectTo === undefined) return undefined;
  return new Agent({
    keepAlive: true,
    ...(ca === undefined ? {} : { ca }),
    ...(connectTo === undefined ? {} : { lookup: fixedLookup(connectTo) }),
  });
}

function fixedLookup(address: string): LookupFunction {
  const family = isIPv6(address) ? 6 : 4;
  return (_host, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}
