import { randomBytes } from 'node:crypto';
import { AUDIENCES, checkAccessToken } from '../directory/access-token.js';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { StandIn } from '../framework/stand-in.js';
import type { EntraClient, World } from '../world.js';
import type { Showing } from './representations.js';
import type { KeyVaultSettings, KeyVaultState, SecretVersion, Vault, VaultSecret } from './state.js';

export type KeyVaultStandIn = StandIn<typeof KeyVaultState, typeof KeyVaultSettings>;

type Right = 'vault-read' | 'vault-write' | 'vault-purge';

/** What all routes share: which vault is meant, who calls, and the states of a secret. */
export class KeyVaults {
  readonly standIn: KeyVaultStandIn;
  readonly #world: World;
  readonly #callers = new WeakMap<Call['request'], EntraClient>();

  constructor(standIn: KeyVaultStandIn, world: World) {
    this.standIn = standIn;
    this.#world = world;
  }

  /**
   * The first call of the SDK comes without token and body, to be told by the 401 where to get a token: that is normal
   * (reference: saas-apis, section 4).
   */
  async authenticate(call: Call): Promise<void> {
    const check = await checkAccessToken(this.#world, call.header('authorization'), AUDIENCES.vault);
    if (check.state === 'good') {
      this.#callers.set(call.request, check.client);
      return;
    }
    const message = {
      missing: 'AKV10000: Request is missing a Bearer or PoP token.',
      expired:
        'AKV10014: Error validating token: IDX10223: Lifetime validation failed, the token is expired.',
      wrong: 'AKV10032: Invalid issuer or audience of the token.',
    }[check.state];
    const authority = `https://login.microsoftonline.com/${this.#world.entra.tenantId}`;
    throw new Refusal(401, message, {
      code: 'Unauthorized',
      headers: {
        'www-authenticate': `Bearer authorization="${authority}", resource="${AUDIENCES.vault}"`,
      },
    });
  }

  /** @throws Refusal 403 */
  demand(call: Call, right: Right): void {
    const caller = this.#callers.get(call.request);
    if (caller?.rights.includes(right)) return;
    throw new Refusal(403, `Caller ${caller?.displayName ?? ''} is not authorized: needs ${right}.`, {
      code: 'Forbidden',
      inner: 'ForbiddenByRbac',
    });
  }

  /** The vault of the request's host, e.g. `kv-harbour-01-dev.localhost:4012`. Throws a Refusal 404. */
  vaultOf(call: Call): Vault {
    const name = (call.header('host') ?? '').split(/[.:]/)[0]?.toLowerCase();
    const vault = this.standIn.state.vaults.find((candidate) => candidate.name === name);
    // the real one has no DNS name then, so that no HTTP answer comes at all
    if (!vault) throw new Refusal(404, `There is no vault ${name ?? ''}.`, { code: 'VaultNotFound' });
    return vault;
  }

  showing(call: Call): Showing {
    return {
      vaultUrl: `https://${call.header('host') ?? ''}`,
      purgeProtection: this.standIn.settings.purgeProtection,
    };
  }

  /** a secret that can be read: neither deleted nor still being recovered. Throws a Refusal 404. */
  active(vault: Vault, name: string): VaultSecret {
    const secret = secretOf(vault, name);
    if (!secret || secret.deleted || (secret.recovered ?? 0) > Date.now()) {
      throw new Refusal(404, `A secret with (name/id) ${name} was not found in this key vault.`, {
        code: 'SecretNotFound',
      });
    }
    return secret;
  }

  /** a deleted secret whose deletion is over. Throws a Refusal 404. */
  deleted(vault: Vault, name: string): VaultSecret {
    const secret = secretOf(vault, name);
    if (!secret?.deleted || secret.deleted.settled > Date.now()) {
      throw new Refusal(404, `Deleted Secret not found: ${name}`, { code: 'SecretNotFound' });
    }
    return secret;
  }

  /** refuses a write while the name is deleted, being deleted, recovered or purged (409) */
  refuseTransient(vault: Vault, name: string): void {
    const now = Date.now();
    const secret = secretOf(vault, name);
    const key = name.toLowerCase();
    if ((vault.purging[key] ?? 0) > now || (secret?.deleted && secret.deleted.settled > now)) {
      throw conflict('ObjectIsBeingDeleted', `Secret ${name} is currently being deleted.`);
    }
    if ((secret?.recovered ?? 0) > now) {
      throw conflict('ObjectIsBeingRecovered', `Secret ${name} is currently being recovered.`);
    }
    if (secret?.deleted) {
      throw conflict(
        'ObjectIsDeletedButRecoverable',
        `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
      );
    }
  }
}

/** Key Vault names are the same in any case. */
export function secretOf(vault: Vault, name: string): VaultSecret | undefined {
  return vault.secrets.find((secret) => secret.name.toLowerCase() === name.toLowerCase());
}

export function newestOf(secret: VaultSecret): SecretVersion {
  const version = secret.versions.at(-1);
  if (!version) throw new Error(`secret ${secret.name} has no version`);
  return version;
}

/** 32 hex digits, as the real service makes them */
export function newVersion(): string {
  return randomBytes(16).toString('hex');
}

function conflict(inner: string, message: string): Refusal {
  return new Refusal(409, message, { code: 'Conflict', inner });
}
