/**
 * Compares the Kubernetes integration at Otterize and its credentials in the secret store with what must be there. Both
 * behaviours of the vendor are handled: secret readable again, or returned once.
 */
import type { LedgerEntry } from '../domain/ledger.js';
import type { OtterizeOrganization } from '../systems/otterize/organization.js';
import type { OtterizeIntegration } from '../systems/otterize/types.js';
import { Secret } from '../systems/secret.js';
import type { SecretStore, StoredSecret } from '../systems/secret-store.js';
import { ownerOf, type SecretOwnership } from './ownership.js';

/** Names of the two secrets of a cluster in its store. */
export const SECRET_NAMES = {
  clientId: 'otterize-cloud-client-id',
  clientSecret: 'otterize-cloud-client-secret',
} as const;

export interface StoredCredentials {
  readonly clientId: StoredSecret | null;
  readonly clientSecret: StoredSecret | null;
}

export interface WantedCredentials {
  readonly clientId: Secret;
  readonly clientSecret: Secret;
}

/**
 * - `absent` there is no integration
 * - `equal` the store holds what the vendor shows, or, when the vendor does not show it again, what we stored for it
 * - `stale` the vendor shows credentials that the store does not hold: store them
 * - `lost` the vendor does not show them again and nothing proves that the store holds them: make it anew
 */
export type IntegrationFinding =
  | { readonly state: 'absent'; readonly stored: StoredCredentials }
  | { readonly state: 'equal'; readonly integration: OtterizeIntegration; readonly stored: StoredCredentials }
  | {
      readonly state: 'stale';
      readonly integration: OtterizeIntegration;
      readonly stored: StoredCredentials;
      readonly wanted: WantedCredentials;
    }
  | { readonly state: 'lost'; readonly integration: OtterizeIntegration; readonly stored: StoredCredentials };

/** What an earlier effect of ours wrote down about the credentials. */
export interface RecordedCredentials {
  readonly integrationId: string;
  readonly clientIdVersion: string;
  readonly clientSecretVersion: string;
}

/** @throws SystemError */
export async function findIntegration(
  organisation: OtterizeOrganization,
  store: SecretStore,
  name: string,
  recorded: readonly RecordedCredentials[],
  signal?: AbortSignal,
): Promise<IntegrationFinding> {
  const [integration, stored] = await Promise.all([
    organisation.kubernetesIntegrationByName(name, signal),
    readStored(store, signal),
  ]);
  if (integration === null) return { state: 'absent', stored };
  const wanted = await organisation.readIntegrationCredentials(integration.id, signal);
  if (wanted !== null) {
    const credentials = { clientId: new Secret(wanted.clientId), clientSecret: wanted.clientSecret };
    const equal =
      stored.clientId?.value.equals(credentials.clientId) === true &&
      stored.clientSecret?.value.equals(credentials.clientSecret) === true;
    return equal
      ? { state: 'equal', integration, stored }
      : { state: 'stale', integration, stored, wanted: credentials };
  }
  const proven = recorded.some(
    (item) =>
      item.integrationId === integration.id &&
      item.clientIdVersion === stored.clientId?.version &&
      item.clientSecretVersion === stored.clientSecret?.version,
  );
  return proven ? { state: 'equal', integration, stored } : { state: 'lost', integration, stored };
}

export async function readStored(store: SecretStore, signal?: AbortSignal): Promise<StoredCredentials> {
  const [clientId, clientSecret] = await Promise.all([
    store.read(SECRET_NAMES.clientId, signal),
    store.read(SECRET_NAMES.clientSecret, signal),
  ]);
  return { clientId, clientSecret };
}

/** What earlier completions of this effect wrote down; versions only. */
export function recordedCredentials(
  history: readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[],
): readonly RecordedCredentials[] {
  return history.flatMap(({ body }) => {
    if (!('readBack' in body)) return [];
    const { integrationId, clientIdVersion, clientSecretVersion } = body.readBack;
    return typeof integrationId === 'string' &&
      typeof clientIdVersion === 'string' &&
      typeof clientSecretVersion === 'string'
      ? [{ integrationId, clientIdVersion, clientSecretVersion }]
      : [];
  });
}

/** Why the credentials of a store may not be written over, with what to do. */
export interface StoreConflict {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Proves that what would be replaced is ours (law 1). What holds the wanted value already is not replaced.
 * @param wanted undefined while the credentials are not made yet
 * @param adopt the approved plan says that somebody else's may be taken over
 */
export function refuseReplacing(
  stored: StoredCredentials,
  wanted: WantedCredentials | undefined,
  ownership: SecretOwnership,
  adopt: boolean,
): StoreConflict | undefined {
  for (const [field, name] of [
    ['clientId', SECRET_NAMES.clientId],
    ['clientSecret', SECRET_NAMES.clientSecret],
  ] as const) {
    const secret = stored[field];
    if (secret === null || (wanted !== undefined && secret.value.equals(wanted[field]))) continue;
    const owner = ownerOf(ownership, secret);
    if (owner === 'taken') {
      return {
        message: `${name} in ${ownership.store} holds the credentials of another cluster (${secret.tags.effect ?? ''})`,
        remedy: 'Name a store of its own for this cluster in the inventory: two clusters never share one',
      };
    }
    if (owner === 'foreign' && !adopt) {
      return {
        message: `${name} in ${ownership.store} was written by somebody else`,
        remedy:
          'Name another store, or move that secret away; if it may be replaced, set "adopt: true" for the cluster',
      };
    }
  }
  return undefined;
}
