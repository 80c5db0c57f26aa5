import Type, { type Static } from 'typebox';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { type KeyVaults, newestOf, newVersion, secretOf } from './key-vaults.js';
import { pageOf, SKIP_TOKEN } from './pages.js';
import { showDeleted, showItem, showSecret } from './representations.js';
import type { SecretVersion } from './state.js';

/** vendor's service limits: a value of 25 KB, 15 tags of 256 characters [K] */
const MOST_BYTES = 25 * 1024;
const MOST_TAGS = 15;

const Attributes = Type.Object({
  enabled: Type.Optional(Type.Boolean()),
  nbf: Type.Optional(Type.Integer()),
  exp: Type.Optional(Type.Integer()),
});
const Update = Type.Object({
  contentType: Type.Optional(Type.String()),
  tags: Type.Optional(Type.Record(Type.String(), Type.String())),
  attributes: Type.Optional(Attributes),
});
const SetSecret = Type.Object({ value: Type.String(), ...Update.properties });

/** Live secrets: set, get, update, delete, list. There is no conditional write. */
export function addSecretRoutes(vaults: KeyVaults): void {
  const { standIn } = vaults;
  const changed = (call: Call, name: string) => `secret ${vaults.vaultOf(call).name}/${name}`;

  standIn.operation({
    id: 'SetSecret',
    method: 'PUT',
    path: '/secrets/:name',
    handle: (call) => {
      vaults.demand(call, 'vault-write');
      const vault = vaults.vaultOf(call);
      const name = call.param('name');
      const body = call.body(SetSecret);
      refuseOversized(body);
      vaults.refuseTransient(vault, name);
      const now = Math.floor(Date.now() / 1000);
      const version: SecretVersion = {
        version: newVersion(),
        value: body.value,
        enabled: true,
        created: now,
        updated: now,
      };
      apply(version, body);
      const known = secretOf(vault, name);
      const secret = known ?? { name, versions: [version] };
      call.change(known ? 'changed' : 'created', changed(call, name), () => {
        if (known) known.versions.push(version);
        else vault.secrets.push(secret);
      });
      return { status: 200, body: showSecret(vaults.showing(call), secret, version) };
    },
  });

  const getSecret = (call: Call) => {
    vaults.demand(call, 'vault-read');
    const name = call.param('name');
    const secret = vaults.active(vaults.vaultOf(call), name);
    const version = versionOf(secret.versions, call.param('version'), name);
    if (!version.enabled) {
      throw new Refusal(403, 'Operation get is not allowed on a disabled secret.', {
        code: 'Forbidden',
        inner: 'SecretDisabled',
      });
    }
    return { status: 200, body: showSecret(vaults.showing(call), secret, version) };
  };
  standIn.operation({
    id: 'GetSecret',
    method: 'GET',
    path: '/secrets/:name/:version',
    handle: getSecret,
  });
  // The newest version has an empty version in its path, with the slash (SDK) or without (ESO, people). The spec's path
  // parameter takes no empty text, so the check sees a word in its place.
  for (const path of ['/secrets/:name', '/secrets/:name/']) {
    standIn.operation({
      id: 'GetSecret',
      method: 'GET',
      path,
      specPath: (call) => `/secrets/${call.param('name')}/newest`,
      handle: getSecret,
    });
  }

  standIn.operation({
    id: 'UpdateSecret',
    method: 'PATCH',
    path: '/secrets/:name/:version',
    handle: (call) => {
      vaults.demand(call, 'vault-write');
      const name = call.param('name');
      const secret = vaults.active(vaults.vaultOf(call), name);
      const version = versionOf(secret.versions, call.param('version'), name);
      const body = call.body(Update);
      call.change('changed', changed(call, name), () => {
        apply(version, body);
        version.updated = Math.floor(Date.now() / 1000);
      });
      const { value: _, ...shown } = showSecret(vaults.showing(call), secret, version);
      return { status: 200, body: shown };
    },
  });

  standIn.operation({
    id: 'DeleteSecret',
    method: 'DELETE',
    path: '/secrets/:name',
    handle: (call) => {
      vaults.demand(call, 'vault-write');
      const name = call.param('name');
      const secret = vaults.active(vaults.vaultOf(call), name);
      call.change('deleted', changed(call, name), () => {
        const at = Date.now();
        secret.deleted = { at, settled: at + standIn.settings.settleMs };
        delete secret.recovered;
      });
      return { status: 200, body: showDeleted(vaults.showing(call), secret, newestOf(secret), true) };
    },
  });

  standIn.operation({
    id: 'GetSecrets',
    method: 'GET',
    path: '/secrets',
    notInSpec: [SKIP_TOKEN],
    handle: (call) => {
      vaults.demand(call, 'vault-read');
      const now = Date.now();
      const secrets = vaults
        .vaultOf(call)
        .secrets.filter((secret) => !secret.deleted && (secret.recovered ?? 0) <= now)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const showing = vaults.showing(call);
      return {
        status: 200,
        body: pageOf(
          call,
          secrets,
          (secret) => secret.name,
          standIn.settings.pageSize,
          (secret) => showItem(showing, secret, newestOf(secret), false),
        ),
      };
    },
  });

  standIn.operation({
    id: 'GetSecretVersions',
    method: 'GET',
    path: '/secrets/:name/versions',
    notInSpec: [SKIP_TOKEN],
    handle: (call) => {
      vaults.demand(call, 'vault-read');
      const secret = vaults.active(vaults.vaultOf(call), call.param('name'));
      const versions = [...secret.versions].sort((a, b) => (a.version < b.version ? -1 : 1));
      const showing = vaults.showing(call);
      return {
        status: 200,
        body: pageOf(
          call,
          versions,
          (version) => version.version,
          standIn.settings.pageSize,
          (version) => showItem(showing, secret, version, true),
        ),
      };
    },
  });
}

function versionOf(versions: readonly SecretVersion[], wanted: string, name: string): SecretVersion {
  const version =
    wanted === '' ? versions.at(-1) : versions.find((candidate) => candidate.version === wanted);
  if (!version) {
    throw new Refusal(404, `A secret with (name/id) ${name}/${wanted} was not found in this key vault.`, {
      code: 'SecretNotFound',
    });
  }
  return version;
}

function refuseOversized(body: Static<typeof SetSecret>): void {
  if (Buffer.byteLength(body.value) > MOST_BYTES) {
    throw new Refusal(400, `The value is longer than ${MOST_BYTES} bytes.`, { code: 'BadParameter' });
  }
  if (Object.keys(body.tags ?? {}).length > MOST_TAGS) {
    throw new Refusal(400, `More than ${MOST_TAGS} tags.`, { code: 'BadParameter' });
  }
}

function apply(version: SecretVersion, update: Static<typeof Update>): void {
  if (update.contentType !== undefined) version.contentType = update.contentType;
  if (update.tags !== undefined) version.tags = update.tags;
  const { enabled, nbf, exp } = update.attributes ?? {};
  if (enabled !== undefined) version.enabled = enabled;
  if (nbf !== undefined) version.notBefore = nbf;
  if (exp !== undefined) version.expires = exp;
}
