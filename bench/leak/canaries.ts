/** All secrets that a stack knows: nothing has to be planted to be searched for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import { KeyVaultState } from '../../sandbox/key-vault/state.js';
import { OtterizeState } from '../../sandbox/otterize/state.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { Canary } from './search.js';

/** Members of the world, of key files and of states that hold a secret. */
const SECRET_MEMBER = /(secret|token|password|signingKey)$/i;
/** Private half of a JSON Web Key. */
const PRIVATE_MEMBER = 'd';
const SHORTEST = 12;

/** What was made before anything ran: the world's credentials, keys, passwords of roles. */
export function installedSecrets(stack: GatehouseStack): readonly Canary[] {
  const { folder } = stack.installation;
  const secretFiles = readdirSync(join(folder, 'secrets')).map((name) => ({
    name: `secrets/${name}`,
    value: readFileSync(join(folder, 'secrets', name), 'utf8').trim(),
  }));
  return distinct([
    ...secretsIn(JSON.parse(JSON.stringify(stack.world)), 'world'),
    ...secretFiles,
    ...keyMaterial(join(folder, 'keys')),
    ...Object.entries(stack.passwords).map(([role, value]) => ({ name: `database role ${role}`, value })),
    { name: 'database administrator', value: new URL(stack.postgres.adminUrl).password },
  ]);
}

/**
 * What the vendors made meanwhile: client ids and secrets, tokens of components, everything that was ever stored in a vault.
 * @param idsInGit clusters whose client id stands in Git by design, as organisations are named
 */
export async function madeSecrets(
  otterize: ControlClient,
  keyVault: ControlClient,
  idsInGit: ReadonlySet<string>,
): Promise<readonly Canary[]> {
  const { integrations, organizations, componentTokens } = await otterize.objects(OtterizeState);
  const { vaults } = await keyVault.objects(KeyVaultState);
  const ids = new Set(integrations.map(({ clientId }) => clientId));
  return distinct([
    ...integrations.flatMap(({ organizationId, clientId, clientSecret }): readonly Canary[] => {
      const name = organizations.find(({ id }) => id === organizationId)?.name ?? organizationId;
      const inGit = idsInGit.has(name) ? { allowedIn: 'git' } : {};
      return [
        { name: `client id of ${name}`, value: clientId, ...inGit },
        { name: `client secret of ${name}`, value: clientSecret },
      ];
    }),
    ...componentTokens.map(({ integrationId, token }) => ({
      name: `component token of ${integrationId}`,
      value: token,
    })),
    ...vaults.flatMap(({ name, secrets }) =>
      secrets.flatMap((secret) =>
        secret.versions
          .filter(({ value }) => !ids.has(value))
          .map(({ value, version }) => ({ name: `${secret.name} ${version} in ${name}`, value })),
      ),
    ),
  ]);
}

function keyMaterial(folder: string): readonly Canary[] {
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8').trim();
    if (!file.endsWith('.json')) return [{ name: `keys/${file}`, value: text }];
    const value: unknown = JSON.parse(text);
    return file.startsWith('codec')
      ? textsIn(fieldOf(value, 'keys'), `keys/${file}`)
      : secretsIn(value, `keys/${file}`);
  });
}

/** Values of members with a secret's name, at any depth. */
function secretsIn(value: unknown, path: string): readonly Canary[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]): readonly Canary[] => {
    const name = `${path}.${key}`;
    if (typeof member !== 'string') return secretsIn(member, name);
    return SECRET_MEMBER.test(key) || key === PRIVATE_MEMBER ? [{ name, value: member }] : [];
  });
}

/** All texts, at any depth. */
function textsIn(value: unknown, path: string): readonly Canary[] {
  if (typeof value === 'string') return [{ name: path, value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => textsIn(member, `${path}.${key}`));
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** A secret may also leak without the prefix that says whose it is. */
function withBare(canary: Canary): readonly Canary[] {
  const bare = canary.value.replace(/^(whsec_|glpat-)/, '');
  return bare === canary.value ? [canary] : [canary, { name: `${canary.name} without prefix`, value: bare }];
}

/** One of each value; values that are too short to be secrets are no canaries. */
function distinct(canaries: readonly Canary[]): readonly Canary[] {
  const byValue = new Map<string, Canary>();
  for (const canary of canaries.flatMap(withBare)) {
    if (canary.value.length >= SHORTEST && !byValue.has(canary.value)) byValue.set(canary.value, canary);
  }
  return [...byValue.values()];
}
