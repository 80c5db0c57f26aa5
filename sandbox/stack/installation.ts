/** Writes an installation of Gatehouse for the example world into a folder: the installation file, keys, secrets, files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { generateKeySet, KEY_FILES, writeKeySet } from '../../src/security/key-generation.js';
import { entraClientOf, type World } from '../world.js';
import { inventoryText, policyText } from './example-files.js';
import { shopImage, shopPathText, shopPolicyText } from './promotion-files.js';
import { TEMPORAL_UI_CLIENT } from './temporal-ui.js';

export interface InstallationOptions {
  readonly world: World;
  /** addresses of the stand-ins by name, as the sandbox wrote them */
  readonly addresses: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly publicUrl: string;
  readonly temporalUiOrigin?: string | undefined;
  readonly taskQueuePrefix?: string;
  readonly timing?: 'standard' | 'brisk';
  readonly replanAfterMs?: number;
  readonly stabilisationMs?: number;
  readonly waitAtMostMs?: number;
  /** where the API publishes checkpoints; default: nowhere */
  readonly checkpoints?: { readonly project: string; readonly branch: string; readonly folder: string };
  /** changes to the parts of the file, for tests */
  readonly policy?: string;
  readonly inventory?: string;
  /** absolute paths of programs that render; default: none */
  readonly programs?: { readonly kustomize?: string; readonly helm?: string | undefined };
  readonly path?: (world: World, image: string, addresses: Readonly<Record<string, string>>) => string;
}

export interface WrittenInstallation {
  readonly file: string;
  readonly keyRing: string;
  readonly folder: string;
}

/** A stand-in that the installation needs does not run. */
export class MissingStandInError extends Error {
  override readonly name = 'MissingStandInError';
}

/** All secrets are made here, at run time, and stand in files that only this user reads. */
export async function writeInstallation(options: InstallationOptions): Promise<WrittenInstallation> {
  const { world, folder } = options;
  const at = (name: string): string => {
    const address = options.addresses[name];
    if (address === undefined) throw new MissingStandInError(`no stand-in called ${name} is running`);
    return address;
  };
  mkdirSync(join(folder, 'policies'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'paths'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'secrets'), { recursive: true, mode: 0o700 });
  await writeKeySet(join(folder, 'keys'), await generateKeySet());
  const secret = (name: string, value: string): string => {
    writeFileSync(join(folder, 'secrets', name), `${value}\n`, { mode: 0o600 });
    return `secrets/${name}`;
  };
  writeFileSync(join(folder, 'inventory.yaml'), options.inventory ?? inventoryText(world, at('key-vault')));
  writeFileSync(join(folder, 'policies', 'saas.yaml'), options.policy ?? policyText());
  writeFileSync(join(folder, 'policies', 'shop.yaml'), shopPolicyText());
  writeFileSync(
    join(folder, 'paths', 'shop.yaml'),
    options.path === undefined
      ? shopPathText(world, shopImage(at('harbor')))
      : options.path(world, shopImage(at('harbor')), options.addresses),
  );

  const loginOf = (displayName: string) => {
    const { clientId, clientSecret } = entraClientOf(world, displayName);
    return {
      kind: 'token-endpoint',
      tokenUrl: `${at('directory')}/${world.entra.tenantId}/oauth2/v2.0/token`,
      clientId,
      clientSecretFile: secret(`entra-${displayName}`, clientSecret),
    };
  };
  const login = loginOf('gatehouse');
  const [harborUser = { name: '', password: '' }] = world.harbor.users;
  const mail = new URL(at('mailSmtp'));
  const file = join(folder, 'installation.yaml');
  writeFileSync(
    file,
    stringify(
      {
        taskQueuePrefix: options.taskQueuePrefix ?? 'gatehouse',
        timing: options.timing ?? 'standard',
        replanAfterMs: options.replanAfterMs ?? 3_600_000,
        stabilisationMs: options.stabilisationMs ?? 1_000,
        ...(options.waitAtMostMs === undefined ? {} : { waitAtMostMs: options.waitAtMostMs }),
        files: { inventory: 'inventory.yaml', policies: 'policies', paths: 'paths' },
        keys: {
          ring: `keys/${KEY_FILES.ring}`,
          codec: `keys/${KEY_FILES.codec}`,
          decision: `keys/${KEY_FILES.decision}`,
          request: `keys/${KEY_FILES.request}`,
          checkpoint: `keys/${KEY_FILES.checkpoint}`,
        },
        signIn: {
          issuer: at('oidc'),
          audience: 'gatehouse',
          pageClientId: 'gatehouse-page',
          cliClientId: 'gatehouse-cli',
          accountClaim: 'oid',
          personClaim: 'person_id',
          groupsClaim: 'groups',
        },
        page: {
          publicUrl: options.publicUrl,
          sessionSecretFile: `keys/${KEY_FILES.pageSession}`,
          ...(options.temporalUiOrigin === undefined
            ? {}
            : { temporalUiOrigin: options.temporalUiOrigin, temporalUiClientId: TEMPORAL_UI_CLIENT }),
        },
        tickets: { webhookSecretFile: secret('ticket-webhook', world.webhooks.incomingSecret) },
        api: {
          gitlabTokenFile: secret('gitlab-read', world.gitlab.readToken),
          directoryLogin: loginOf('gatehouse-api'),
          machineRequesters: ['ticketing'],
        },
        ...(options.checkpoints === undefined
          ? {}
          : {
              checkpoints: {
                ...options.checkpoints,
                tokenFile: secret('gitlab-checkpoints', world.gitlab.token),
              },
            }),
        notifications: {
          mail: {
            host: mail.hostname,
            port: Number(mail.port),
            security: 'none',
            from: `gatehouse@${world.domain}`,
          },
          webhooks: [
            {
              name: 'tickets',
              url: `${at('tickets')}/hooks/gatehouse`,
              secretFile: secret('outgoing-webhook', world.webhooks.outgoingSecret),
            },
          ],
        },
        systems: {
          otterize: {
            url: `${at('otterize')}/api/rest/v1beta`,
            tokenFile: secret('otterize', world.otterize.users[0]?.token ?? ''),
          },
          directory: { url: `${at('directory')}/v1.0`, login },
          keyVault: {
            login,
            hostSuffixes: ['.localhost'],
            connectTo: '127.0.0.1',
            caFile: at('caFile'),
            verifyChallengeResource: false,
          },
          gitlab: { url: at('gitlab'), tokenFile: secret('gitlab', world.gitlab.token) },
          registry: {
            hosts: [
              {
                host: new URL(at('harbor')).host,
                insecure: true,
                usernameFile: secret('registry-user', harborUser.name),
                passwordFile: secret('registry-password', harborUser.password),
              },
            ],
          },
          harbor: {
            url: at('harbor'),
            usernameFile: 'secrets/registry-user',
            passwordFile: 'secrets/registry-password',
          },
          ...programsOf(options),
          servicenow: {
            url: at('servicenow'),
            usernameFile: secret('servicenow-user', world.servicenow.username),
            passwordFile: secret('servicenow-password', world.servicenow.password),
          },
          checks: {
            hosts: [new URL(at('checks')).origin],
            prometheus: {
              url: `${at('checks')}/prometheus`,
              tokenFile: secret('prometheus', world.checks.prometheusToken),
            },
          },
          kubernetes: {
            connections: [
              {
                name: 'management',
                server: `${at('kubernetes')}/clusters/management`,
                tokenFile: secret('kubernetes-management', world.kubernetes.managementToken),
              },
              ...world.clusters.map((cluster) => ({
                name: cluster.name,
                server: `${at('kubernetes')}/clusters/${cluster.name}`,
                tokenFile: secret(`kubernetes-${cluster.name}`, cluster.kubernetesToken),
              })),
            ],
          },
        },
      },
      { aliasDuplicateObjects: false },
    ),
  );
  return { file, keyRing: join(folder, 'keys', KEY_FILES.ring), folder };
}

function programsOf({ programs = {} }: InstallationOptions) {
  const { kustomize, helm } = programs;
  return {
    ...(kustomize === undefined ? {} : { kustomize: { program: kustomize } }),
    ...(helm === undefined ? {} : { helm: { program: helm } }),
  };
}
