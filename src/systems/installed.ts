/** Makes the clients of all systems from the installation; secrets are read from their files each time they are needed. */
import { readFileSync } from 'node:fs';
import { type Installation, InstallationError, readSecret } from '../config/installation.js';
import type { ClusterTarget, SecretStoreTarget } from '../domain/request.js';
import { Applications } from './argocd/applications.js';
import { GRAPH_SCOPE, tokenFor } from './azure/credential.js';
import { DirectoryClient } from './directory/client.js';
import { ExternalSecrets } from './external-secrets/external-secrets.js';
import { GitLabClient } from './gitlab/client.js';
import { bucketOf, credentialOf, tokenIn } from './installed-login.js';
import { type InstalledForPromotion, installedForPromotion } from './installed-promotion.js';
import { KeyVaults } from './key-vault/client.js';
import { KubernetesConnection } from './kubernetes/connection.js';
import { MailSender } from './notifications/mail.js';
import { WebhookSender } from './notifications/webhook.js';
import { OtterizeClient } from './otterize/client.js';
import { Secret } from './secret.js';
import type { SecretStore } from './secret-store.js';
import { VaultClient } from './vault/client.js';
import type { VaultLogin } from './vault/login.js';

export interface InstalledSystems {
  readonly otterize: OtterizeClient;
  readonly directory: DirectoryClient;
  readonly gitlab: GitLabClient;
  readonly secretStoreOf: (target: SecretStoreTarget) => SecretStore;
  readonly applicationsOf: (application: ClusterTarget['application']) => Applications;
  readonly externalSecretsOf: (target: ClusterTarget['externalSecret']) => ExternalSecrets;
  /** undefined when no mail server is configured */
  readonly mail: MailSender | undefined;
  readonly webhooks: WebhookSender;
  /** names of the configured webhook receivers */
  readonly webhookNames: readonly string[];
  readonly connections: ReadonlyMap<string, KubernetesConnection>;
  readonly promotion: InstalledForPromotion;
}

/**
 * @throws InstallationError when a secret file cannot be read, or a target names a store or connection that is not
 * configured
 */
export function installedSystems(installation: Installation): InstalledSystems {
  const { systems } = installation;
  const connections = new Map(
    systems.kubernetes.connections.map(({ name, server, tokenFile, caFile }) => [
      name,
      new KubernetesConnection({
        server,
        token: tokenIn(tokenFile),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
      }),
    ]),
  );
  const connection = (name: string): KubernetesConnection => {
    const found = connections.get(name);
    if (found === undefined) {
      throw new InstallationError(
        `The inventory names the Kubernetes connection ${name}, which is not configured.`,
      );
    }
    return found;
  };
  return {
    otterize: new OtterizeClient({
      baseUrl: systems.otterize.url,
      token: async () => readSecret(systems.otterize.tokenFile),
      ...bucketOf(systems.otterize.callsPerSecond),
    }),
    directory: new DirectoryClient({
      baseUrl: systems.directory.url,
      token: tokenFor(credentialOf(systems.directory.login), GRAPH_SCOPE),
      ...bucketOf(systems.directory.callsPerSecond),
    }),
    gitlab: new GitLabClient({
      baseUrl: systems.gitlab.url,
      token: tokenIn(systems.gitlab.tokenFile),
      ...bucketOf(systems.gitlab.callsPerSecond),
    }),
    secretStoreOf: secretStores(installation),
    applicationsOf: ({ connection: name, namespace }) =>
      new Applications({ connection: connection(name), namespace }),
    externalSecretsOf: ({ connection: name }) => new ExternalSecrets({ connection: connection(name) }),
    promotion: installedForPromotion(installation, connections),
    mail: mailSender(installation),
    webhooks: new WebhookSender({
      endpoints: Object.fromEntries(
        installation.notifications.webhooks.map(({ name, url, secretFile }) => [
          name,
          { url, secret: async () => new Secret(readSecret(secretFile)) },
        ]),
      ),
    }),
    webhookNames: installation.notifications.webhooks.map(({ name }) => name),
    connections,
  };
}

function mailSender(installation: Installation): MailSender | undefined {
  const { mail } = installation.notifications;
  if (mail === undefined) return undefined;
  const { host, port, security, from, userFile, passwordFile, caFile } = mail;
  return new MailSender({
    host,
    port,
    security,
    from,
    ...(userFile === undefined || passwordFile === undefined
      ? {}
      : {
          login: { user: readSecret(userFile), password: async () => new Secret(readSecret(passwordFile)) },
        }),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
  });
}

function secretStores(installation: Installation): (target: SecretStoreTarget) => SecretStore {
  const { keyVault, vault } = installation.systems;
  const vaults =
    keyVault === undefined
      ? undefined
      : new KeyVaults({
          credential: credentialOf(keyVault.login),
          disableChallengeResourceVerification: !keyVault.verifyChallengeResource,
          ...(keyVault.hostSuffixes === undefined ? {} : { hostSuffixes: keyVault.hostSuffixes }),
          ...(keyVault.connectTo === undefined ? {} : { connectTo: keyVault.connectTo }),
          ...(keyVault.caFile === undefined ? {} : { ca: readFileSync(keyVault.caFile, 'utf8') }),
          ...bucketOf(keyVault.callsPerSecond),
        });
  const clients = new Map<string, VaultClient>();
  return (target) => {
    if (target.kind === 'azure-key-vault') {
      if (vaults === undefined) throw notConfigured(target, 'keyVault');
      return vaults.store(target.url);
    }
    if (vault === undefined || target.mount === undefined) throw notConfigured(target, 'vault');
    refuseOtherHost(target, vault.hosts);
    const client =
      clients.get(target.url) ??
      new VaultClient({ url: target.url, login: vaultLogin(vault.login), ...bucketOf(vault.callsPerSecond) });
    clients.set(target.url, client);
    return client.store(target.mount, target.path ?? '');
  };
}

type VaultSettings = NonNullable<Installation['systems']['vault']>['login'];

function vaultLogin(login: VaultSettings): VaultLogin {
  switch (login.kind) {
    case 'token':
      return { kind: 'token', token: tokenIn(login.tokenFile) };
    case 'kubernetes': {
      const { jwtFile, ...rest } = login;
      return { ...rest, jwt: tokenIn(jwtFile) };
    }
    case 'approle': {
      const { secretIdFile, ...rest } = login;
      return { ...rest, secretId: tokenIn(secretIdFile) };
    }
  }
}

/** The inventory names addresses of stores; the credential goes only to hosts that the installation names for it. */
function refuseOtherHost(target: SecretStoreTarget, hosts: readonly string[]): void {
  const origin = URL.canParse(target.url) ? new URL(target.url).origin : '';
  if (hosts.some((host) => new URL(host).origin === origin)) return;
  throw new InstallationError(
    `The secret store ${target.name} is at ${origin}, which systems.vault.hosts of the installation does not name: the Vault credential is not sent there.`,
  );
}

function notConfigured(target: SecretStoreTarget, section: string): InstallationError {
  return new InstallationError(
    `The secret store ${target.name} is of kind ${target.kind}, but the installation has no systems.${section} for it.`,
  );
}
