/** The files of the example installation: inventory, policy and fleet, for any number of clusters of the example world. */
import { stringify } from 'yaml';
import { groupOf, type World } from '../world.js';

/** @param keyVaultOrigin origin of the Key Vault stand-in; every vault is a host name of its own there */
export function inventoryText(world: World, keyVaultOrigin: string): string {
  const { port } = new URL(keyVaultOrigin);
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Inventory',
    metadata: { name: 'harbour' },
    spec: {
      clusters: world.clusters.map(({ name, stage }) => ({
        name,
        stage,
        kubernetes: name,
        argocd: 'management',
      })),
      secretStores: [
        { name: 'kv-{cluster}-{stage}', kind: 'azure-key-vault', url: `https://{name}.localhost:${port}` },
      ],
      projects: world.gitlab.projects.map((path) => ({ path, branch: 'main' })),
      services: {
        otterize: [
          {
            project: 'platform/clusters',
            directory: '{cluster}/{stage}',
            key: 'global.otterizeCloud.credentials',
          },
        ],
      },
      groups: Object.fromEntries(world.groups.map((group) => [group.name, group.id])),
      roles: { requesters: ['requesters'], operators: ['operators'], auditors: ['auditors'] },
    },
  });
}

/** Procurement and data protection side by side, as in the job that took four months. */
export function policyText(): string {
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Policy',
    metadata: { name: 'saas' },
    spec: {
      appliesTo: { kind: 'Fleet', service: 'otterize' },
      gates: [
        {
          name: 'procurement',
          approvers: { group: 'procurement', need: 1 },
          evidence: ['contractNumber', 'licences', 'validUntil'],
          remind: '5d',
          deadline: { after: '180d', then: 'reject' },
        },
        { name: 'data-protection', approvers: { group: 'dpo', need: 1 }, evidence: ['assessmentUrl'] },
      ],
    },
  });
}

export interface FleetTextOptions {
  /** default: all clusters of the world */
  readonly clusters?: readonly { readonly name: string; readonly stage: string; readonly adopt?: boolean }[];
  readonly mode?: 'client-id' | 'reference';
  readonly maxInFlight?: number;
  readonly people?: readonly string[];
  readonly groups?: readonly string[];
  readonly name?: string;
}

export function fleetText(world: World, options: FleetTextOptions = {}): string {
  return stringify({
    apiVersion: 'gatehouse/v1',
    kind: 'Fleet',
    metadata: { name: options.name ?? 'otterize' },
    spec: {
      service: 'otterize',
      defaults: {
        vault: 'kv-{cluster}-{stage}',
        values: {
          project: 'platform/clusters',
          file: '{cluster}/{stage}/otterize.yaml',
          mode: options.mode ?? 'client-id',
        },
        application: '{cluster}-{stage}-otterize',
        labels: { team: 'platform' },
        invite: {
          domain: world.domain,
          people: options.people ?? [`ada@${world.domain}`, `dora@${world.domain}`],
          groups: options.groups ?? [groupOf(world, 'platform-oncall').id],
        },
      },
      clusters: (options.clusters ?? world.clusters).map(({ name, stage, ...more }) => ({
        name,
        stage,
        ...('adopt' in more ? { adopt: more.adopt } : {}),
      })),
      rollout: { maxInFlight: options.maxInFlight ?? 25 },
    },
  });
}

/** Evidence that the example approvers give, by gate. */
export function exampleEvidence(gate: string, clusters: number): Readonly<Record<string, string>> {
  return gate === 'procurement'
    ? { contractNumber: 'CTR-2027-042', licences: String(clusters), validUntil: '2029-12-31' }
    : { assessmentUrl: 'https://dpo.example.com/assessments/otterize' };
}
