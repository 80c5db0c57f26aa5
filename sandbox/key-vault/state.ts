import Type, { type Static } from 'typebox';

export const SecretVersion = Type.Object({
  version: Type.String(),
  value: Type.String(),
  contentType: Type.Optional(Type.String()),
  tags: Type.Optional(Type.Record(Type.String(), Type.String())),
  enabled: Type.Boolean(),
  /** seconds since 1970 */
  notBefore: Type.Optional(Type.Integer()),
  expires: Type.Optional(Type.Integer()),
  created: Type.Integer(),
  updated: Type.Integer(),
});
export type SecretVersion = Static<typeof SecretVersion>;

export const VaultSecret = Type.Object({
  name: Type.String(),
  /** oldest first, at least one */
  versions: Type.Array(SecretVersion, { minItems: 1 }),
  /** set while deleted; milliseconds since 1970 */
  deleted: Type.Optional(Type.Object({ at: Type.Number(), settled: Type.Number() })),
  /** set after a recovery: when it is over; milliseconds since 1970 */
  recovered: Type.Optional(Type.Number()),
});
export type VaultSecret = Static<typeof VaultSecret>;

export const Vault = Type.Object({
  name: Type.String(),
  secrets: Type.Array(VaultSecret),
  /** names being purged and when that is over, in milliseconds since 1970 */
  purging: Type.Record(Type.String(), Type.Number()),
});
export type Vault = Static<typeof Vault>;

export const KeyVaultState = Type.Object({ vaults: Type.Array(Vault) });
export type KeyVaultState = Static<typeof KeyVaultState>;

export const KeyVaultSettings = Type.Object(
  {
    /** how long a deletion, recovery or purge takes after its answer, in milliseconds (real: seconds) */
    settleMs: Type.Integer({ minimum: 0 }),
    /** items a page when the caller names no `maxresults` (real: 25, also the most) */
    pageSize: Type.Integer({ minimum: 1, maximum: 25 }),
    /** purge protection: purge is refused */
    purgeProtection: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type KeyVaultSettings = Static<typeof KeyVaultSettings>;
