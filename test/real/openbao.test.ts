/**
 * The same promises of `VaultStore` as against the small server of `npm test`, kept by a real OpenBao. Runs by
 * `npm run test:real`, or by hand with `OPENBAO_ADDR` and `OPENBAO_ROOT_TOKEN` set.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { describe } from 'vitest';
import { realComponent } from '../support/real-component.js';
import { describeVaultStore, type VaultUnderTest } from '../systems/vault/store.contract.js';

let prepared: Promise<VaultUnderTest> | undefined;

describe('a real OpenBao', () => {
  describeVaultStore((context) => {
    const url = realComponent(context, 'openbao', 'OPENBAO_ADDR');
    const root = realComponent(context, 'openbao', 'OPENBAO_ROOT_TOKEN');
    prepared ??= prepare(url, root);
    return prepared;
  });
});

/** Mounts, policies and credentials as an administrator would make them; made again over what a former run left. */
async function prepare(url: string, root: string): Promise<VaultUnderTest> {
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': root },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  await ensureMount(admin, 'kv', '2');
  await ensureMount(admin, 'old', '1');
  const rule = (rights: string) => `path "kv/*" { capabilities = [${rights}] }`;
  await admin('PUT', 'sys/policies/acl/kv-reader', { policy: rule('"read"') });
  await admin('PUT', 'sys/policies/acl/kv-writer', { policy: rule('"create", "read", "update"') });

  const methods = shaped(
    Type.Object({ data: Type.Record(Type.String(), Type.Unknown()) }),
    await admin('GET', 'sys/auth'),
  );
  if (!('approle/' in methods.data)) await admin('POST', 'sys/auth/approle', { type: 'approle' });
  await admin('POST', 'auth/approle/role/gatehouse', { token_policies: ['kv-writer'], token_ttl: '10m' });

  const { auth } = shaped(
    Type.Object({ auth: Type.Object({ client_token: Type.String() }) }),
    await admin('POST', 'auth/token/create', { policies: ['kv-reader'], ttl: '1h' }),
  );
  const role = shaped(
    Type.Object({ data: Type.Object({ role_id: Type.String() }) }),
    await admin('GET', 'auth/approle/role/gatehouse/role-id'),
  );
  const secret = shaped(
    Type.Object({ data: Type.Object({ secret_id: Type.String() }) }),
    await admin('POST', 'auth/approle/role/gatehouse/secret-id', {}),
  );
  return { url, root, reader: auth.client_token, roleId: role.data.role_id, secretId: secret.data.secret_id };
}

type Admin = (method: string, path: string, body?: unknown) => Promise<unknown>;

async function ensureMount(admin: Admin, mount: string, version: string): Promise<void> {
  const mounts = shaped(
    Type.Object({ data: Type.Record(Type.String(), Type.Unknown()) }),
    await admin('GET', 'sys/mounts'),
  );
  if (!(`${mount}/` in mounts.data)) {
    await admin('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version } });
  }
}

function shaped<S extends TSchema>(schema: S, body: unknown): Static<S> {
  if (Value.Check(schema, body)) return body;
  throw new Error('OpenBao answered in another shape than expected.');
}
