import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import type { SecretMarker, SecretStore, StoredSecret, WriteOptions } from '../secret-store.js';
import { type VaultLogin, VaultSession } from './login.js';
import { type VaultCall, VaultTransport } from './transport.js';

/** Key of the value inside a kv v2 secret; an ExternalSecret names it as `remoteRef.property`. */
export const VALUE_KEY = 'value';
/** Names in the custom metadata that mark a version as ours. */
const REQUEST_KEY = 'gatehouse-request';
const EFFECT_KEY = 'gatehouse-effect';
const VERSION_KEY = 'gatehouse-version';

const Metadata = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  created_time: Type.Optional(Type.String()),
  custom_metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
});
const ReadAnswer = Type.Object({
  data: Type.Object({ data: Type.Record(Type.String(), Type.Unknown()), metadata: Metadata }),
});
const WriteAnswer = Type.Object({ data: Type.Object({ version: Type.Integer({ minimum: 1 }) }) });
const SecretHistory = Type.Object({
  data: Type.Object({
    current_version: Type.Integer(),
    versions: Type.Record(
      Type.String(),
      Type.Object({ deletion_time: Type.String(), destroyed: Type.Boolean() }),
    ),
  }),
});
const CustomMetadata = Type.Object({
  data: Type.Object({
    custom_metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
  }),
});
const MountAnswer = Type.Object({
  data: Type.Object({
    type: Type.String(),
    options: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  }),
});

export interface VaultOptions {
  /** address of the server, without `/v1`; a private authority comes with NODE_EXTRA_CA_CERTS */
  readonly url: string;
  readonly login: VaultLogin;
  /** namespace of Vault Enterprise or OpenBao */
  readonly namespace?: string;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/** One HashiCorp Vault or OpenBao server as one identity. */
export class VaultClient {
  readonly url: string;
  readonly #transport: VaultTransport;
  readonly #session: VaultSession;

  constructor(options: VaultOptions) {
    this.url = options.url;
    this.#transport = new VaultTransport(options);
    this.#session = new VaultSession(options.login, this.#transport);
  }

  /**
   * The place for secrets below a path of a kv v2 mount.
   * @param mount path of the mount, e.g. `secret`
   * @param path below it, e.g. `clusters/harbour-01/dev`; empty for the mount itself
   */
  store(mount: string, path: string): VaultStore {
    return new VaultStore(this, mount, path);
  }

  /** GET below `/v1`. @throws SystemError */
  async read(call: VaultCall): Promise<unknown> {
    return this.#authorised(call, (token) => this.#transport.read({ ...call, token }));
  }

  /** POST below `/v1`. @throws SystemError */
  async write(call: VaultCall & { readonly data: unknown }): Promise<unknown> {
    return this.#authorised(call, (token) => this.#transport.write({ ...call, token }));
  }

  /**
   * Vault says 403 for a missing right and for a token that has ended alike. A token that cannot even look itself up has
   * ended: another one is got and the call, which had no effect, is made once more.
   */
  async #authorised(call: VaultCall, send: (token: Secret) => Promise<unknown>): Promise<unknown> {
    const token = await this.#token(call);
    try {
      return await send(token);
    } catch (error) {
      if (!isForbidden(error) || (await this.#isValid(token, call.signal))) throw error;
      const other = await this.#session.replace(token);
      if (other !== null) return send(other);
      const { status } = error.trouble;
      const message = 'the token has ended, was revoked or never was one';
      throw new SystemError(troubleOf(call, 'unauthenticated', message, { status }));
    }
  }

  async #token(call: VaultCall): Promise<Secret> {
    try {
      return await this.#session.token();
    } catch (error) {
      if (error instanceof SystemError) throw error;
      throw new SystemError(troubleOf(call, 'unauthenticated', 'no token could be had for the call'));
    }
  }

  async #isValid(token: Secret, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#transport.read({
        system: 'vault',
        operation: 'look up own token',
        object: 'token',
        path: ['auth', 'token', 'lookup-self'],
        token,
        signal,
      });
      return true;
    } catch (error) {
      if (isForbidden(error)) return false;
      throw error;
    }
  }
}

/**
 * Secrets below one path of a kv v2 mount, each a secret of its own with the value under `value`. Writes are conditional
 * (check-and-set). The marker lies in the custom metadata and names the version that it is for, so a version that
 * somebody else writes later is not taken for ours. All methods throw `SystemError`.
 */
export class VaultStore implements SecretStore {
  readonly kind = 'vault';
  readonly system = 'vault';
  readonly location: string;
  readonly #client: VaultClient;
  readonly #mount: readonly string[];
  readonly #path: readonly string[];

  constructor(client: VaultClient, mount: string, path: string) {
    this.#client = client;
    this.#mount = parts(mount);
    this.#path = parts(path);
    this.location = [client.url.replace(/\/$/, ''), ...this.#mount, ...this.#path].join('/');
  }

  async read(name: string, signal?: AbortSignal): Promise<StoredSecret | null> {
    const subject = this.#subject('read secret', name);
    let body: unknown;
    try {
      body = await this.#client.read({ ...subject, path: this.#at('data', name), signal });
    } catch (error) {
      // A deleted version is a 404 too: there is nothing to read.
      if (error instanceof SystemError && error.trouble.kind === 'not-found') return null;
      throw error;
    }
    const { data, metadata } = shapeOf(ReadAnswer, body, subject).data;
    const value = data[VALUE_KEY];
    if (typeof value !== 'string') {
      throw new SystemError(
        troubleOf(
          subject,
          'conflict',
          `the secret has no text under "${VALUE_KEY}", so it is not one of ours`,
          {
            code: 'NoValueKey',
            remedy: 'Choose another path in the inventory, or move this secret away.',
          },
        ),
      );
    }
    const writtenAtMs = Date.parse(metadata.created_time ?? '');
    return {
      value: new Secret(value),
      version: String(metadata.version),
      tags: tagsOf(metadata),
      ...(Number.isNaN(writtenAtMs) ? {} : { writtenAtMs }),
    };
  }

  /** What else the secret holds: a write replaces the whole of it, so what is not ours is written again as it was. */
  async #besides(
    name: string,
    replaces: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly data: Record<string, unknown>; readonly custom: Record<string, string> }> {
    const replaced = replaces !== undefined;
    const subject = this.#subject(replaced ? 'read secret' : 'read metadata', name);
    try {
      const path = this.#at(replaced ? 'data' : 'metadata', name);
      const body = await this.#client.read({ ...subject, path, signal });
      if (replaced) {
        const { data, metadata } = shapeOf(ReadAnswer, body, subject).data;
        return { data, custom: metadata.custom_metadata ?? {} };
      }
      return { data: {}, custom: shapeOf(CustomMetadata, body, subject).data.custom_metadata ?? {} };
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const { kind } = error.trouble;
      // what is not there holds nothing, and check-and-set judges; who may not read metadata may not know of any
      if (kind !== 'not-found' && (replaced || kind !== 'forbidden')) throw error;
      return { data: {}, custom: {} };
    }
  }

  async write(
    name: string,
    value: Secret,
    marker: SecretMarker,
    { replaces, signal }: WriteOptions = {},
  ): Promise<{ readonly version: string }> {
    const subject = this.#subject('write secret', name);
    const cas = this.#casOf(replaces, subject);
    const besides = await this.#besides(name, replaces, signal);
    const body = await this.#client
      .write({
        ...subject,
        path: this.#at('data', name),
        data: { options: { cas }, data: { ...besides.data, [VALUE_KEY]: value.reveal() } },
        withhold: [value, ...secretsIn(besides.data)],
        signal,
      })
      .catch(async (error: unknown) => {
        throw isMismatch(error) ? await this.#explain(error, name, signal) : error;
      });
    const version = String(shapeOf(WriteAnswer, body, subject).data.version);
    await this.#client.write({
      ...this.#subject('write metadata', name),
      path: this.#at('metadata', name),
      data: {
        custom_metadata: {
          ...besides.custom,
          [REQUEST_KEY]: marker.requestId,
          [EFFECT_KEY]: marker.effect,
          [VERSION_KEY]: version,
        },
      },
      signal,
    });
    return { version };
  }

  /** Checks that the mount is there and is kv version 2. */
  async ping(signal?: AbortSignal): Promise<void> {
    const mount = this.#mount.join('/');
    const subject = { system: 'vault', operation: 'read mount', object: mount } as const;
    const path = ['sys', 'internal', 'ui', 'mounts', ...this.#mount];
    const { type, options } = shapeOf(
      MountAnswer,
      await this.#client.read({ ...subject, path, signal }),
      subject,
    ).data;
    if (type === 'kv' && options?.version === '2') return;
    throw new SystemError(
      troubleOf(subject, 'invalid', 'the mount is not a kv engine of version 2', {
        remedy: 'Name a kv v2 mount in the inventory, or upgrade this one (vault kv enable-versioning).',
      }),
    );
  }

  /** A deleted secret refuses check-and-set 0 like a living one; the reader has to be told which it is. */
  async #explain(error: SystemError, name: string, signal: AbortSignal | undefined): Promise<SystemError> {
    const subject = this.#subject('read metadata', name);
    let body: unknown;
    try {
      body = await this.#client.read({ ...subject, path: this.#at('metadata', name), signal });
    } catch {
      // Without the right to read metadata the mismatch itself has to do.
      return error;
    }
    const { current_version, versions } = shapeOf(SecretHistory, body, subject).data;
    const current = versions[String(current_version)];
    const deleted = current !== undefined && (current.destroyed || current.deletion_time !== '');
    if (!deleted) return error;
    return new SystemError(
      troubleOf(this.#subject('write secret', name), 'conflict', 'a deleted secret holds the name', {
        code: 'SecretVersionDeleted',
        status: error.trouble.status,
        remedy: `Undelete version ${current_version} (vault kv undelete), or remove the secret with its metadata (vault kv metadata delete), then retry.`,
      }),
    );
  }

  #casOf(replaces: string | undefined, subject: CallSubject): number {
    if (replaces === undefined) return 0;
    if (/^[1-9]\d*$/.test(replaces)) return Number(replaces);
    throw new SystemError(troubleOf(subject, 'invalid', 'the version to replace is not one of Vault'));
  }

  #at(kind: 'data' | 'metadata', name: string): readonly string[] {
    return [...this.#mount, kind, ...this.#path, name];
  }

  #subject(operation: string, name: string): CallSubject {
    return { system: 'vault', operation, object: `${name} in ${this.location}` };
  }
}

/** Texts that stand beside our value may be anybody's secrets: an error that echoes the request shows none of them. */
function secretsIn(data: Readonly<Record<string, unknown>>): readonly Secret[] {
  return Object.values(data).flatMap((value) => (typeof value === 'string' ? [new Secret(value)] : []));
}

function parts(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}

function tagsOf({ version, custom_metadata: custom }: Type.Static<typeof Metadata>): StoredSecret['tags'] {
  if (custom?.[VERSION_KEY] !== String(version)) return {};
  const requestId = custom[REQUEST_KEY];
  const effect = custom[EFFECT_KEY];
  return { ...(requestId === undefined ? {} : { requestId }), ...(effect === undefined ? {} : { effect }) };
}

function isForbidden(error: unknown): error is SystemError {
  return error instanceof SystemError && error.trouble.kind === 'forbidden';
}

function isMismatch(error: unknown): error is SystemError {
  return error instanceof SystemError && error.trouble.code === 'CheckAndSetMismatch';
}
