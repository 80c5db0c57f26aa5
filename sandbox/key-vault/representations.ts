import type { SecretVersion, VaultSecret } from './state.js';

/** how long the real service keeps a deleted secret */
const KEPT_DAYS = 90;

export interface Showing {
  /** `https://kv-….localhost:4012`, as the client called it */
  readonly vaultUrl: string;
  readonly purgeProtection: boolean;
}

/** one version with its value */
export function showSecret(
  showing: Showing,
  secret: VaultSecret,
  version: SecretVersion,
): Record<string, unknown> {
  return { value: version.value, ...showItem(showing, secret, version, true) };
}

/** one version without its value; `withVersion` = its id names the version (lists of secrets do not) */
export function showItem(
  showing: Showing,
  secret: VaultSecret,
  version: SecretVersion,
  withVersion: boolean,
): Record<string, unknown> {
  const id = `${showing.vaultUrl}/secrets/${secret.name}${withVersion ? `/${version.version}` : ''}`;
  return {
    id,
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    attributes: {
      enabled: version.enabled,
      ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
      ...(version.expires === undefined ? {} : { exp: version.expires }),
      created: version.created,
      updated: version.updated,
      recoveryLevel: showing.purgeProtection ? 'Recoverable' : 'Recoverable+Purgeable',
      recoverableDays: KEPT_DAYS,
    },
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  };
}

/** a deleted secret; `withVersion` as above */
export function showDeleted(
  showing: Showing,
  secret: VaultSecret,
  version: SecretVersion,
  withVersion: boolean,
): Record<string, unknown> {
  const at = Math.floor((secret.deleted?.at ?? 0) / 1000);
  return {
    recoveryId: `${showing.vaultUrl}/deletedsecrets/${secret.name}`,
    deletedDate: at,
    scheduledPurgeDate: at + KEPT_DAYS * 86_400,
    ...showItem(showing, secret, version, withVersion),
  };
}
