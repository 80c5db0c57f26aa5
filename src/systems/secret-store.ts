/**
 * The port behind which Azure Key Vault, HashiCorp Vault and OpenBao stand. A store is one place for secrets: one key
 * vault, or one path below one kv v2 mount.
 */
import type { SystemName } from '../domain/failure.js';
import type { SecretStoreKind } from '../domain/manifest.js';
import type { Secret } from './secret.js';

/** Who wrote a secret: shows that it is ours. Kept beside the value (Key Vault tags, Vault custom metadata). */
export interface SecretMarker {
  readonly requestId: string;
  /** effect key under which the write was reserved in the ledger */
  readonly effect: string;
}

/** The newest version of a secret. `tags` is empty when somebody else wrote this version. */
export interface StoredSecret {
  readonly value: Secret;
  /** Key Vault: 32 hex digits; Vault: `1`, `2`, … */
  readonly version: string;
  readonly tags: { readonly requestId?: string; readonly effect?: string };
  /** when this version was written, in milliseconds since 1970, by the store's clock; undefined when it does not say */
  readonly writtenAtMs?: number;
}

export interface WriteOptions {
  /**
   * The version that the caller has read and wants to replace; unset: the secret must not exist. Vault enforces it by
   * check-and-set. Key Vault has no conditional write at all, there the value is ignored and every write adds a version
   * (reference: saas-apis, section 4).
   */
  readonly replaces?: string;
  readonly signal?: AbortSignal;
}

export interface SecretStore {
  readonly kind: SecretStoreKind;
  readonly system: Extract<SystemName, 'key-vault' | 'vault'>;
  /** Says for people where the store is, without credentials: a vault URL, or URL, mount and path. */
  readonly location: string;
  /**
   * Reads the newest version; null when there is none.
   * @throws SystemError
   */
  read(name: string, signal?: AbortSignal): Promise<StoredSecret | null>;
  /**
   * Writes a new version, then its marker.
   * @throws SystemError kind `conflict` when another version is there than `replaces` says (Vault), or when the name is
   * held by a deleted secret (Key Vault: code `ObjectIsDeletedButRecoverable`; Vault: `SecretVersionDeleted`)
   */
  write(
    name: string,
    value: Secret,
    marker: SecretMarker,
    options?: WriteOptions,
  ): Promise<{ readonly version: string }>;
  /**
   * Asks the store one cheap question with the credential in use, for `doctor`.
   * @throws SystemError when the store cannot be reached or refuses the credential
   */
  ping(signal?: AbortSignal): Promise<void>;
}
