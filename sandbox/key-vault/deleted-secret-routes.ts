import { Refusal } from '../framework/refusal.js';
import { type KeyVaults, newestOf } from './key-vaults.js';
import { pageOf, SKIP_TOKEN } from './pages.js';
import { showDeleted, showItem } from './representations.js';

/** Soft-deleted secrets: list, get, recover, purge. */
export function addDeletedSecretRoutes(vaults: KeyVaults): void {
  const { standIn } = vaults;

  standIn.operation({
    id: 'GetDeletedSecrets',
    method: 'GET',
    path: '/deletedsecrets',
    notInSpec: [SKIP_TOKEN],
    handle: (call) => {
      vaults.demand(call, 'vault-read');
      const now = Date.now();
      const secrets = vaults
        .vaultOf(call)
        .secrets.filter((secret) => secret.deleted && secret.deleted.settled <= now)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const showing = vaults.showing(call);
      return {
        status: 200,
        body: pageOf(
          call,
          secrets,
          (secret) => secret.name,
          standIn.settings.pageSize,
          (secret) => showDeleted(showing, secret, newestOf(secret), false),
        ),
      };
    },
  });

  standIn.operation({
    id: 'GetDeletedSecret',
    method: 'GET',
    path: '/deletedsecrets/:name',
    handle: (call) => {
      vaults.demand(call, 'vault-read');
      const secret = vaults.deleted(vaults.vaultOf(call), call.param('name'));
      return { status: 200, body: showDeleted(vaults.showing(call), secret, newestOf(secret), true) };
    },
  });

  standIn.operation({
    id: 'RecoverDeletedSecret',
    method: 'POST',
    path: '/deletedsecrets/:name/recover',
    handle: (call) => {
      vaults.demand(call, 'vault-write');
      const vault = vaults.vaultOf(call);
      const secret = vaults.deleted(vault, call.param('name'));
      call.change('changed', `secret ${vault.name}/${secret.name}`, () => {
        delete secret.deleted;
        secret.recovered = Date.now() + standIn.settings.settleMs;
      });
      return { status: 200, body: showItem(vaults.showing(call), secret, newestOf(secret), true) };
    },
  });

  standIn.operation({
    id: 'PurgeDeletedSecret',
    method: 'DELETE',
    path: '/deletedsecrets/:name',
    handle: (call) => {
      vaults.demand(call, 'vault-purge');
      const vault = vaults.vaultOf(call);
      const secret = vaults.deleted(vault, call.param('name'));
      if (standIn.settings.purgeProtection) {
        throw new Refusal(403, 'Operation "purge" is not allowed because purge protection is enabled.', {
          code: 'Forbidden',
          inner: 'ForbiddenByPolicy',
        });
      }
      call.change('deleted', `deleted secret ${vault.name}/${secret.name}`, () => {
        vault.secrets.splice(vault.secrets.indexOf(secret), 1);
        vault.purging[secret.name.toLowerCase()] = Date.now() + standIn.settings.settleMs;
      });
      return { status: 204 };
    },
  });
}
