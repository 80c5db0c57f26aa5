/** What the stand-ins of one stack hold: counted and compared in tests, so that "nothing doubled, nothing lost" is seen. */
import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import { KeyVaultState } from '../../sandbox/key-vault/state.js';
import { OtterizeState } from '../../sandbox/otterize/state.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { Cluster } from './fleets.js';

/** Everything that an onboarded cluster has, counted. */
export interface Found {
  readonly organisations: number;
  readonly environments: number;
  readonly integrations: number;
  readonly invites: number;
  /** e-mails that were invited more than once */
  readonly doubledInvites: number;
  /** the vault holds what the vendor issued */
  readonly secretsInVault: boolean;
  /** the values file in Git names the client id */
  readonly clientIdInGit: boolean;
  /** commits by Gatehouse on that file */
  readonly commits: number;
}

/** What one whole onboarding by the example file leaves: Ada, Dora and the three on call with a mailbox. */
export const WHOLE: Found = {
  organisations: 1,
  environments: 1,
  integrations: 1,
  invites: 5,
  doubledInvites: 0,
  secretsInVault: true,
  clientIdInGit: true,
  commits: 1,
};

const PROJECT = '/api/v4/projects/platform%2Fclusters/repository';
const Commits = Type.Array(
  Type.Object({ id: Type.String(), message: Type.String(), author_name: Type.String() }),
);

export interface WeatherStandIns {
  readonly otterize: ControlClient;
  readonly directory: ControlClient;
  readonly gitlab: ControlClient;
  readonly kubernetes: ControlClient;
  readonly keyVault: ControlClient;
  found(cluster: Cluster): Promise<Found>;
  /** text of a cluster's values file at the head of main */
  valuesOf(cluster: Cluster): Promise<string>;
  /** commits on a cluster's values file, newest first */
  commitsOn(cluster: Cluster): Promise<readonly { readonly message: string; readonly author_name: string }[]>;
  /** objects made, changed or deleted at Otterize whose name or path holds the text */
  effects(at: ControlClient, object: string): Promise<readonly SandboxEvent[]>;
}

export function openStandIns(stack: GatehouseStack): WeatherStandIns {
  const control = (name: string, ca?: string): ControlClient => new ControlClient(stack.address(name), ca);
  const otterize = control('otterize');
  const keyVault = control('key-vault', readFileSync(stack.address('caFile'), 'utf8'));

  const gitlabGet = async (path: string): Promise<string> => {
    const answer = await fetch(`${stack.address('gitlab')}${PROJECT}${path}`, {
      headers: { 'private-token': stack.world.gitlab.token },
    });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
    return answer.text();
  };
  const fileOf = ({ name, stage }: Cluster): string => `${name}/${stage}/otterize.yaml`;
  const valuesOf = (cluster: Cluster): Promise<string> =>
    gitlabGet(`/files/${encodeURIComponent(fileOf(cluster))}/raw?ref=main`);
  const commitsOn = async (cluster: Cluster) => {
    const value: unknown = JSON.parse(
      await gitlabGet(`/commits?ref_name=main&path=${encodeURIComponent(fileOf(cluster))}`),
    );
    if (!Value.Check(Commits, value)) throw new Error('not a list of commits');
    return value;
  };

  return {
    otterize,
    directory: control('directory'),
    gitlab: control('gitlab'),
    kubernetes: control('kubernetes'),
    keyVault,
    valuesOf,
    commitsOn,
    effects: async (at, object) =>
      (await at.events()).filter(
        (event) => event.effect !== undefined && event.object?.includes(object) === true,
      ),
    async found(cluster) {
      const [state, vaults, text, commits] = await Promise.all([
        otterize.objects(OtterizeState),
        keyVault.objects(KeyVaultState),
        valuesOf(cluster),
        commitsOn(cluster),
      ]);
      const name = `${cluster.name}-${cluster.stage}`;
      const ids = state.organizations.filter((one) => one.name === name).map(({ id }) => id);
      const inside = <T extends { readonly organizationId: string }>(list: readonly T[]): readonly T[] =>
        list.filter(({ organizationId }) => ids.includes(organizationId));
      const integrations = inside(state.integrations);
      const invites = inside(state.invites).map(({ email }) => email);
      const vault = vaults.vaults.find((one) => one.name === `kv-${name}`);
      const stored = (secret: string): string | undefined =>
        vault?.secrets.find((one) => one.name === secret && one.deleted === undefined)?.versions.at(-1)
          ?.value;
      const [issued] = integrations;
      return {
        organisations: ids.length,
        environments: inside(state.environments).length,
        integrations: integrations.length,
        invites: invites.length,
        doubledInvites: invites.length - new Set(invites).size,
        secretsInVault:
          issued !== undefined &&
          stored('otterize-cloud-client-id') === issued.clientId &&
          stored('otterize-cloud-client-secret') === issued.clientSecret,
        clientIdInGit: issued !== undefined && text.includes(issued.clientId),
        commits: commits.filter(({ message }) => message.startsWith('Onboard ')).length,
      };
    },
  };
}
